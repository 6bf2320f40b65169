/* config.c -- a config: Lua in a sandbox, evaluated once, as a document. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "config_parts.h"

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
        config_put_value(lua, lua_gettop(lua), 0, sweep, key);
        lua_pop(lua, 1);
        return;
    }
    if (!strchr(text, ',')) {
        doc_put_str(sweep, key, text);
        return;
    }
    struct doc *list = config_adopt(sweep, key, doc_array());
    char *words = xstrdup(text), *rest = NULL;
    for (char *w = strtok_r(words, ",", &rest); w; w = strtok_r(NULL, ",", &rest))
        doc_add(list, doc_string(w));
    free(words);
}

static void lay_over(lua_State *lua, const struct config *c, struct doc *sweep) {
    for (size_t i = 0; i < c->nsets; i++) {
        const char *equals = strchr(c->sets[i], '=');
        const char *key = lua_pushlstring(lua, c->sets[i], (size_t)(equals - c->sets[i]));
        config_require_name(lua, key);
        put_override(lua, equals + 1, sweep, key);
        lua_pop(lua, 1);
    }
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void *capped_alloc(void *context, void *old, size_t old_size, size_t size) {
    struct config *c = context;
    if (!old) old_size = 0; /* then it is a type, not a size */
    if (size == 0) {
        free(old);
        c->memory -= old_size;
        return NULL;
    }
    if (size > old_size && c->memory + (size - old_size) > CONFIG_MEMORY) return NULL;
    void *p = realloc(old, size);
    if (p) c->memory += size - old_size;
    return p;
}

/* Runs protected: everything that may raise a Lua error. */
static int evaluate(lua_State *lua) {
    struct config *c = config_self(lua);
    config_furnish(lua);
    if (luaL_loadbufferx(lua, c->source, strlen(c->source), "=" CONFIG_CHUNK, "t")) return lua_error(lua);
    lua_sethook(lua, config_note_line, LUA_MASKLINE, 0);
    lua_call(lua, 0, 0);
    if (!c->calls) return 0;
    lua_getfield(lua, LUA_REGISTRYINDEX, "sweep");
    config_put_value(lua, lua_gettop(lua), 0, c->made, "sweep");
    struct doc *sweep = doc_get(c->made, "sweep");
    if (doc_is_array(sweep) && doc_len(sweep) == 0) /* sweep{} */
        sweep = config_adopt(c->made, "sweep", doc_object());
    if (!doc_is_object(sweep)) return luaL_error(lua, "sweep takes a table of names, not a list");
    lay_over(lua, c, sweep);
    if (config_clock_is_over()) return luaL_error(lua, "the time is over"); /* and somebody caught that */
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

void config_explain(struct config *c, int status, const char *place, const char *after, struct text *errors) {
    const char *message = lua_tostring(c->lua, -1), *chunk;
    if (config_clock_is_over()) {
        if (!c->told++) config_clock_tell(errors);
        return;
    }
    if (status == LUA_ERRMEM) {
        text_add(errors, "%s:%d: the config takes more than %d MiB of memory; it may only describe a sweep\n",
                 c->path, config_clock_line(), CONFIG_MEMORY >> 20);
        return;
    }
    if (!message) message = "an error without a message";
    if (strncmp(message, CONFIG_CHUNK, strlen(CONFIG_CHUNK))) text_add(errors, "%s", place);
    for (; (chunk = strstr(message, CONFIG_CHUNK)); message = chunk + strlen(CONFIG_CHUNK))
        text_add(errors, "%.*s%s", (int)(chunk - message), message, c->path);
    text_add(errors, "%s%s\n", message, after);
}

void config_explain_script(struct config *c, int status, struct text *errors) {
    char *place = format("%s: ", c->path);
    config_explain(c, status, place, "", errors);
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
    config_clock_reset(path);
    config_clock_start(c);
    lua_pushcfunction(c->lua, evaluate);
    int status = errors->length ? LUA_OK : lua_pcall(c->lua, 0, 0, 0);
    if (status) config_explain_script(c, status, errors);
    else if (!errors->length && !c->calls)
        text_add(errors,
                 "%s: it never calls sweep{...}; the least is "
                 "sweep { shape = { n = 512 }, variants = { \"flash\" } }\n",
                 path);
    config_clock_stop();
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
int config_is_function(const struct doc *d) {
    return doc_is_object(d) && doc_get(d, CONFIG_FUNCTION) != NULL;
}
