/*
 * command_weights.c -- `attnbench weights`: what the heads of a mechanism attend to, beside exact softmax attention.
 *
 * A child computes, prints and draws, since a variant may crash; the parent tells how that ended.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "child.h"
#include "commands.h"
#include "head_rows.h"
#include "head_stats.h"
#include "heatmap.h"
#include "inputs.h"
#include "machine.h"
#include "param_option.h"
#include "params.h"
#include "position_kinds.h"
#include "problem.h"
#include "results.h"
#include "subject.h"
#include "text.h"
#include "weights_options.h"

enum { USUAL_LENGTH = 256 };

/* ---- what is asked, as a point ------------------------------------------------------------------ */

static void set_shape(const struct weights_options *o, struct attn_problem *p) {
    struct attn_error error;
    *p = (struct attn_problem){.struct_size = sizeof *p, .batch = 1, .heads = o->heads, .kv_heads = o->heads};
    p->dk = p->dv = o->head_size;
    int longest = inputs_longest(o->input, &error);
    if (longest < 0 || inputs_adjust(o->input, p, &error)) die(EXIT_USAGE, "--input: %s", error.text);
    p->nq = p->nk = o->length ? o->length : longest && longest < USUAL_LENGTH ? longest : USUAL_LENGTH;
    p->seed = o->seed;
    if (inputs_suffice(o->input, p, &error))
        die(EXIT_USAGE, "--input, at %d positions: %s", p->nq, error.text);
    if (o->item >= p->batch) die(EXIT_USAGE, "--item %d: the input has %d, from 0 on", o->item, p->batch);
    for (int x = 0; x < o->nchosen; x++)
        if (o->chosen[x] >= p->heads)
            die(EXIT_USAGE, "--head %d: the input has %d, from 0 on", o->chosen[x], p->heads);
}

static struct doc *make_point(const struct weights_options *o, const struct attn_variant *v) {
    struct doc *point = doc_object();
    struct attn_problem p;
    void *params = params_defaults(v);
    for (size_t i = 0; i < o->nsets; i++) param_option(v, params, o->sets[i]);
    set_shape(o, &p);
    doc_put_str(point, "id", v->name);
    doc_put_str(point, "variant", v->name);
    doc_put(point, "params", params_doc(v, params));
    doc_put_num(point, "shape.batch", p.batch);
    doc_put_num(point, "shape.heads", p.heads);
    doc_put_num(point, "shape.kv_heads", p.kv_heads);
    doc_put_num(point, "shape.nq", p.nq);
    doc_put_num(point, "shape.nk", p.nk);
    doc_put_num(point, "shape.dk", p.dk);
    doc_put_num(point, "shape.dv", p.dv);
    doc_put_str(point, "mask", problem_mask_name(o->mask));
    doc_put_num(point, "logits.scale", o->scale ? o->scale : 1 / sqrt(p.dk));
    doc_put_num(point, "seed", (double)o->seed);
    doc_put_num(point, "threads", o->threads ? o->threads : machine_cores());
    doc_put_str(point, "isa", "best");
    doc_put(point, "input", doc_copy(o->input));
    if (o->positions) doc_put(point, "positions", doc_copy(o->positions));
    if (doc_len(o->sources)) doc_put(point, "tensors", doc_copy(o->sources));
    free(params);
    return point;
}

/* ---- the subject -------------------------------------------------------------------------------- */

struct scene { /* inputs, and the variant on them */
    struct attn_problem problem;
    float *q, *k, *v, *bias;
    struct subject subject;
};

static void open_scene(struct scene *s, const struct doc *point, const struct attn_variant *v) {
    struct attn_error error;
    struct attn_problem *p = &s->problem;
    problem_from_point(point, p);
    if (!(v->caps & ATTN_CAP_WEIGHTS))
        die(EXIT_USAGE,
            "%s has no attention rows to be shown: it does not weigh values, or its weights have no "
            "definition",
            v->name);
    void *params = params_from_doc(v, doc_get(point, "params"));
    const struct doc *positions = doc_get(point, "positions");
    if (positions_accept(positions, p, v, 0, &error) || problem_accept(v, p, params, &error))
        die(EXIT_USAGE, "%s", error.text);
    free(params);
    size_t queries = (size_t)p->batch * (size_t)p->heads * (size_t)p->nq,
           keys = (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk;
    s->q = xmalloc(queries * (size_t)p->dk * sizeof *s->q);
    s->k = xmalloc(keys * (size_t)p->dk * sizeof *s->k);
    s->v = xmalloc(keys * (size_t)p->dv * sizeof *s->v);
    if (inputs_fill(doc_get(point, "input"), p, s->q, s->k, s->v, &error))
        die(EXIT_USAGE, "--input: %s", error.text);
    if (positions_turn(positions, p, s->q, s->k, &error)) die(EXIT_USAGE, "--positions: %s", error.text);
    s->bias = xmalloc((positions_bias_count(positions, p) + 1) * sizeof *s->bias);
    struct attn_call call = {.struct_size = sizeof call,
                             .problem = p,
                             .q = problem_packed(s->q, p->heads, p->nq, p->dk),
                             .k = problem_packed(s->k, p->kv_heads, p->nk, p->dk),
                             .v = problem_packed(s->v, p->kv_heads, p->nk, p->dv)};
    call.bias = positions_bias(positions, p, s->bias);
    if (subject_make(&s->subject, point, &call, &error) || subject_create(&s->subject, &error))
        die(EXIT_USAGE, "%s: %s", v->name, error.text);
}

static void close_scene(struct scene *s) {
    subject_free(&s->subject);
    free(s->q), free(s->k), free(s->v), free(s->bias);
}

/* ---- tokens ------------------------------------------------------------------------------------- */

struct tokens {
    char *text, **words;
    int n;
};

static void read_tokens(struct tokens *t, const char *file) {
    *t = (struct tokens){0};
    if (!file) return;
    t->text = read_file(file, NULL);
    if (!t->text) die(EXIT_USAGE, "--tokens %s: %s", file, strerror(errno));
    size_t lines = 1;
    for (const char *c = t->text; *c; c++) lines += *c == '\n';
    t->words = xmalloc(lines * sizeof *t->words);
    char *rest = t->text;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line || rest) t->words[t->n++] = line;
    if (t->n == 0) die(EXIT_USAGE, "--tokens %s: it has no line; one token a line is needed", file);
}

static void free_tokens(struct tokens *t) { free(t->text), free(t->words); }

/* ---- words -------------------------------------------------------------------------------------- */

static void tell_line(const char *what, double softmax, double own, const char *form) {
    printf("  %-28s", what);
    for (int x = 0; x < 2; x++) {
        double value = x ? own : softmax;
        char text[32] = "-";
        if (!isnan(value)) snprintf(text, sizeof text, form, value);
        printf(" %11s", text);
    }
    puts("");
}

static void tell_top(const char *who, const struct head_stats *s, const struct tokens *t) {
    printf("  most weight, %s:", who);
    for (int x = 0; x < s->ntop; x++) {
        printf("%s %d", x ? "," : "", s->top[x]);
        if (s->top[x] < t->n) printf(" '%s'", t->words[s->top[x]]);
        printf(" (%.2g %%)", 100 * s->top_weight[x]);
    }
    puts("");
}

static void tell(int head, const char *name, const struct head_stats *softmax, const struct head_stats *own,
                 const struct tokens *t) {
    char title[32];
    snprintf(title, sizeof title, "head %d", head);
    printf("%-30s %11s %11s\n", title, "softmax", name);
    tell_line("entropy, nats", softmax->entropy, own->entropy, "%.3f");
    tell_line("on its own position, %", 100 * softmax->self, 100 * own->self, "%.1f");
    tell_line("on the one before, %", 100 * softmax->previous, 100 * own->previous, "%.1f");
    tell_line("on the one behind, %", 100 * softmax->next, 100 * own->next, "%.1f");
    tell_line("on the first 4, %", 100 * softmax->first, 100 * own->first, "%.1f");
    tell_line("within 64 positions, %", 100 * softmax->window, 100 * own->window, "%.1f");
    if (own->elsewhere != 0) tell_line("on what is no key, %", 0, 100 * own->elsewhere, "%.1f");
    if (own->negative > 0) tell_line("negative weight, %", 0, 100 * own->negative, "%.1f");
    tell_line("rank of 90 % of the spectrum", softmax->rank90, own->rank90, "%.0f");
    tell_top("softmax", softmax, t);
    tell_top(name, own, t);
    puts("");
}

static struct doc *head_doc(int head, const struct head_stats *softmax, const struct head_stats *own) {
    struct doc *d = doc_object();
    doc_put_num(d, "head", head);
    doc_put(d, "softmax", head_stats_doc(softmax));
    doc_put(d, "own", head_stats_doc(own));
    return d;
}

/* ---- the child ---------------------------------------------------------------------------------- */

/* Folder and name of the pictures; the caller frees both. */
static void split_output(const char *output, char **folder, char **name) {
    const char *slash = strrchr(output, '/'), *base = slash ? slash + 1 : output;
    size_t n = strlen(base);
    struct stat st;
    if (n > 4 && (!strcmp(base + n - 4, ".svg") || !strcmp(base + n - 4, ".png"))) n -= 4;
    if (n == 0) die(EXIT_USAGE, "-o %s: give the pictures a name", output);
    *folder = slash ? format("%.*s", (int)(slash - output + (slash == output)), output) : xstrdup(".");
    *name = format("%.*s", (int)n, base);
    if (stat(*folder, &st) || !S_ISDIR(st.st_mode))
        die(EXIT_USAGE, "-o %s: there is no folder %s; make it first", output, *folder);
    if (strpbrk(*name, "\"'\\$`\n"))
        die(EXIT_USAGE, "-o %s: a name without quotes, $ and backslashes", output);
}

/* NAME.json; -1 after a warning. */
static int write_json(const struct doc *told, const char *folder, const char *name) {
    char *file = format("%s.json", name), *json = doc_text(told, 1), *text = format("%s\n", json);
    int failed = results_write(folder, file, text);
    if (failed) warn("cannot write %s/%s: %s", folder, file, strerror(errno));
    free(file), free(json), free(text);
    return failed;
}

static int show(const struct weights_options *o) {
    const struct attn_variant *v = variant_option(o->variant);
    struct doc *point = make_point(o, v), *all = doc_array();
    struct scene scene = {0};
    struct tokens tokens;
    struct heatmap map = {0};
    char *folder, *name;
    split_output(o->output, &folder, &name);
    for (size_t i = 0; i < doc_len(o->sources); i++) tensor_option(v, doc_key(o->sources, i));
    read_tokens(&tokens, o->tokens);
    open_scene(&scene, point, v);
    int heads = o->nchosen ? o->nchosen : scene.problem.heads;
    for (int x = 0; x < heads; x++) {
        struct head_rows rows;
        struct head_stats softmax, own;
        int h = o->nchosen ? o->chosen[x] : x;
        head_rows_make(&scene.subject, o->item, h, &rows);
        head_stats(rows.softmax, NULL, rows.nq, rows.nk, rows.offset, &softmax);
        head_stats(rows.own, rows.outside, rows.nq, rows.nk, rows.offset, &own);
        if (map.heads < HEATMAP_HEADS) heatmap_add(&map, h, &rows);
        doc_add(all, head_doc(h, &softmax, &own));
        if (!o->json) tell(h, v->name, &softmax, &own, &tokens);
        head_rows_free(&rows);
    }
    char *label = inputs_label(o->input, NULL);
    char *place = positions_label(o->positions);
    char *title =
        format("%s, mask %s, %s%s%sn %d", label, problem_mask_name(o->mask), o->positions ? "positions " : "",
               o->positions ? place : "", o->positions ? ", " : "", scene.problem.nq);
    struct doc *told = doc_object();
    doc_put_str(told, "mechanism", v->name);
    doc_put_str(told, "title", title);
    doc_put(told, "heads", all);
    int failed = heatmap_draw(&map, folder, name, v->name, title, tokens.words, tokens.n);
    if (!failed) failed = write_json(told, folder, name);
    if (o->json) doc_print(told, 1);
    else if (!failed)
        printf("%s/%s.svg and .png: %s%d head%s\n", folder, name, heads > map.heads ? "the first " : "",
               map.heads, map.heads == 1 ? "" : "s");
    free(label), free(place), free(title), free(folder), free(name);
    heatmap_free(&map);
    close_scene(&scene);
    free_tokens(&tokens);
    doc_free(point), doc_free(told);
    return failed ? EXIT_INCOMPLETE : EXIT_FINE;
}

int command_weights_child(int argc, char **argv) {
    struct weights_options o;
    weights_options_parse(argc, argv, &o);
    int code = show(&o);
    weights_options_free(&o);
    return code;
}

/* ---- the parent --------------------------------------------------------------------------------- */

int command_weights(int argc, char **argv) {
    struct weights_options o;
    weights_options_parse(argc, argv, &o);
    const char **arguments = xmalloc(((size_t)argc + 1) * sizeof *arguments);
    memcpy(arguments, argv, ((size_t)argc + 1) * sizeof *arguments);
    arguments[0] = "weights-child";
    child_catch_signals();
    struct child c = {.arguments = arguments,
                      .data = -1,
                      .threads = o.threads ? o.threads : machine_cores(),
                      .pass_output = 1,
                      .with_plugins = 1};
    child_run(&c);
    int code = c.end == CHILD_DONE ? EXIT_FINE : child_failure(&c, "no picture");
    free(arguments);
    weights_options_free(&o);
    return code;
}
