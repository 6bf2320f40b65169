/*
 * fuzz_results.c -- points.jsonl, plan.jsonl and manifest.json, and what fit, compare and report read of them.
 *
 * The bytes are up to four texts with a line "--" between them: points, manifest, plan, and the points of a second
 * run (default: the first) to compare with. Rows that are accepted are the same when they have been written and
 * read again; a run is resumed and gets a row more; and every answer is one that JSON can hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "compare_print.h"
#include "compare_variants.h"
#include "fit.h"
#include "fit_table.h"
#include "fuzz.h"
#include "report.h"
#include "results.h"
#include "rows.h"
#include "same_machine.h"
#include "table.h"

struct part {
    const char *text;
    size_t length;
};

/* Cuts the bytes at lines that are "--". */
static void cut(const char *bytes, size_t size, struct part parts[4]) {
    const char *end = bytes + size, *from = bytes;
    int n = 0;
    for (const char *at = bytes; n < 3 && at + 3 <= end; at++) {
        if (memcmp(at, "--\n", 3) || (at > bytes && at[-1] != '\n')) continue;
        parts[n++] = (struct part){from, (size_t)(at - from)};
        from = at + 3;
    }
    parts[n] = (struct part){from, (size_t)(end - from)};
}

/* The rows, or NULL; accepted rows survive a round. */
static struct doc *rows_of(struct part p) {
    struct text error = {0};
    size_t good, again;
    struct doc *rows = rows_parse("points.jsonl", p.text, p.length, &good, &error);
    HOLDS(rows ? error.length == 0 : error.length > 0);
    free(error.s);
    if (!rows) return NULL;
    HOLDS(good <= p.length);
    char *text = rows_text(rows);
    struct doc *same = rows_parse("points.jsonl", text, strlen(text), &again, &error);
    HOLDS(same && again == strlen(text) && doc_equal(rows, same));
    free(text);
    doc_free(same);
    return rows;
}

/* JSON holds it, and gives it back. */
static void whole(const struct doc *answer) {
    char why[200], *text = doc_text(answer, 1);
    struct doc *same = doc_parse(text, strlen(text), why);
    HOLDS(same != NULL);
    free(text);
    doc_free(same);
}

static void ask_fit(const struct doc *rows) {
    const char *const baselines[] = {NULL, doc_str(doc_at(rows, 0), "label", "full")};
    for (int i = 0; i < 2; i++) {
        struct doc *answers = fit_answers(rows, baselines[i]);
        whole(answers);
        fit_table_print(answers);
        doc_free(answers);
    }
}

static void ask_compare(const struct doc *a, const struct doc *b, const struct doc *manifest) {
    struct doc *c = compare_runs(a, b, 0.05), *refused = doc_array(), *noted = doc_array();
    struct doc *machine = doc_object(), *about = doc_object();
    if (manifest) same_machine(manifest, manifest, refused, noted);
    HOLDS(doc_len(refused) == 0);
    doc_put(machine, "refused", refused);
    doc_put(machine, "noted", noted);
    doc_put(c, "notes", doc_array());
    doc_put(c, "machine", machine);
    doc_put_str(about, "dir", "x");
    doc_put(c, "a", doc_copy(about));
    doc_put(c, "b", about);
    whole(c);
    compare_print(c, 1);
    doc_free(c);
}

static void ask_variants(const struct doc *rows) {
    const char *a = doc_str(doc_at(rows, 0), "label", ""),
               *b = doc_str(doc_at(rows, doc_len(rows) ? doc_len(rows) - 1 : 0), "label", "");
    struct doc *c = compare_variants(rows, a, b, 0.02), *about = doc_object();
    doc_put(c, "notes", doc_array());
    doc_put_str(about, "dir", "x");
    doc_put(c, "a", about);
    whole(c);
    compare_print(c, 0);
    doc_free(c);
}

static void ask_report(const struct doc *rows) {
    char *page = report_page(fuzz_folder(), rows), *csv = table_csv(rows);
    HOLDS(page && csv);
    table_print("?", rows);
    free(page), free(csv);
}

static int was_budgeted(const struct doc *row) {
    return !strcmp(doc_str(row, "status", ""), "skipped_time") && doc_flag(row, "predicted.over_budget");
}

/* Goes on with the run, as --resume does, and adds a row. */
static void resume(const struct doc *rows, const struct doc *points, const struct doc *manifest) {
    struct doc *plan = doc_object(), *row = doc_object(), *now;
    struct results r;
    size_t kept = 0;
    doc_put(plan, "points", doc_copy(points));
    if (doc_get(manifest, "measure")) doc_put(plan, "measure", doc_copy(doc_get(manifest, "measure")));
    if (doc_get(manifest, "plugins")) doc_put(plan, "plugins", doc_copy(doc_get(manifest, "plugins")));
    for (size_t i = 0; i < doc_len(rows); i++) kept += !was_budgeted(doc_at(rows, i));
    doc_put_str(row, "id", "one more");
    results_open(&r, fuzz_folder(), plan, RESULTS_RESUME_MIXED, NULL);
    HOLDS(doc_len(r.rows) == kept);
    HOLDS(!results_add(&r, row) && results_has(&r, "one more"));
    now = results_read(fuzz_folder());
    HOLDS(doc_equal(now, r.rows));
    doc_free(now);
    results_close(&r);
    doc_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"points.jsonl", "manifest.json", "plan.jsonl"};
    struct part parts[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
    cut((const char *)data, size, parts);
    for (int i = 0; i < 3; i++) free(fuzz_file(names[i], parts[i].text, parts[i].length));
    struct doc *rows = rows_of(parts[0]), *plan = rows_of(parts[2]);
    struct doc *other = parts[3].length ? rows_of(parts[3]) : NULL;
    struct doc *manifest = results_manifest(fuzz_folder());
    if (rows) {
        ask_fit(rows);
        ask_compare(rows, other ? other : rows, manifest);
        ask_variants(rows);
        ask_report(rows);
    }
    if (rows && plan) resume(rows, plan, manifest);
    doc_free(rows), doc_free(plan), doc_free(other), doc_free(manifest);
    return 0;
}
