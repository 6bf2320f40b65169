/* config_tables.c -- tables of a script as documents. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "config_parts.h"

enum {
    DEPTH = 16,          /* of nested tables */
    NAME_ROOM = 64,      /* of a setting's name; doc.h takes no longer ones */
    VALUES_MAX = 100000, /* in the sweep */
    NAMES_MAX = 1000,    /* in one of its tables */
};

/* A table or text may stand at many places, and is copied at each. */
static void charge(lua_State *lua, size_t bytes) {
    struct config *c = config_self(lua);
    c->text += bytes;
    if (c->text > CONFIG_MEMORY)
        luaL_error(lua, "more than %d MiB of text in the sweep", CONFIG_MEMORY >> 20);
    if (++c->values > VALUES_MAX) luaL_error(lua, "more than %d values in the sweep", VALUES_MAX);
}

void config_require_name(lua_State *lua, const char *name) {
    if (strlen(name) >= NAME_ROOM || !doc_is_text(name) || strstr(name, CONFIG_FUNCTION))
        luaL_error(lua, "'%s' is no name for a setting; remove it", name);
}

struct doc *config_adopt(struct doc *parent, const char *key, struct doc *child) {
    if (key) doc_put(parent, key, child);
    else doc_add(parent, child);
    return child;
}

static int is_sequence(lua_State *lua, int at) {
    size_t n = lua_rawlen(lua, at), members = 0;
    for (lua_pushnil(lua); lua_next(lua, at); lua_pop(lua, 1)) members++;
    return members == n;
}

static void put_table(lua_State *lua, int at, int depth, struct doc *parent, const char *key) {
    if (depth > DEPTH) luaL_error(lua, "tables nested more than %d deep", DEPTH);
    luaL_checkstack(lua, 8, NULL);
    if (is_sequence(lua, at)) {
        struct doc *array = config_adopt(parent, key, doc_array());
        for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(lua, at); i++) {
            lua_rawgeti(lua, at, i);
            config_put_value(lua, lua_gettop(lua), depth + 1, array, NULL);
            lua_pop(lua, 1);
        }
        return;
    }
    struct doc *object = config_adopt(parent, key, doc_object());
    for (lua_pushnil(lua); lua_next(lua, at); lua_pop(lua, 1)) {
        char name[NAME_ROOM];
        if (lua_type(lua, -2) == LUA_TSTRING) {
            config_require_name(lua, lua_tostring(lua, -2));
            snprintf(name, sizeof name, "%s", lua_tostring(lua, -2));
        } else snprintf(name, sizeof name, "%.14g", lua_tonumber(lua, -2));
        for (char *dot = name; (dot = strchr(dot, '.'));) *dot = '_'; /* a dot would be a path */
        config_put_value(lua, lua_gettop(lua), depth + 1, object, name);
        if (doc_len(object) > NAMES_MAX)
            luaL_error(lua, "a table of more than %d names in the sweep", NAMES_MAX);
    }
}

static size_t add_function(lua_State *lua, int at) {
    struct config *c = config_self(lua);
    lua_Debug ar;
    lua_pushvalue(lua, at);
    lua_getinfo(lua, ">Su", &ar);
    lua_pushvalue(lua, at);
    int ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    c->functions = xrealloc(c->functions, (c->nfunctions + 1) * sizeof *c->functions);
    c->functions[c->nfunctions] =
        (struct function){ref, ar.nparams, strcmp(ar.source, "=" CONFIG_CHUNK) ? 0 : ar.linedefined};
    return c->nfunctions++;
}

/* Its number, the same wherever the script names the same function. */
static void put_function(lua_State *lua, int at, struct doc *parent, const char *key) {
    lua_pushvalue(lua, at);
    if (lua_rawget(lua, LUA_REGISTRYINDEX) == LUA_TNIL) {
        lua_pop(lua, 1);
        lua_pushinteger(lua, (lua_Integer)add_function(lua, at));
        lua_pushvalue(lua, at);
        lua_pushvalue(lua, -2);
        lua_rawset(lua, LUA_REGISTRYINDEX);
    }
    doc_put_num(config_adopt(parent, key, doc_object()), CONFIG_FUNCTION, (double)lua_tointeger(lua, -1));
    lua_pop(lua, 1);
}

void config_put_value(lua_State *lua, int at, int depth, struct doc *parent, const char *key) {
    double x;
    charge(lua, lua_type(lua, at) == LUA_TSTRING ? lua_rawlen(lua, at) : 0);
    switch (lua_type(lua, at)) {
    case LUA_TNUMBER:
        x = lua_tonumber(lua, at);
        if (!isfinite(x)) luaL_error(lua, "a number that is not finite in the sweep");
        config_adopt(parent, key, doc_number(x));
        break;
    case LUA_TSTRING: config_adopt(parent, key, doc_string(lua_tostring(lua, at))); break;
    case LUA_TBOOLEAN: config_adopt(parent, key, doc_bool(lua_toboolean(lua, at))); break;
    case LUA_TTABLE: put_table(lua, at, depth, parent, key); break;
    case LUA_TFUNCTION: put_function(lua, at, parent, key); break;
    default:
        luaL_error(lua, "a %s in the sweep; allowed are numbers, text, tables and functions of n",
                   luaL_typename(lua, at));
    }
}
