/* front.c -- which of several rows no other beats. */
#include "front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy.h"
#include "floor.h"
#include "row.h"
#include "row_error.h"
#include "text.h"

struct rival rival_of(const char *label, const struct doc *row) {
    const double nan = (double)NAN;
    struct rival r = {label, row, floor_of_group(row), nan, nan, row_error(row).value};
    if (!row_error_is_from_softmax(row)) r.error = nan;
    if (!row_is_ok(row)) return r;
    r.ns = doc_num(row, "time.median_ns", nan);
    r.bytes = doc_num(row, "memory.state_bytes", nan) + doc_num(row, "memory.scratch_bytes", nan);
    if (!isnan(r.error)) r.error = fmax(r.error, ACCURACY_EXACT);
    return r;
}

int rival_is_control(const struct rival *r) { return !strcmp(doc_str(r->row, "kind", ""), "control"); }

int rival_is_candidate(const struct rival *r) {
    return !isnan(r->error) && !rival_is_control(r) && !row_error_control(r->row);
}

/* ---- time ---------------------------------------------------------------------------------------- */

/* Of n fair coins, the chance that at most k show tails; twice that is the chance of so few on either side. */
static double chance(size_t n, size_t k) {
    double term = pow(0.5, (double)n), sum = 0;
    for (size_t i = 0; i <= k; i++) {
        sum += term;
        term *= (double)(n - i) / (double)(i + 1);
    }
    return sum;
}

/* From the process medians, or from the median alone where a row has none. */
static double end_of(const struct rival *r, size_t end) {
    double x = doc_as_num(doc_at(doc_get(r->row, "time.ci_ns"), end));
    return isnan(x) ? r->ns : x;
}

int rival_is_faster(const struct rival *x, const struct rival *y) {
    enum { FEWEST = 6 };
    const struct doc *a = doc_get(x->row, "time.process_medians_ns"),
                     *b = doc_get(y->row, "time.process_medians_ns");
    size_t n = doc_len(a) < doc_len(b) ? doc_len(a) : doc_len(b), against = 0;
    double least = exp(fmax(x->floor, y->floor));
    if (n < FEWEST) return end_of(x, 1) * least < end_of(y, 0);
    for (size_t i = 0; i < n; i++) against += !(doc_as_num(doc_at(a, i)) * least < doc_as_num(doc_at(b, i)));
    return 2 * chance(n, against) <= 0.05;
}

/* ---- fronts -------------------------------------------------------------------------------------- */

/* Memory is exact: of two that take as much the one that errs less beats the other. */
int rival_beats(const struct rival *x, const struct rival *y, enum front_price price) {
    if (!(x->error <= y->error)) return 0;
    if (price == FRONT_MEMORY) return x->bytes < y->bytes || (x->bytes == y->bytes && x->error < y->error);
    return rival_is_faster(x, y) && (price == FRONT_TIME || x->bytes <= y->bytes);
}

int rival_is_beaten(const struct rival *r, const struct rival *all, size_t n, enum front_price price) {
    for (size_t i = 0; i < n; i++)
        if (rival_beats(&all[i], r, price)) return 1;
    return 0;
}

static int order(double a, double b, const struct rival *x, const struct rival *y) {
    if (a != b) return a < b ? -1 : 1;
    return (x->error > y->error) - (x->error < y->error);
}

static int by_time(const void *a, const void *b) {
    const struct rival *x = a, *y = b;
    return order(x->ns, y->ns, x, y);
}

static int by_memory(const void *a, const void *b) {
    const struct rival *x = a, *y = b;
    return order(x->bytes, y->bytes, x, y);
}

static int is_cheaper(const struct rival *x, const struct rival *y, enum front_price price) {
    return price == FRONT_MEMORY ? x->bytes < y->bytes : rival_is_faster(x, y);
}

/* The first of those that stand for themselves than whom the i-th is not cheaper; or i. */
static size_t stands_for(const struct rival *all, size_t n, size_t i, enum front_price price,
                         const size_t *behind) {
    for (size_t x = 0; x < n; x++)
        if (behind[x] == x && !is_cheaper(&all[i], &all[x], price)) return x;
    return i;
}

/* From the least error up, so that all that err less are settled. */
static void settle(const struct rival *all, size_t n, enum front_price price, size_t *behind) {
    for (size_t i = 0; i < n; i++) behind[i] = n;
    for (size_t done = 0; done < n; done++) {
        size_t next = n;
        for (size_t i = 0; i < n; i++)
            if (behind[i] == n && (next == n || all[i].error < all[next].error)) next = i;
        behind[next] = stands_for(all, n, next, price, behind);
    }
}

size_t front_sort(struct rival *all, size_t n, enum front_price price, size_t *behind) {
    struct rival *front = xmalloc((n + 1) * sizeof *front);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!rival_is_beaten(&all[i], all, n, price)) front[kept++] = all[i];
    memcpy(all, front, kept * sizeof *front);
    free(front);
    qsort(all, kept, sizeof *all, price == FRONT_MEMORY ? by_memory : by_time);
    settle(all, kept, price, behind);
    return kept;
}
