/* row.c -- one row of points.jsonl. */
#include "row.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats.h"
#include "text.h"

/* The id as a regular expression that matches it alone, in single quotes. */
static char *exactly(const char *id) {
    struct text t = {0};
    text_add(&t, "'^");
    for (; *id; id++)
        if (*id == '\'') text_add(&t, ".");
        else text_add(&t, strchr("^$.[]|()*+?{}\\", *id) ? "\\%c" : "%c", *id);
    text_add(&t, "$'");
    return t.s;
}

/* Where the tensors come from. What a map holds is long and stands in the plan; its digest tells it. */
static struct doc *sources_of(const struct doc *point) {
    struct doc *sources = doc_copy(doc_get(point, "tensors"));
    for (size_t t = 0; t < doc_len(sources); t++)
        if (doc_is_object(doc_at(sources, t))) doc_drop(doc_at(sources, t), "blocks");
    return sources;
}

struct doc *row_begin(const struct doc *point, const char *command) {
    static const char *const copied[] = {
        "variant",   "label",           "kind", "family",  "params", "shape",  "mask",   "logits",
        "input",     "input_label",     "seed", "threads", "isa",    "growth", "plugin", "cache",
        "positions", "positions_label", "layer"};
    struct doc *row = doc_object();
    char *filter = exactly(doc_str(point, "id", "")),
         *repro = format("%s --filter %s -o results/repro --overwrite", command, filter);
    doc_put_num(row, "schema", 1);
    doc_put_str(row, "id", doc_str(point, "id", ""));
    doc_put_str(row, "status", "ok");
    doc_put_str(row, "reason", NULL);
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++)
        if (doc_get(point, copied[i])) doc_put(row, copied[i], doc_copy(doc_get(point, copied[i])));
    if (doc_get(point, "tensors")) doc_put(row, "tensors", sources_of(point));
    if (doc_get(point, "layer")) doc_drop(row, "growth"); /* a sum of parts is no power of n */
    doc_put_num(row, "flops", doc_num(point, "cost.flops", 0));
    doc_put_num(row, "bytes", doc_num(point, "cost.bytes", 0));
    doc_put(row, "flags", doc_array());
    doc_put_str(row, "repro", repro);
    free(filter);
    free(repro);
    if (doc_get(point, "status")) row_status(row, doc_str(point, "status", ""), doc_str(point, "reason", ""));
    return row;
}

int row_is_ok(const struct doc *row) { return row && !strcmp(doc_str(row, "status", ""), "ok"); }

void row_status(struct doc *row, const char *status, const char *reason) {
    doc_put_str(row, "status", status);
    doc_put_str(row, "reason", reason);
}

void row_flag(struct doc *row, const char *flag) {
    struct doc *flags = doc_get(row, "flags");
    if (!doc_has_word(flags, flag)) doc_add(flags, doc_string(flag));
}

void row_described(struct doc *row, const struct doc *descriptors) {
    doc_put(row, "input.descriptors", doc_copy(descriptors));
}

/* More resident memory than declared, beyond what a first call costs anyway (stacks, libraries, pages). */
static int undeclared(const struct doc *probe) {
    const double slack = 8 << 20;
    double declared = doc_num(probe, "memory.state_bytes", 0) + doc_num(probe, "memory.scratch_bytes", 0);
    return doc_num(probe, "memory.hwm_bytes", 0) > declared * 1.1 + slack;
}

/* `judged` has rel_fro, bound and whether the one is within the other. */
static void hold(struct doc *row, const struct doc *judged, const char *what, const char *from) {
    if (!judged || doc_flag(judged, "within")) return;
    char *reason = format("%s %.3g from %s; the bound is %.3g", what,
                          doc_num(judged, "rel_fro", (double)INFINITY), from, doc_num(judged, "bound", 0));
    row_status(row, "inaccurate", reason);
    free(reason);
}

void row_probed(struct doc *row, const struct doc *probe, const struct doc *what) {
    doc_put_str(row, "isa", doc_str(probe, "isa", "best"));
    doc_put_num(row, "flops", doc_num(probe, "cost.flops", 0));
    doc_put_num(row, "bytes", doc_num(probe, "cost.bytes", 0));
    if (doc_get(probe, "parts")) doc_put(row, "parts", doc_copy(doc_get(probe, "parts")));
    if (doc_has_word(what, "memory")) {
        doc_put(row, "memory", doc_copy(doc_get(probe, "memory")));
        if (undeclared(probe)) row_flag(row, "undeclared_memory");
    }
    if (!doc_get(probe, "accuracy")) return;
    doc_put(row, "accuracy", doc_copy(doc_get(probe, "accuracy")));
    hold(row, doc_get(probe, "accuracy.projections"), "projections", "their definition");
    hold(row, doc_get(probe, "accuracy.definition"), "error", "its own definition");
}

double row_process_median(const struct doc *samples) {
    const struct doc *disturbed = doc_get(samples, "disturbed");
    size_t n, kept = 0;
    double *all = doc_numbers(doc_get(samples, "ns"), &n), *x = xmalloc((n + 1) * sizeof *x), median;
    for (size_t i = 0; i < n; i++)
        if (!(doc_as_num(doc_at(disturbed, i)) > 0)) x[kept++] = all[i];
    median = kept >= 2 || (kept > 0 && 3 * kept >= n) ? stats_median(x, kept) : stats_median(all, n);
    free(all), free(x);
    return median;
}

/* The statistics of samples into `time`; how many there are. */
static size_t put_times(struct doc *time, const struct doc *replicates) {
    struct doc *medians = doc_array(), *samples = doc_array(), *disturbed = doc_array();
    size_t n, m;
    for (size_t r = 0; r < doc_len(replicates); r++) {
        const struct doc *process = doc_at(replicates, r), *flags = doc_get(process, "disturbed");
        double *x = doc_numbers(doc_get(process, "ns"), &n);
        doc_add(medians, doc_number(row_process_median(process)));
        for (size_t i = 0; i < n; i++) {
            if (doc_as_num(doc_at(flags, i)) > 0) doc_add(disturbed, doc_number((double)doc_len(samples)));
            doc_add(samples, doc_number(x[i]));
        }
        free(x);
    }
    double *middle = doc_numbers(medians, &m), *all = doc_numbers(samples, &n);
    doc_put_num(time, "median_ns", stats_median(middle, m));
    doc_put(time, "ci_ns", doc_pair(stats_min(middle, m), stats_max(middle, m)));
    doc_put_num(time, "ci_confidence", stats_range_confidence(m));
    doc_put_num(time, "mad_ns", stats_mad(all, n));
    doc_put_num(time, "min_ns", stats_min(all, n));
    doc_put(time, "process_medians_ns", medians);
    doc_put(time, "samples_ns", samples);
    doc_put(time, "disturbed.samples", disturbed);
    doc_put_num(time, "replicates", (double)m);
    free(middle);
    free(all);
    return n;
}

void row_timed(struct doc *row, const struct doc *replicates, double setup_ns, int single) {
    size_t m = doc_len(replicates), n;
    doc_put(row, "time", doc_object());
    n = put_times(doc_get(row, "time"), replicates);
    doc_put_num(row, "time.setup_ns", setup_ns);
    doc_put_str(row, "time.stop", single ? "one call" : n >= 20 * m ? "samples" : "share of seconds");
    if (single) row_flag(row, "single_sample");
    if (m < 6) row_flag(row, "interval_below_95_percent");
}

/* What share the part has of all parts in each process; and of all, the median and the range. */
static void put_share(struct doc *part, const struct doc *parts) {
    size_t n, m;
    double *own = doc_numbers(doc_get(part, "process_medians_ns"), &n), *all = xmalloc((n + 1) * sizeof *all);
    for (size_t r = 0; r < n; r++) all[r] = 0;
    for (size_t x = 0; x < doc_len(parts); x++) {
        double *other = doc_numbers(doc_get(doc_at(parts, x), "process_medians_ns"), &m);
        for (size_t r = 0; r < n && r < m; r++) all[r] += other[r];
        free(other);
    }
    for (size_t r = 0; r < n; r++) own[r] /= all[r];
    doc_put_num(part, "share", stats_median(own, n));
    doc_put(part, "share_ci", doc_pair(stats_min(own, n), stats_max(own, n)));
    free(own), free(all);
}

void row_parts_timed(struct doc *row, const struct doc *samples) {
    struct doc *parts = doc_get(row, "parts");
    double all = 0;
    for (size_t x = 0; x < doc_len(parts); x++) {
        const struct doc *replicates = doc_get(samples, doc_key(parts, x));
        if (!replicates) return; /* not timed */
        put_times(doc_at(parts, x), replicates);
        all += doc_num(doc_at(parts, x), "median_ns", 0);
    }
    for (size_t x = 0; x < doc_len(parts); x++) put_share(doc_at(parts, x), parts);
    if (parts) doc_put_num(row, "time.parts_over_whole", all / doc_num(row, "time.median_ns", 1));
}

void row_disturbed(struct doc *row, int repeated) {
    size_t kept = doc_len(doc_get(row, "time.disturbed.samples"));
    doc_put_num(row, "time.disturbed.repeated", repeated);
    doc_put_num(row, "time.disturbed.kept", (double)kept);
    if (4 * kept > doc_len(doc_get(row, "time.samples_ns"))) row_flag(row, "disturbed");
}

/* The peak is the best of some readings: a neighbour makes them less, nothing makes them more. */
void row_sentinel(struct doc *row, const struct doc *processes) {
    const double drift = 0.05;
    const size_t rounds_min = 6; /* a third of them is more than one reading */
    size_t n = doc_len(processes), up = 0, down = 0, m;
    double *first = xmalloc((n + 1) * sizeof *first), *last = xmalloc((n + 1) * sizeof *last),
           *least = xmalloc((n + 1) * sizeof *least);
    for (size_t r = 0; r < n; r++) {
        double *x = doc_numbers(doc_at(processes, r), &m);
        size_t third = m < 3 ? m : m / 3;
        first[r] = stats_max(x, third), last[r] = stats_max(x + m - third, third), least[r] = stats_min(x, m);
        up += m >= rounds_min && last[r] > first[r] * (1 + drift);
        down += m >= rounds_min && last[r] * (1 + drift) < first[r];
        free(x);
    }
    doc_put_num(row, "time.sentinel.first", stats_median(first, n));
    doc_put_num(row, "time.sentinel.last", stats_median(last, n));
    doc_put_num(row, "time.sentinel.min", stats_min(least, n));
    if (2 * up > n || 2 * down > n) row_flag(row, "drift");
    free(first), free(last), free(least);
}

void row_grown(struct doc *row, double bytes) {
    const double slack = 16 << 20; /* huge pages, which are touched as a whole, and what BLAS packs into */
    if (!doc_get(row, "memory")) return;
    if (bytes < 0) doc_put_str(row, "memory.timed_hwm_bytes", NULL);
    else doc_put_num(row, "memory.timed_hwm_bytes", bytes);
    if (bytes > doc_num(row, "memory.state_bytes", 0) * 1.1 + slack) row_flag(row, "undeclared_memory");
}

void row_twins(struct doc *row, const char *label, const struct doc *ratios) {
    doc_put_str(row, "time.aa.label", label);
    doc_put(row, "time.aa.process_ratios", doc_copy(ratios));
}

void row_beside(struct doc *row, const char *baseline, const struct doc *medians) {
    const struct doc *own = doc_get(row, "time.process_medians_ns");
    struct doc *ratios = doc_array();
    size_t n;
    for (size_t r = 0; r < doc_len(own) && r < doc_len(medians); r++)
        doc_add(ratios, doc_number(doc_as_num(doc_at(own, r)) / doc_as_num(doc_at(medians, r))));
    double *x = doc_numbers(ratios, &n);
    doc_put_str(row, "time.beside.label", baseline);
    doc_put_num(row, "time.beside.ratio", stats_median(x, n));
    doc_put(row, "time.beside.ci", doc_pair(stats_min(x, n), stats_max(x, n)));
    doc_put(row, "time.beside.process_ratios", ratios);
    free(x);
}

void row_ceilings(struct doc *row, double fma_flops, double read_bytes) {
    double ns = doc_num(row, "time.median_ns", 0), flops = doc_num(row, "flops", 0);
    double bytes = doc_num(row, "bytes", 0), least = 0;
    if (!(ns > 0)) return;
    doc_put_num(row, "gflops", flops / ns);
    struct doc *parts = doc_get(row, "parts");
    for (size_t x = 0; x < doc_len(parts) && fma_flops > 0; x++) {
        struct doc *part = doc_at(parts, x);
        double seconds = doc_num(part, "median_ns", 0) * 1e-9;
        if (seconds > 0) doc_put_num(part, "peak_fraction", doc_num(part, "flops", 0) / seconds / fma_flops);
    }
    if (fma_flops > 0) {
        doc_put_num(row, "peak_fraction", flops / (ns * 1e-9) / fma_flops);
        least = flops / fma_flops;
    }
    if (read_bytes > 0) least = fmax(least, bytes / read_bytes);
    if (fma_flops > 0 && read_bytes > 0) doc_put_num(row, "roofline_fraction", least / (ns * 1e-9));
}
