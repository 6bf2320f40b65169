/* config_world.c -- what a script finds: the libraries that touch nothing else, and helpers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "config_parts.h"

struct config *config_self(lua_State *lua) {
    void *context;
    lua_getallocf(lua, &context);
    return context;
}

static int lua_sweep(lua_State *lua) {
    struct config *c = config_self(lua);
    lua_Debug ar;
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (c->calls++)
        return luaL_error(lua, "a second sweep{}; a config holds one, and its lists are its axes");
    if (lua_getstack(lua, 1, &ar) && lua_getinfo(lua, "l", &ar)) c->sweep_line = ar.currentline;
    lua_pushvalue(lua, 1);
    lua_setfield(lua, LUA_REGISTRYINDEX, "sweep");
    return 0;
}

/* pow2(9, 12) is { 512, 1024, 2048, 4096 } */
static int lua_pow2(lua_State *lua) {
    lua_Integer from = luaL_checkinteger(lua, 1), to = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, from >= 0 && from <= 30, 1, "an exponent from 0 to 30");
    luaL_argcheck(lua, to >= from && to <= 30, 2, "an exponent from the first to 30");
    lua_newtable(lua);
    for (lua_Integer e = from; e <= to; e++) {
        lua_pushinteger(lua, (lua_Integer)1 << e);
        lua_rawseti(lua, -2, e - from + 1);
    }
    return 1;
}

/* range(1, 9, 4) is { 1, 5, 9 } */
static int lua_range(lua_State *lua) {
    lua_Number from = luaL_checknumber(lua, 1), to = luaL_checknumber(lua, 2), by = luaL_optnumber(lua, 3, 1);
    luaL_argcheck(lua, by > 0 && (to - from) / by < 10000, 3, "a step above 0, and at most 10000 of them");
    lua_newtable(lua);
    for (int i = 0; i < 10001 && from + i * by <= to * (1 + 1e-12); i++) {
        lua_Number x = from + i * by;
        if (x == floor(x) && fabs(x) < 0x1p53) lua_pushinteger(lua, (lua_Integer)x);
        else lua_pushnumber(lua, x);
        lua_rawseti(lua, -2, i + 1);
    }
    return 1;
}

static int lua_print(lua_State *lua) {
    for (int i = 1, n = lua_gettop(lua); i <= n; i++) {
        fprintf(stderr, "%s%s", i > 1 ? "\t" : "", luaL_tolstring(lua, i, NULL));
        lua_pop(lua, 1);
    }
    fputc('\n', stderr);
    return 0;
}

/* __index of the globals: a name that is not there is an error with a remedy. */
static int lua_unknown(lua_State *lua) {
    static const char *const shut[] = {"os",         "io",      "debug",        "package",
                                       "coroutine",  "require", "load",         "loadfile",
                                       "loadstring", "dofile",  "setmetatable", "collectgarbage"};
    static const char *const open[] = {"sweep", "pow2", "range", "math", "string", "table", "utf8", "print"};
    const char *name = luaL_tolstring(lua, 2, NULL);
    for (size_t i = 0; i < sizeof shut / sizeof *shut; i++)
        if (!strcmp(name, shut[i]))
            return luaL_error(lua,
                              "'%s' is not available: a config describes a sweep and touches nothing else; "
                              "remove the call",
                              name);
    char *help = suggestion(name, open, sizeof open / sizeof *open);
    lua_pushfstring(lua, "'%s' is not defined; %s", name, help);
    free(help);
    luaL_where(lua, 1);
    lua_insert(lua, -2);
    lua_concat(lua, 2);
    return lua_error(lua);
}

void config_furnish(lua_State *lua) {
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},        {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_UTF8LIBNAME, luaopen_utf8},  {NULL, NULL}};
    static const char *const removed[] = {"load",           "loadfile",     "dofile",
                                          "collectgarbage", "getmetatable", "setmetatable",
                                          "rawset",         "rawequal",     "_G"};
    static const luaL_Reg helpers[] = {
        {"sweep", lua_sweep}, {"pow2", lua_pow2}, {"range", lua_range}, {"print", lua_print}, {NULL, NULL}};
    for (const luaL_Reg *l = libraries; l->name; l++) {
        luaL_requiref(lua, l->name, l->func, 1);
        lua_pop(lua, 1);
    }
    /* the same numbers at every evaluation */
    if (luaL_dostring(lua, "math.randomseed(1) math.randomseed = nil string.dump = nil")) lua_pop(lua, 1);
    lua_pushglobaltable(lua);
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, removed[i]);
    }
    luaL_setfuncs(lua, helpers, 0);
    lua_newtable(lua);
    lua_pushcfunction(lua, lua_unknown);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}
