/* config.c -- a config: Lua in a sandbox, evaluated once, as a document. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum {
    MEMORY_CAP = 64 << 20, /* bytes that a script may hold */
    SECONDS = 4,           /* that it may run, unless config_limit() was called */
    DEPTH = 16,            /* of nested tables */
    NAME_ROOM = 64,        /* of a setting's name; doc.h takes no longer ones */
    VALUES_MAX = 100000,   /* in the sweep */
    NAMES_MAX = 1000,      /* in one of its tables */
};
static const double GRACE = 0.5; /* seconds after these, for the script to come to its next instruction */

struct function { /* of the script: that of n, or of blocks */
    int ref, parameters;
    int line; /* where it is defined; 0: not in the file */
};

struct config {
    lua_State *lua;
    size_t memory;       /* that the script holds */
    size_t values, text; /* of the sweep as a document: how many, bytes */
    int told;            /* that its time is over: once is enough */
    const char *path;
    char *source, *question;
    int sweep_line, calls; /* of sweep{} */
    struct doc *made;      /* {sweep} */
    const char *const *sets;
    size_t nsets;
    struct function *functions;
    size_t nfunctions;
};

/* Lua shortens long paths; so it knows the script by a name of ours, which explain() turns into the path. */
#define CHUNK "(config)"

/* The member that makes an object stand for a function: its number. */
#define FUNCTION "$function"

/* ---- limits ------------------------------------------------------------------------------------ */

static volatile sig_atomic_t current_line; /* of the script, kept by the hook for on_alarm() */
static const char *current_path;
static double seconds = SECONDS;

/* One script runs at a time. Its time is over: the hook then ends it at its next instruction, and the process where
   it does not come to one, within a string pattern. */
static lua_State *running;
static volatile sig_atomic_t time_is_over;
static struct timeval time_left; /* in all its calls together */

static struct sigaction signal_before; /* the timer may be somebody else's while no script runs */
static struct itimerval timer_before;

#define STILL_RUNS                                                                           \
    "%.300s:%d: the config still runs after %g seconds; it may only describe a sweep: look " \
    "for an endless loop or a string pattern that backtracks\n"

static void note_line(lua_State *lua, lua_Debug *ar) {
    if (lua_getinfo(lua, "l", ar) && ar->currentline > 0) current_line = ar->currentline;
    if (time_is_over) luaL_error(lua, "the time is over");
}

static void on_alarm(int number) {
    char text[512];
    (void)number;
    if (!time_is_over) {
        time_is_over = 1;
        lua_sethook(running, note_line, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
        return;
    }
    int n = snprintf(text, sizeof text, "attnbench: " STILL_RUNS, current_path, (int)current_line, seconds);
    if (write(STDERR_FILENO, text, (size_t)n) < 0) {}
    _exit(EXIT_USAGE);
}

static struct timeval interval(double x) {
    return (struct timeval){.tv_sec = (time_t)x, .tv_usec = (suseconds_t)((x - floor(x)) * 1e6)};
}

static void start_clock(struct config *c) {
    struct timeval grace = interval(GRACE);
    struct itimerval timer = {.it_value = time_is_over ? grace : time_left, .it_interval = grace};
    struct sigaction ours = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    running = c->lua;
    sigaction(SIGALRM, &ours, &signal_before);
    setitimer(ITIMER_REAL, &timer, &timer_before);
}

static void stop_clock(void) {
    struct itimerval none = {0}, rest;
    setitimer(ITIMER_REAL, &none, &rest);
    time_left = rest.it_value;
    sigaction(SIGALRM, &signal_before, NULL);
    setitimer(ITIMER_REAL, &timer_before, NULL);
}

void config_limit(double most) { seconds = most; }

static void *capped_alloc(void *context, void *old, size_t old_size, size_t size) {
    struct config *c = context;
    if (!old) old_size = 0; /* then it is a type, not a size */
    if (size == 0) {
        free(old);
        c->memory -= old_size;
        return NULL;
    }
    if (size > old_size && c->memory + (size - old_size) > MEMORY_CAP) return NULL;
    void *p = realloc(old, size);
    if (p) c->memory += size - old_size;
    return p;
}

/* ---- the world of a script --------------------------------------------------------------------- */

static struct config *self(lua_State *lua) {
    void *context;
    lua_getallocf(lua, &context);
    return context;
}

static int lua_sweep(lua_State *lua) {
    struct config *c = self(lua);
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

static void furnish(lua_State *lua) {
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

/* ---- tables as documents ----------------------------------------------------------------------- */

static void put_value(lua_State *lua, int at, int depth, struct doc *parent, const char *key);

/* A table or text may stand at many places, and is copied at each. */
static void charge(lua_State *lua, size_t bytes) {
    struct config *c = self(lua);
    c->text += bytes;
    if (c->text > MEMORY_CAP) luaL_error(lua, "more than %d MiB of text in the sweep", MEMORY_CAP >> 20);
    if (++c->values > VALUES_MAX) luaL_error(lua, "more than %d values in the sweep", VALUES_MAX);
}

/* Not ours, and one that a document can hold. */
static void require_name(lua_State *lua, const char *name) {
    if (strlen(name) >= NAME_ROOM || !doc_is_text(name) || strstr(name, FUNCTION))
        luaL_error(lua, "'%s' is no name for a setting; remove it", name);
}

/* The parent owns what is made of a table before its members are there, since each of these may raise an error. */
static struct doc *adopt(struct doc *parent, const char *key, struct doc *child) {
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
        struct doc *array = adopt(parent, key, doc_array());
        for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(lua, at); i++) {
            lua_rawgeti(lua, at, i);
            put_value(lua, lua_gettop(lua), depth + 1, array, NULL);
            lua_pop(lua, 1);
        }
        return;
    }
    struct doc *object = adopt(parent, key, doc_object());
    for (lua_pushnil(lua); lua_next(lua, at); lua_pop(lua, 1)) {
        char name[NAME_ROOM];
        if (lua_type(lua, -2) == LUA_TSTRING) {
            require_name(lua, lua_tostring(lua, -2));
            snprintf(name, sizeof name, "%s", lua_tostring(lua, -2));
        } else snprintf(name, sizeof name, "%.14g", lua_tonumber(lua, -2));
        for (char *dot = name; (dot = strchr(dot, '.'));) *dot = '_'; /* a dot would be a path */
        put_value(lua, lua_gettop(lua), depth + 1, object, name);
        if (doc_len(object) > NAMES_MAX)
            luaL_error(lua, "a table of more than %d names in the sweep", NAMES_MAX);
    }
}

static size_t add_function(lua_State *lua, int at) {
    struct config *c = self(lua);
    lua_Debug ar;
    lua_pushvalue(lua, at);
    lua_getinfo(lua, ">Su", &ar);
    lua_pushvalue(lua, at);
    int ref = luaL_ref(lua, LUA_REGISTRYINDEX);
    c->functions = xrealloc(c->functions, (c->nfunctions + 1) * sizeof *c->functions);
    c->functions[c->nfunctions] =
        (struct function){ref, ar.nparams, strcmp(ar.source, "=" CHUNK) ? 0 : ar.linedefined};
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
    doc_put_num(adopt(parent, key, doc_object()), FUNCTION, (double)lua_tointeger(lua, -1));
    lua_pop(lua, 1);
}

/* Puts the value into an object, or behind the last of an array (key NULL). */
static void put_value(lua_State *lua, int at, int depth, struct doc *parent, const char *key) {
    double x;
    charge(lua, lua_type(lua, at) == LUA_TSTRING ? lua_rawlen(lua, at) : 0);
    switch (lua_type(lua, at)) {
    case LUA_TNUMBER:
        x = lua_tonumber(lua, at);
        if (!isfinite(x)) luaL_error(lua, "a number that is not finite in the sweep");
        adopt(parent, key, doc_number(x));
        break;
    case LUA_TSTRING: adopt(parent, key, doc_string(lua_tostring(lua, at))); break;
    case LUA_TBOOLEAN: adopt(parent, key, doc_bool(lua_toboolean(lua, at))); break;
    case LUA_TTABLE: put_table(lua, at, depth, parent, key); break;
    case LUA_TFUNCTION: put_function(lua, at, parent, key); break;
    default:
        luaL_error(lua, "a %s in the sweep; allowed are numbers, text, tables and functions of n",
                   luaL_typename(lua, at));
    }
}

/* ---- overrides --------------------------------------------------------------------------------- */

/* Pushes the value of an expression, or of a list of them in braces; 0 where it has none. */
static int push_value(lua_State *lua, int braced, const char *text) {
    char *chunk = format(braced ? "return {%s}" : "return %s", text);
    int good = luaL_loadbufferx(lua, chunk, strlen(chunk), "--set", "t") == LUA_OK &&
               lua_pcall(lua, 0, 1, 0) == LUA_OK && !lua_isnil(lua, -1);
    free(chunk);
    if (!good) lua_pop(lua, 1);
    return good;
}

/* "pow2(5, 7)" is an expression; "512,1024" would give its first value only, and is a list. */
static int push_expression(lua_State *lua, const char *text) {
    const char *close = strpbrk(text, ")}");
    int enclosed = close && strcspn(text, "({") < strcspn(text, ",") && close[1] == '\0';
    if (strchr(text, ',') && !enclosed) return push_value(lua, 1, text);
    return push_value(lua, 0, text);
}

static void put_override(lua_State *lua, const char *text, struct doc *sweep, const char *key) {
    if (push_expression(lua, text)) {
        put_value(lua, lua_gettop(lua), 0, sweep, key);
        lua_pop(lua, 1);
        return;
    }
    if (!strchr(text, ',')) {
        doc_put_str(sweep, key, text);
        return;
    }
    struct doc *list = adopt(sweep, key, doc_array());
    char *words = xstrdup(text), *rest = NULL;
    for (char *w = strtok_r(words, ",", &rest); w; w = strtok_r(NULL, ",", &rest))
        doc_add(list, doc_string(w));
    free(words);
}

static void lay_over(lua_State *lua, const struct config *c, struct doc *sweep) {
    for (size_t i = 0; i < c->nsets; i++) {
        const char *equals = strchr(c->sets[i], '=');
        const char *key = lua_pushlstring(lua, c->sets[i], (size_t)(equals - c->sets[i]));
        require_name(lua, key);
        put_override(lua, equals + 1, sweep, key);
        lua_pop(lua, 1);
    }
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* Runs protected: everything that may raise a Lua error. */
static int evaluate(lua_State *lua) {
    struct config *c = self(lua);
    furnish(lua);
    if (luaL_loadbufferx(lua, c->source, strlen(c->source), "=" CHUNK, "t")) return lua_error(lua);
    lua_sethook(lua, note_line, LUA_MASKLINE, 0);
    lua_call(lua, 0, 0);
    if (!c->calls) return 0;
    lua_getfield(lua, LUA_REGISTRYINDEX, "sweep");
    put_value(lua, lua_gettop(lua), 0, c->made, "sweep");
    struct doc *sweep = doc_get(c->made, "sweep");
    if (doc_is_array(sweep) && doc_len(sweep) == 0) /* sweep{} */
        sweep = adopt(c->made, "sweep", doc_object());
    if (!doc_is_object(sweep)) return luaL_error(lua, "sweep takes a table of names, not a list");
    lay_over(lua, c, sweep);
    if (time_is_over) return luaL_error(lua, "the time is over"); /* and somebody caught that */
    return 0;
}

/* The lines of comment that open the file, joined. */
static char *opening_comment(const char *source) {
    struct text t = {0};
    text_append(&t, "", 0);
    while (!strncmp(source, "--", 2) && strncmp(source, "--[[", 4)) {
        size_t n = strcspn(source, "\n");
        const char *from = source + 2;
        while (from < source + n && isspace((unsigned char)*from)) from++;
        text_add(&t, "%s%.*s", t.length ? " " : "", (int)(source + n - from), from);
        source += n + (source[n] == '\n');
    }
    return t.s;
}

/* What Lua says, with places in the file; `place` stands before a message that has none, `after` behind it. */
static void explain(struct config *c, int status, const char *place, const char *after, struct text *errors) {
    const char *message = lua_tostring(c->lua, -1), *chunk;
    if (time_is_over) {
        if (!c->told++) text_add(errors, STILL_RUNS, c->path, (int)current_line, seconds);
        return;
    }
    if (status == LUA_ERRMEM) {
        text_add(errors, "%s:%d: the config takes more than %d MiB of memory; it may only describe a sweep\n",
                 c->path, (int)current_line, MEMORY_CAP >> 20);
        return;
    }
    if (!message) message = "an error without a message";
    if (strncmp(message, CHUNK, strlen(CHUNK))) text_add(errors, "%s", place);
    for (; (chunk = strstr(message, CHUNK)); message = chunk + strlen(CHUNK))
        text_add(errors, "%.*s%s", (int)(chunk - message), message, c->path);
    text_add(errors, "%s%s\n", message, after);
}

/* The same where all that is known is the file. */
static void explain_script(struct config *c, int status, struct text *errors) {
    char *place = format("%s: ", c->path);
    explain(c, status, place, "", errors);
    free(place);
}

struct config *config_open(const char *path, const char *const *sets, size_t nsets, struct text *errors) {
    struct config *c = xmalloc(sizeof *c);
    *c = (struct config){.path = path, .sets = sets, .nsets = nsets, .sweep_line = 1, .made = doc_object()};
    c->source = read_file(path, NULL);
    if (!c->source) {
        text_add(errors, "cannot read %s: %s; 'ls configs' shows the configs that come with the program\n",
                 path, strerror(errno));
        doc_free(c->made);
        free(c);
        return NULL;
    }
    c->question = opening_comment(c->source);
    for (size_t i = 0; i < nsets; i++)
        if (!strchr(sets[i], '=') || sets[i][0] == '=')
            text_add(errors, "--set %s: give it as KEY=VALUE, for example shape.n=512,1024\n", sets[i]);
    c->lua = lua_newstate(capped_alloc, c);
    if (!c->lua) die(EXIT_USAGE, "out of memory for Lua");
    current_path = path;
    current_line = 0;
    time_is_over = 0;
    time_left = interval(seconds);
    start_clock(c);
    lua_pushcfunction(c->lua, evaluate);
    int status = errors->length ? LUA_OK : lua_pcall(c->lua, 0, 0, 0);
    if (status) explain_script(c, status, errors);
    else if (!errors->length && !c->calls)
        text_add(errors,
                 "%s: it never calls sweep{...}; the least is "
                 "sweep { shape = { n = 512 }, variants = { \"flash\" } }\n",
                 path);
    stop_clock();
    if (!errors->length) return c;
    config_close(c);
    return NULL;
}

void config_close(struct config *c) {
    lua_close(c->lua);
    doc_free(c->made);
    free(c->source);
    free(c->question);
    free(c->functions);
    free(c);
}

const struct doc *config_sweep(const struct config *c) { return doc_get(c->made, "sweep"); }
const char *config_question(const struct config *c) { return c->question; }
const char *config_source(const struct config *c) { return c->source; }
int config_is_function(const struct doc *d) { return doc_is_object(d) && doc_get(d, FUNCTION) != NULL; }

/* ---- functions of the script ------------------------------------------------------------------- */

static const struct function *function_of(const struct config *c, const struct doc *d) {
    return &c->functions[doc_int(d, FUNCTION, 0)];
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
    start_clock(c);
    lua_pushcfunction(c->lua, call_function);
    lua_pushinteger(c->lua, function_of(c, function)->ref);
    lua_pushnumber(c->lua, n);
    int status = lua_pcall(c->lua, 2, 1, 0);
    stop_clock();
    if (status) explain_script(c, status, error);
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
        explain(c, status, place, after, error);
    } else
        text_add(error, "%svariants: %s: %s%.80s; allowed are true and false: compare, as in i == j\n", place,
                 variant, call, lua_tostring(c->lua, -1));
    free(place), free(call), free(after);
}

int config_blocks(struct config *c, const struct doc *function, const char *variant, const char *name,
                  int heads, int rows, int columns, unsigned char *map, struct text *error) {
    struct blocks b = {function_of(c, function), heads, rows, columns, map, 0, 0, 0, 0, 0};
    start_clock(c);
    if (b.function->line) current_line = b.function->line;
    lua_pushcfunction(c->lua, ask_all);
    lua_pushlightuserdata(c->lua, &b);
    int status = lua_pcall(c->lua, 1, 0, 0);
    stop_clock();
    if (status || !b.answered) complain_blocks(c, status, &b, variant, name, error);
    if (status) lua_pop(c->lua, 1);
    return status || !b.answered ? -1 : 0;
}

/* ---- places ------------------------------------------------------------------------------------ */

static int is_word(char x) { return isalnum((unsigned char)x) || x == '_'; }

/* Does `word` stand at `at` as key (followed by a single =) or as a string? */
static int matches(const char *source, const char *at, const char *word, int is_key) {
    const char *end = at + strlen(word);
    if (strncmp(at, word, strlen(word))) return 0;
    if (!is_key) return at > source && strchr("\"'", at[-1]) && at[-1] == *end;
    if ((at > source && is_word(at[-1])) || is_word(*end)) return 0;
    end += strspn(end, " \t\"']");
    return *end == '=' && end[1] != '=';
}

char *config_place(const struct config *c, const char *word, int is_key) {
    int line = 1, comment = 0;
    for (const char *at = c->source; *at; at++) {
        if (*at == '\n') line++, comment = 0;
        if (!strncmp(at, "--", 2)) comment = 1;
        if (!comment && line >= c->sweep_line && matches(c->source, at, word, is_key))
            return format("%s:%d: ", c->path, line);
    }
    return format("%s:%d: ", c->path, c->sweep_line);
}
