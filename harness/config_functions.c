/* config_functions.c -- the functions of a script, called. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "config_parts.h"

static const struct function *function_of(const struct config *c, const struct doc *d) {
    return &c->functions[doc_int(d, CONFIG_FUNCTION, 0)];
}

static int call_function(lua_State *lua) {
    lua_rawgeti(lua, LUA_REGISTRYINDEX, lua_tointeger(lua, 1));
    lua_Number n = lua_tonumber(lua, 2);
    if (n == floor(n)) lua_pushinteger(lua, (lua_Integer)n);
    else lua_pushnumber(lua, n);
    lua_call(lua, 1, 1);
    if (lua_type(lua, -1) != LUA_TNUMBER)
        return luaL_error(lua, "a function of n gave a %s; it must give a number", luaL_typename(lua, -1));
    return 1;
}

int config_call(struct config *c, const struct doc *function, double n, double *result, struct text *error) {
    config_clock_start(c);
    lua_pushcfunction(c->lua, call_function);
    lua_pushinteger(c->lua, function_of(c, function)->ref);
    lua_pushnumber(c->lua, n);
    int status = lua_pcall(c->lua, 2, 1, 0);
    config_clock_stop();
    if (status) config_explain_script(c, status, error);
    else *result = lua_tonumber(c->lua, -1);
    lua_pop(c->lua, 1);
    return status ? -1 : 0;
}

int config_takes_head(const struct config *c, const struct doc *function) {
    return function_of(c, function)->parameters > 3;
}

struct blocks { /* a function being called for each of them */
    const struct function *function;
    int heads, rows, columns;
    unsigned char *map;
    int h, i, j;  /* where it is */
    int asked;    /* it is running, and what is raised is its own */
    int answered; /* it gave true or false at least once */
};

static int refuse_answer(lua_State *lua) {
    const char *shown = luaL_tolstring(lua, -1, NULL);
    switch (lua_type(lua, -2)) {
    case LUA_TNUMBER: lua_pushfstring(lua, " = %s", shown); break;
    case LUA_TSTRING: lua_pushfstring(lua, " = \"%s\"", shown); break;
    default: lua_pushfstring(lua, " = a %s", luaL_typename(lua, -2));
    }
    return lua_error(lua);
}

static void ask(lua_State *lua, struct blocks *b, unsigned char *to) {
    int takes_head = b->function->parameters > 3;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, b->function->ref);
    lua_pushinteger(lua, b->i);
    lua_pushinteger(lua, b->j);
    lua_pushinteger(lua, b->columns);
    if (takes_head) lua_pushinteger(lua, b->h);
    b->asked = 1;
    lua_call(lua, 3 + takes_head, 1);
    b->asked = 0;
    if (!lua_isnil(lua, -1) && !lua_isboolean(lua, -1)) refuse_answer(lua);
    b->answered |= lua_isboolean(lua, -1);
    *to = (unsigned char)lua_toboolean(lua, -1);
    lua_pop(lua, 1);
}

static int ask_all(lua_State *lua) {
    struct blocks *b = lua_touserdata(lua, 1);
    unsigned char *to = b->map;
    for (b->h = 0; b->h < b->heads; b->h++)
        for (b->i = 0; b->i < b->rows; b->i++)
            for (b->j = 0; b->j < b->columns; b->j++) ask(lua, b, to++);
    return 0;
}

/* "pattern(0, 1, 8)": the call that went wrong. */
static char *shown_call(const struct blocks *b, const char *name) {
    char head[16] = "";
    if (b->function->parameters > 3) snprintf(head, sizeof head, ", %d", b->h);
    return format("%s(%d, %d, %d%s)", name, b->i, b->j, b->columns, head);
}

static void complain_blocks(struct config *c, int status, const struct blocks *b, const char *variant,
                            const char *name, struct text *error) {
    char *place =
             b->function->line ? format("%s:%d: ", c->path, b->function->line) : config_place(c, name, 1),
         *call = shown_call(b, name), *after = NULL;
    if (!status)
        text_add(error,
                 "%svariants: %s: %s gave neither true nor false for any block; is its 'return' missing?\n",
                 place, variant, name);
    else if (b->asked || status == LUA_ERRMEM) {
        after = format("; raised in %s of %s, which has to give true or false", call, variant);
        config_explain(c, status, place, after, error);
    } else
        text_add(error, "%svariants: %s: %s%.80s; allowed are true and false: compare, as in i == j\n", place,
                 variant, call, lua_tostring(c->lua, -1));
    free(place), free(call), free(after);
}

int config_blocks(struct config *c, const struct doc *function, const char *variant, const char *name,
                  int heads, int rows, int columns, unsigned char *map, struct text *error) {
    struct blocks b = {function_of(c, function), heads, rows, columns, map, 0, 0, 0, 0, 0};
    config_clock_start(c);
    if (b.function->line) config_clock_stands_at(b.function->line);
    lua_pushcfunction(c->lua, ask_all);
    lua_pushlightuserdata(c->lua, &b);
    int status = lua_pcall(c->lua, 1, 0, 0);
    config_clock_stop();
    if (status || !b.answered) complain_blocks(c, status, &b, variant, name, error);
    if (status) lua_pop(c->lua, 1);
    return status || !b.answered ? -1 : 0;
}
