/* table.c -- what a run found. */
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "colour.h"
#include "front.h"
#include "paragraph.h"
#include "row.h"
#include "row_error.h"
#include "shares.h"
#include "slice.h"
#include "text.h"

/* ---- tables ------------------------------------------------------------------------------------ */

static const char *short_status(const char *status) {
    static const char *const names[][2] = {{"unsupported", "-"},
                                           {"skipped_memory", "no memory"},
                                           {"skipped_time", "too long"},
                                           {"timeout", "timeout"},
                                           {"oom", "oom"},
                                           {"crashed", "crashed"},
                                           {"inaccurate", "WRONG"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(status, names[i][0])) return names[i][1];
    return status;
}

/* One cell: the value shown by `show`, or why there is none. */
static const char *cell(const struct doc *row, double (*value)(const struct doc *),
                        const char *(*show)(double)) {
    if (!row) return "";
    if (!row_is_ok(row)) return short_status(doc_str(row, "status", ""));
    double x = value(row);
    return isnan(x) ? "" : show(x);
}

static const char *show_ns(double ns) { return show_seconds(ns * 1e-9); }

static const char *show_error(double x) {
    static char text[4][16];
    static int next;
    char *t = text[next++ % 4];
    snprintf(t, 16, x == 0 ? "0" : x < 1e-3 ? "%.0e" : "%.3f", x);
    return t;
}

static const char *show_skill(double x) {
    static char text[4][16];
    static int next;
    char *t = text[next++ % 4];
    if (x < -99) snprintf(t, 16, "< -99");
    else snprintf(t, 16, "%.2f", x);
    return t;
}

static const char *show_share(double x) {
    static char text[4][16];
    static int next;
    char *t = text[next++ % 4];
    snprintf(t, 16, "%.0f %%", 100 * x);
    return t;
}

static int width_of(const struct slice *s) {
    int width = 16; /* of "operator's share" */
    for (size_t c = 0; c < s->ncurves; c++)
        if ((int)strlen(s->curves[c].label) > width) width = (int)strlen(s->curves[c].label);
    return width;
}

/* Does any row of the slice have a number at `path`? */
static int has(const struct slice *s, const char *path) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++)
            if (s->curves[c].rows[i] && doc_is_number(doc_get(s->curves[c].rows[i], path))) return 1;
    return 0;
}

/* Heads the columns of the values along the axis. */
static void print_head(const struct slice *s, const char *what) {
    printf("  %-*s", width_of(s), what);
    for (size_t i = 0; i < s->nx; i++) {
        char head[24];
        snprintf(head, sizeof head, "%s=%.10g", s->axis, s->x[i]);
        printf(" %10s", head);
    }
    putchar('\n');
}

/* Does the variant support none of the points? */
static int is_unsupported(const struct curve *c, const struct slice *s) {
    for (size_t i = 0; i < s->nx; i++)
        if (c->rows[i] && strcmp(doc_str(c->rows[i], "status", ""), "unsupported")) return 0;
    return 1;
}

static int has_value(const struct slice *s, double (*value)(const struct doc *)) {
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++)
            if (s->curves[c].rows[i] && !isnan(value(s->curves[c].rows[i]))) return 1;
    return 0;
}

static double time_of(const struct doc *row) { return doc_num(row, "time.median_ns", (double)NAN); }
static double share_of(const struct doc *row) { return doc_num(row, "parts.operator.share", (double)NAN); }
static double error_of(const struct doc *row) { return row_error(row).value; }
static double skill_of(const struct doc *row) { return row_error(row).skill; }
static double scratch_of(const struct doc *row) { return doc_num(row, "memory.scratch_bytes", (double)NAN); }

static const struct metric {
    const char *name;
    double (*value)(const struct doc *);
    const char *(*show)(double);
} metrics[] = {{"time", time_of, show_ns},
               {"operator's share", share_of, show_share},
               {"error", error_of, show_error},
               {"skill", skill_of, show_skill},
               {"scratch", scratch_of, show_bytes}};

static void print_metric(const struct slice *s, const struct metric *m) {
    int width = width_of(s);
    if (!has_value(s, m->value)) return;
    print_head(s, m->name);
    for (size_t c = 0; c < s->ncurves; c++) {
        if (is_unsupported(&s->curves[c], s)) continue;
        printf("  %-*s", width, s->curves[c].label);
        for (size_t i = 0; i < s->nx; i++) {
            putchar(' ');
            colour_word(stdout, 10, cell(s->curves[c].rows[i], m->value, m->show));
        }
        putchar('\n');
    }
}

/* The curves that the tables leave out. */
static void print_unsupported(const struct slice *s) {
    struct text told = {0};
    for (size_t c = 0; c < s->ncurves; c++)
        if (is_unsupported(&s->curves[c], s))
            text_add(&told, "%s%s", told.s ? ", " : "Unsupported here: ", s->curves[c].label);
    paragraph_print_and_free(&told);
}

static const char *show_plain(double x) {
    static char text[16];
    text[0] = '\0';
    if (!isnan(x)) snprintf(text, sizeof text, "%.4g", x);
    return text;
}

/* The value at `path` that any curve has at position i; NaN: none has. */
static double any_at(const struct slice *s, size_t i, const char *path) {
    for (size_t c = 0; c < s->ncurves; c++)
        if (s->curves[c].rows[i] && doc_is_number(doc_get(s->curves[c].rows[i], path)))
            return doc_num(s->curves[c].rows[i], path, 0);
    return (double)NAN;
}

/* What the inputs are like at each position; all curves there have the same. */
static void print_inputs(const struct slice *s) {
    static const char *const lines[][2] = {{"logit deviation", "input.descriptors.logit_sd"},
                                           {"perplexity", "input.descriptors.perplexity"},
                                           {"mass within 64", "input.descriptors.window64_mass"}};
    if (!has(s, lines[0][1])) return;
    print_head(s, "inputs");
    for (size_t l = 0; l < sizeof lines / sizeof *lines; l++) {
        printf("  %-*s", width_of(s), lines[l][0]);
        for (size_t i = 0; i < s->nx; i++) printf(" %10s", show_plain(any_at(s, i, lines[l][1])));
        putchar('\n');
    }
}

/* ---- who overtakes whom ------------------------------------------------------------------------ */

/* The first length from which on x is faster than y wherever both ran, as front.h has it; 0 where never. */
static double faster_from(const struct slice *s, const struct curve *x, const struct curve *y) {
    double from = 0;
    for (size_t i = s->nx; i-- > 0;) {
        struct rival a = rival_of(x->label, x->rows[i]), b = rival_of(y->label, y->rows[i]);
        if (!row_is_ok(x->rows[i]) || !row_is_ok(y->rows[i])) continue;
        if (!rival_is_faster(&a, &b)) break;
        from = s->x[i];
    }
    return from;
}

static int is_kind(const struct curve *c, const struct slice *s, const char *kind) {
    for (size_t i = 0; i < s->nx; i++)
        if (c->rows[i]) return !strcmp(doc_str(c->rows[i], "kind", ""), kind);
    return 0;
}

static void print_crossings(const struct slice *s) {
    for (size_t y = 0; y < s->ncurves; y++) {
        if (!is_kind(&s->curves[y], s, "exact") || !has(s, "time.median_ns")) continue;
        struct text told = {0};
        for (size_t x = 0; x < s->ncurves; x++) {
            double from = x == y || is_kind(&s->curves[x], s, "control")
                              ? 0
                              : faster_from(s, &s->curves[x], &s->curves[y]);
            if (from == 0) continue;
            if (told.s) text_add(&told, ", ");
            else text_add(&told, "Faster than %s: ", s->curves[y].label);
            text_add(&told, "%s from %s = %.10g", s->curves[x].label, s->axis, from);
        }
        paragraph_print_and_free(&told);
    }
}

/* Each reason why rows of the slice have no figures, once, with the first point that shows it. */
static void print_reasons(const struct slice *s) {
    struct text said = {0};
    text_append(&said, "\n", 1);
    for (size_t c = 0; c < s->ncurves; c++)
        for (size_t i = 0; i < s->nx; i++) {
            const struct doc *row = s->curves[c].rows[i];
            if (!row || row_is_ok(row)) continue;
            const char *status = doc_str(row, "status", "");
            char *line = format("\n%s: %s\n", status, doc_str(row, "reason", "no reason given"));
            if (!strstr(said.s, line)) {
                text_add(&said, "%s", line + 1);
                printf("  %s at %s = %.10g, ", s->curves[c].label, s->axis, s->x[i]);
                colour_word(stdout, 0, status);
                fputs(line + 1 + strlen(status), stdout);
            }
            free(line);
        }
    free(said.s);
}

/* Where there are several inputs: each by itself, so that one sees what depends on them. */
static void print_summary(const struct slices *s, const struct doc *rows) {
    const char *first = doc_str(doc_at(rows, 0), "input_label", "");
    int several = 0, judged = 0;
    for (size_t r = 0; r < doc_len(rows); r++) {
        several |= strcmp(doc_str(doc_at(rows, r), "input_label", ""), first) != 0;
        judged |= !isnan(row_error(doc_at(rows, r)).value);
    }
    if (!several || !judged) return;
    advice_summary(s);
}

void table_print(const char *question, const struct doc *rows) {
    struct slices s;
    slices_make(&s, rows);
    if (*question) printf("%s\n", question);
    puts("\nerror: distance to exact softmax attention, relative; of what is drawn from several "
         "seeds the median.\nskill: 1 exact, 0 no better than the mean of V.");
    for (size_t i = 0; i < s.count; i++) {
        printf("\n%s\n", s.all[i].title);
        print_inputs(&s.all[i]);
        for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) print_metric(&s.all[i], &metrics[m]);
        print_unsupported(&s.all[i]);
        if (s.all[i].nx > 1 && !strcmp(s.all[i].axis, "n")) print_crossings(&s.all[i]);
        shares_print(&s.all[i]);
        advice_print(&s.all[i]);
        print_reasons(&s.all[i]);
    }
    print_summary(&s, rows);
    slices_free(&s);
}

/* ---- CSV --------------------------------------------------------------------------------------- */

static const char *const columns[] = {
    "id",
    "status",
    "reason",
    "variant",
    "label",
    "kind",
    "shape.batch",
    "shape.heads",
    "shape.kv_heads",
    "shape.nq",
    "shape.nk",
    "shape.dk",
    "shape.dv",
    "mask",
    "input_label",
    "positions_label",
    "layer.label",
    "input.descriptors.logit_sd",
    "input.descriptors.entropy",
    "input.descriptors.perplexity",
    "input.descriptors.participation",
    "input.descriptors.top8_mass",
    "input.descriptors.window64_mass",
    "input.descriptors.first4_mass",
    "input.descriptors.below_1pct",
    "input.descriptors.rank90",
    "seed",
    "threads",
    "isa",
    "time.median_ns",
    "time.ci_ns.0",
    "time.ci_ns.1",
    "time.mad_ns",
    "time.min_ns",
    "time.setup_ns",
    "parts.project_in.median_ns",
    "parts.operator.median_ns",
    "parts.project_out.median_ns",
    "parts.operator.share",
    "memory.state_bytes",
    "memory.scratch_bytes",
    "memory.arena_peak_bytes",
    "memory.hwm_bytes",
    "flops",
    "bytes",
    "gflops",
    "peak_fraction",
    "roofline_fraction",
    "accuracy.definition.rel_fro",
    "accuracy.definition.bound",
    "accuracy.softmax.rel_fro",
    "accuracy.softmax.skill",
    "accuracy.softmax.max_abs",
    "accuracy.softmax.cosine_mean",
    "accuracy.softmax.nmse",
    "accuracy.softmax.cosine_p01",
    "accuracy.softmax.tv_mean",
    "accuracy.softmax.kl",
    "accuracy.softmax.captured_mass",
    "accuracy.softmax.negative_mass",
    "accuracy.softmax.row_sum_error",
    "accuracy.softmax.clamped",
    "accuracy.oracle.rel_fro",
    "accuracy.seeds.n",
    "accuracy.seeds.mean",
    "accuracy.seeds.sd",
    "accuracy.seeds.bias2",
    "accuracy.seeds.variance",
};

/* The member of a path whose last name may be an index into an array. */
static const struct doc *field(const struct doc *row, const char *path) {
    size_t n = strlen(path);
    if (n < 3 || path[n - 2] != '.' || path[n - 1] < '0' || path[n - 1] > '9') return doc_get(row, path);
    char *array = format("%.*s", (int)n - 2, path);
    const struct doc *x = doc_at(doc_get(row, array), (size_t)(path[n - 1] - '0'));
    free(array);
    return x;
}

static void add_cell(struct text *t, const struct doc *x) {
    const char *word = doc_as_str(x);
    if (doc_is_number(x)) text_add(t, "%.17g", doc_as_num(x));
    if (!word) return;
    if (strpbrk(word, ",\"\n")) text_add_quoted(t, word);
    else text_add(t, "%s", word);
}

char *table_csv(const struct doc *rows) {
    enum { COLUMNS = sizeof columns / sizeof *columns };
    struct text t = {0};
    for (size_t c = 0; c < COLUMNS; c++) text_add(&t, "%s%s", c ? "," : "", columns[c]);
    text_add(&t, "\n");
    for (size_t r = 0; r < doc_len(rows); r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            if (c) text_add(&t, ",");
            add_cell(&t, field(doc_at(rows, r), columns[c]));
        }
        text_add(&t, "\n");
    }
    return t.s;
}
