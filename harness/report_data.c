/* report_data.c -- what the page of a run shows, as one document. */
#include "report_data.h"

#include <stdlib.h>
#include <string.h>

#include "manifest.h"
#include "published.h"
#include "report_weights.h"
#include "results.h"
#include "row_error.h"
#include "slice.h"
#include "text.h"

/* What the page shows of a row. Samples would be most of its size and are in points.jsonl. */
static const char *const shown[] = {
    "id",
    "status",
    "reason",
    "variant",
    "label",
    "kind",
    "plugin",
    "shape",
    "mask",
    "input_label",
    "positions_label",
    "layer.label",
    "seed",
    "threads",
    "isa",
    "flags",
    "repro",
    "time.median_ns",
    "time.ci_ns",
    "time.replicates",
    "time.beside.label",
    "time.beside.ratio",
    "time.beside.ci",
    "time.aa",
    "parts.operator.share",
    "memory.state_bytes",
    "memory.scratch_bytes",
    "memory.hwm_bytes",
    "accuracy.softmax.rel_fro",
    "accuracy.softmax.skill",
    "peak_fraction",
};

/* What a choice adds to the table: the attention rows, the seeds, what the inputs are like. */
static const char *const details[] = {
    "accuracy.softmax.tv_mean",
    "accuracy.softmax.kl",
    "accuracy.softmax.captured_mass",
    "accuracy.softmax.topk_recall",
    "accuracy.softmax.negative_mass",
    "accuracy.softmax.clamped",
    "accuracy.oracle.rel_fro",
    "accuracy.seeds.n",
    "accuracy.seeds.sd",
    "input.descriptors",
};

/* The error that counts where a row has several. */
static void put_error(struct doc *some, const struct doc *row) {
    struct row_error e = row_error(row);
    if (!(e.low < e.high)) return;
    doc_put_num(some, "error.value", e.value);
    doc_put_num(some, "error.low", e.low);
    doc_put_num(some, "error.high", e.high);
    doc_put_num(some, "error.skill", e.skill);
}

static struct doc *trimmed(const struct doc *row) {
    struct doc *some = doc_object();
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (doc_get(row, shown[i])) doc_put(some, shown[i], doc_copy(doc_get(row, shown[i])));
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (doc_get(row, details[i])) doc_put(some, details[i], doc_copy(doc_get(row, details[i])));
    put_error(some, row);
    return some;
}

static struct doc *trimmed_rows(const struct doc *rows) {
    struct doc *all = doc_array();
    for (size_t r = 0; r < doc_len(rows); r++) doc_add(all, trimmed(doc_at(rows, r)));
    return all;
}

/* The picture WHAT-SLUG.svg of the folder, where it was drawn. */
static void add_picture(struct doc *pictures, const char *dir, const char *what, const struct slice *s) {
    char *path = format("%s/plots/%s-%s.svg", dir, what, s->slug), *svg = read_file(path, NULL);
    if (svg) {
        struct doc *picture = doc_object();
        doc_put_str(picture, "what", what);
        doc_put_str(picture, "slice", s->title);
        doc_put_str(picture, "svg", svg);
        doc_add(pictures, picture);
    }
    free(svg);
    free(path);
}

static struct doc *pictures_of(const char *dir, const struct doc *rows) {
    static const char *const what[] = {"time", "parts", "memory", "error", "tradeoff", "settings", "spread"};
    struct doc *pictures = doc_array();
    struct slices s;
    slices_make(&s, rows);
    for (size_t m = 0; m < sizeof what / sizeof *what; m++)
        for (size_t i = 0; i < s.count; i++) add_picture(pictures, dir, what[m], &s.all[i]);
    slices_free(&s);
    return pictures;
}

/* The last name of the folder's path, for a run without a manifest. */
static char *name_of(const char *dir) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') n--;
    const char *from = dir + n;
    while (from > dir && from[-1] != '/') from--;
    return format("%.*s", (int)(dir + n - from), from);
}

struct doc *report_data(const char *dir, const struct doc *rows, const struct doc *answers) {
    struct doc *data = doc_object(), *manifest = results_manifest(dir);
    char *name = name_of(dir);
    doc_put_str(data, "name", doc_str(manifest, "name", name));
    doc_put_str(data, "folder", dir);
    doc_put_str(data, "program", build_version());
    struct doc *published =
        published_judge(doc_get(manifest, "published"), doc_get(manifest, "absent"), rows);
    doc_put(data, "manifest", manifest ? manifest : doc_object());
    doc_put(data, "answers", doc_copy(answers));
    if (published) doc_put(data, "answers.published", published);
    doc_put(data, "pictures", pictures_of(dir, rows));
    doc_put(data, "weights", report_weights(dir));
    doc_put(data, "rows", trimmed_rows(rows));
    free(name);
    return data;
}
