/*
 * fuzz_config.c -- configs: Lua to a plan.
 *
 * The bytes are a config; lines "--set KEY=VALUE" on top of it, comments to Lua, are overrides as on a command line.
 * Beside it lies qkv.safetensors. A config that is refused says why; a plan has points that are all complete and all
 * different, and is the same after a journey as text. A script has a tenth of a second; one that does not come out
 * of a function of C by then ends its process, as it promises, and is therefore tried in another one first.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"
#include "idset.h"
#include "params.h"
#include "plan.h"
#include "problem.h"
#include "registry.h"

enum { SETS_MAX = 4 };
static const double POINTS_MAX = 2000, LENGTH_MAX = 1 << 16; /* more is more of the same, and takes seconds */

/* Takes the lines "--set ..." from the top; they are cut out of `text`. */
static size_t take_sets(char *text, const char *sets[SETS_MAX]) {
    size_t n = 0;
    for (char *end; n < SETS_MAX && !strncmp(text, "--set ", 6) && (end = strchr(text, '\n'));
         text = end + 1) {
        sets[n++] = text + 6;
        *end = '\0';
    }
    return n;
}

/* What the lists in it multiply to, at most. */
static double product(const struct doc *d) {
    double x = doc_is_array(d) ? fmax(1, (double)doc_len(d)) : 1;
    for (size_t i = 0; i < doc_len(d) && x <= POINTS_MAX; i++) x *= product(doc_at(d, i));
    return x;
}

static double longest(const struct doc *shape) {
    static const char *const names[] = {"n", "nq", "nk"};
    double most = 0;
    for (int i = 0; i < 3; i++) {
        const struct doc *x = doc_get(shape, names[i]);
        most = fmax(most, doc_is_number(x) ? doc_as_num(x) : 0);
        for (size_t n = 0; n < doc_len(x); n++) most = fmax(most, doc_as_num(doc_at(x, n)));
    }
    return most;
}

static void explained(const struct text *errors) {
    HOLDS(errors->length > 0 && errors->s[errors->length - 1] == '\n');
    HOLDS(strlen(errors->s) == errors->length);
}

static int is_small(const struct run_options *o) {
    struct text errors = {0};
    struct config *c = config_open(o->config, o->sets, o->nsets, &errors);
    int small = c && product(config_sweep(c)) <= POINTS_MAX &&
                longest(doc_get(config_sweep(c), "shape")) <= LENGTH_MAX;
    if (c) config_close(c);
    else explained(&errors);
    free(errors.s);
    return small;
}

static void complete(const struct doc *point) {
    static const char *const numbers[] = {"need.state_bytes",   "need.scratch_bytes", "need.inputs_bytes",
                                          "need.outputs_bytes", "cost.flops",         "cost.bytes"};
    const struct attn_variant *v = registry_find(doc_str(point, "variant", ""));
    struct attn_problem p;
    HOLDS(v != NULL);
    HOLDS(*doc_str(point, "label", "") && *doc_str(point, "input_label", "") && *doc_str(point, "isa", ""));
    HOLDS(*doc_str(point, "input.family", ""));
    free(params_from_doc(v, doc_get(point, "params")));
    problem_from_point(point, &p);
    HOLDS(p.batch >= 1 && p.heads >= 1 && p.kv_heads >= 1 && p.heads % p.kv_heads == 0);
    HOLDS(p.nq >= 1 && p.nk >= 1 && p.dk >= 1 && p.dv >= 1 && p.threads >= 1);
    HOLDS((int)p.mask >= 0 && isfinite(p.scale) && p.scale > 0 && isfinite(p.softcap));
    if (doc_get(point, "status")) {
        HOLDS(!strcmp(doc_str(point, "status", ""), "unsupported") && *doc_str(point, "reason", ""));
        return;
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) HOLDS(doc_num(point, numbers[i], -1) >= 0);
}

static void check(const struct doc *plan) {
    const struct doc *points = doc_get(plan, "points");
    struct idset ids = {0};
    char why[200], *text = doc_text(plan, 0);
    struct doc *same = doc_parse(text, strlen(text), why);
    HOLDS(doc_len(points) > 0);
    for (size_t i = 0; i < doc_len(points); i++) {
        const char *id = doc_str(doc_at(points, i), "id", "");
        HOLDS(*id && idset_add(&ids, id));
        complete(doc_at(points, i));
    }
    HOLDS(doc_equal(plan, same));
    doc_free(same);
    idset_free(&ids);
    free(text);
}

static void run(const struct run_options *o) {
    struct text errors = {0};
    struct doc *plan = is_small(o) ? plan_build(o, &errors) : NULL;
    if (plan) check(plan);
    else if (errors.s) explained(&errors);
    doc_free(plan);
    free(errors.s);
}

/* Does it end a process by running too long? Only what names a function that may take for ever is tried. */
static int runs_too_long(const struct run_options *o, const char *text) {
    static const char *const words[] = {"find", "match", "gsub", "rep", "move", "xpcall"};
    size_t i = 0, n = sizeof words / sizeof *words;
    int status;
    while (i < n && !strstr(text, words[i])) i++;
    if (i == n) return 0;
    pid_t child = fork();
    if (child == 0) {
        run(o);
        _exit(EXIT_FINE);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE;
}

/* q, k and v of [1, 2, 4, 4], all zero. */
static void write_tensors(void) {
    char file[8 + 256 + 128] = {0};
    int n = 0;
    for (int i = 0; i < 3; i++)
        n += snprintf(file + 8 + n, 256,
                      "%s\"%c\":{\"dtype\":\"F32\",\"shape\":[1,2,4,4],\"data_offsets\":[0,128]}",
                      i ? "," : "{", "qkv"[i]);
    n += snprintf(file + 8 + n, 256, "}");
    file[0] = (char)(n & 255), file[1] = (char)(n >> 8);
    free(fuzz_file("qkv.safetensors", file, 8 + (size_t)n + 128));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int ready;
    const char *sets[SETS_MAX];
    struct text text = {0};
    if (!ready++) write_tensors();
    config_limit(0.1);
    text_append(&text, (const char *)data, size);
    char *path = fuzz_file("x.lua", data, size);
    struct run_options o = {.config = path, .sets = sets, .nsets = take_sets(text.s, sets), .seed = -1};
    if (!runs_too_long(&o, text.s)) run(&o);
    free(text.s), free(path);
    return 0;
}
