/* fit_table.c -- the answers of a run, for people. */
#include "fit_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colour.h"
#include "paragraph.h"
#include "text.h"

/* ---- those of one series ----------------------------------------------------------------------- */

/* The elements of `list` that belong to the series; the caller frees the array, not what is in it. */
static const struct doc **of_series(const struct doc *list, const struct doc *series, size_t *n) {
    const struct doc **found = xmalloc((doc_len(list) + 1) * sizeof *found);
    *n = 0;
    for (size_t i = 0; i < doc_len(list); i++)
        if (doc_equal(doc_get(doc_at(list, i), "series"), series)) found[(*n)++] = doc_at(list, i);
    return found;
}

static int is_first_of_series(const struct doc *list, size_t at) {
    size_t i = 0;
    while (!doc_equal(doc_get(doc_at(list, i), "series"), doc_get(doc_at(list, at), "series"))) i++;
    return i == at;
}

static int width_of(const struct doc **list, size_t n) {
    size_t width = 8;
    for (size_t i = 0; i < n; i++)
        if (strlen(doc_str(list[i], "label", "")) > width) width = strlen(doc_str(list[i], "label", ""));
    return (int)width;
}

/* What the series have in common; that of layer types has no head size. */
static void print_title(const struct doc *s) {
    int heads = doc_int(s, "heads", 1), kv = doc_int(s, "kv_heads", heads);
    int dk = doc_int(s, "dk", 0), dv = doc_int(s, "dv", dk);
    printf("%s, mask %s, batch %d, %d heads", doc_str(s, "input", "?"), doc_str(s, "mask", "?"),
           doc_int(s, "batch", 1), heads);
    if (kv != heads) printf(" (%d of keys)", kv);
    if (doc_get(s, "positions")) printf(", positions %s", doc_str(s, "positions", ""));
    if (dk) printf(", head size %d", dk);
    if (dv != dk) printf("/%d", dv);
    printf(", %d threads, %s", doc_int(s, "threads", 1), doc_str(s, "isa", "best"));
    if (doc_num(s, "seed", 1) != 1) printf(", seed %.0f", doc_num(s, "seed", 1));
    if (doc_get(s, "softcap")) printf(", softcap %g", doc_num(s, "softcap", 0));
    if (doc_get(s, "shift")) printf(", shift %g", doc_num(s, "shift", 0));
    if (doc_get(s, "cache")) printf(", %s cache", doc_str(s, "cache", ""));
    if (doc_get(s, "layer")) printf(", %s", doc_str(s, "layer", ""));
    if (doc_get(s, "scale")) printf(", scale %.9g", doc_num(s, "scale", 0));
    putchar('\n');
}

/* ---- growth -------------------------------------------------------------------------------------- */

/* A number of an answer, or a dash. */
static const char *number(const struct doc *x, const char *form) {
    static char text[4][32];
    static int next;
    char *t = text[next++ % 4];
    if (!doc_is_number(x)) return "-";
    snprintf(t, 32, form, doc_as_num(x));
    return t;
}

/* "1.95 to 2.01", where the answer has an interval; else 0, and `words` as they were. */
static int words_of_interval(const struct doc *told, char words[64]) {
    const struct doc *low = doc_at(doc_get(told, "interval"), 0),
                     *high = doc_at(doc_get(told, "interval"), 1);
    if (!doc_is_number(low)) return 0;
    snprintf(words, 64, "%s to %s", number(low, "%.2f"), number(high, "%.2f"));
    return 1;
}

/* Appends a word to a line, which is printed where it would grow beyond the page. */
static void add_word(struct text *line, const char *word) {
    enum { PAGE = 110 };
    if (line->length + 1 + strlen(word) > PAGE) {
        puts(line->s);
        line->length = 0;
        text_add(line, "           ");
    }
    text_add(line, " %s", word);
}

static const char too_few[] = "too few lengths";

/* Is that the verdict on every exponent? It is said once then. */
static int all_too_few(const struct doc **growth, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(doc_str(growth[i], "time.verdict", ""), too_few) ||
            strcmp(doc_str(growth[i], "memory.verdict", ""), too_few))
            return 0;
    return n > 0;
}

/* What a cell shows: a dash for what is said once. */
static const char *cell(const char *words, int once) { return once && strstr(words, too_few) ? "-" : words; }

/* Why exponents are not confirmed, at `path`: a reason once, with all that have it. */
static void print_reasons(const struct doc **growth, size_t n, const char *path) {
    for (size_t i = 0; i < n; i++) {
        const char *why = doc_str(growth[i], path, NULL);
        struct text labels = {0};
        size_t first = 0;
        if (!why) continue;
        while (strcmp(doc_str(growth[first], path, ""), why)) first++;
        if (first < i) continue;
        for (size_t x = i; x < n; x++)
            if (!strcmp(doc_str(growth[x], path, ""), why))
                text_add(&labels, "%s%s", labels.length ? ", " : "", doc_str(growth[x], "label", ""));
        text_add(&labels, ": %s", why);
        paragraph_print(labels.s, printf("    "), 12);
        free(labels.s);
    }
}

static void print_times(const struct doc **growth, size_t n, int once) {
    int width = width_of(growth, n);
    printf("  %-*s %8s %6s %15s  %-15s from length to length\n", width, "time", "declared", "slope",
           "interval", "verdict");
    for (size_t i = 0; i < n; i++) {
        const struct doc *time = doc_get(growth[i], "time"), *local = doc_get(time, "local");
        char interval[64] = "-";
        words_of_interval(time, interval);
        printf("  %-*s %8s %6s %15s  ", width, doc_str(growth[i], "label", ""),
               number(doc_get(time, "declared"), "%.3g"), number(doc_get(time, "slope"), "%.3f"), interval);
        colour_word(stdout, -15, cell(doc_str(time, "verdict", ""), once));
        for (size_t x = 0; x < doc_len(local); x++)
            printf(" %s", number(doc_get(doc_at(local, x), "slope"), "%.2f"));
        putchar('\n');
    }
    print_reasons(growth, n, "time.why");
}

static void print_memory(const struct doc **growth, size_t n, int once) {
    int width = width_of(growth, n);
    printf("  %-*s %8s %8s  %-15s fixed time of a call\n", width, "memory", "declared", "exponent",
           "verdict");
    for (size_t i = 0; i < n; i++) {
        const struct doc *memory = doc_get(growth[i], "memory");
        printf("  %-*s %8s %8s  ", width, doc_str(growth[i], "label", ""),
               number(doc_get(memory, "declared"), "%.3g"), number(doc_get(memory, "exponent"), "%.3f"));
        colour_word(stdout, -15, cell(doc_str(memory, "verdict", ""), once));
        printf(" %s\n", cell(doc_str(growth[i], "fixed_words", ""), once));
    }
    print_reasons(growth, n, "memory.why");
}

static void print_growth(const struct doc **growth, size_t n) {
    int once = all_too_few(growth, n);
    if (once) puts("  Too few lengths: an exponent takes three from n = 2048 on, a fixed time three in all.");
    print_times(growth, n, once);
    print_memory(growth, n, once);
}

/* ---- crossovers and fronts ----------------------------------------------------------------------- */

static void print_crossovers(const struct doc *list, const struct doc *series) {
    size_t n;
    const struct doc **all = of_series(list, series, &n);
    if (n) printf("  against %s\n", doc_str(all[0], "baseline", "?"));
    for (size_t i = 0; i < n; i++)
        printf("    %-*s %s\n", width_of(all, n), doc_str(all[i], "label", ""), doc_str(all[i], "words", ""));
    free(all);
}

static void add_beaten(struct text *line, const char *opening, const struct doc *beaten) {
    for (size_t i = 0; i < doc_len(beaten); i++) {
        const struct doc *one = doc_at(beaten, i);
        char *word = format("%s%s by %s%s", i ? "" : opening, doc_str(one, "label", ""),
                            doc_str(one, "by", ""), i + 1 < doc_len(beaten) ? "," : "");
        add_word(line, word);
        free(word);
    }
}

static void print_front(const struct doc *front) {
    const struct doc *members = doc_get(front, "members");
    struct text line = {0};
    text_add(&line, "    n=%-6.0f", doc_num(front, "n", 0));
    for (size_t i = 0; i < doc_len(members); i++) add_word(&line, doc_as_str(doc_at(members, i)));
    add_beaten(&line, "| beaten: ", doc_get(front, "beaten"));
    add_beaten(&line, "| no better than a control: ", doc_get(front, "below_controls"));
    puts(line.s);
    free(line.s);
}

static void print_fronts(const struct doc *list, const struct doc *series) {
    size_t n;
    const struct doc **all = of_series(list, series, &n);
    if (n) puts("  not beaten in time, memory and error together");
    for (size_t i = 0; i < n; i++) print_front(all[i]);
    free(all);
}

/* ---- ceilings ------------------------------------------------------------------------------------ */

static const struct doc *point_of(const struct doc **all, size_t n, const char *label, double length) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(doc_str(all[i], "label", ""), label) && doc_num(all[i], "n", 0) == length) return all[i];
    return NULL;
}

static double next_length(const struct doc **all, size_t n, double after) {
    double next = (double)INFINITY;
    for (size_t i = 0; i < n; i++)
        if (doc_num(all[i], "n", 0) > after) next = fmin(next, doc_num(all[i], "n", 0));
    return next;
}

static char letter(const struct doc *p) {
    char first = *doc_str(p, "ceiling", "-");
    return first == 'b' && doc_flag(p, "from_cache") ? 'c' : first;
}

static int any_from_cache(const struct doc **all, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (letter(all[i]) == 'c') return 1;
    return 0;
}

static void print_ceilings(const struct doc *list, const struct doc *series) {
    size_t n;
    const struct doc **all = of_series(list, series, &n);
    int width = width_of(all, n);
    if (n) puts("  share of the nearer ceiling: a arithmetic, b reading memory (above 100%: writes, caches)");
    if (any_from_cache(all, n))
        puts("    c the same, of bytes that the last cache holds: from cache, not from memory");
    if (n) printf("  %-*s", width, "");
    for (double x = next_length(all, n, 0); !isinf(x); x = next_length(all, n, x)) printf(" n=%-6.0f", x);
    if (n) putchar('\n');
    for (size_t i = 0; i < n; i++) {
        const char *label = doc_str(all[i], "label", "");
        if (i && !strcmp(doc_str(all[i - 1], "label", ""), label)) continue;
        printf("  %-*s", width, label);
        for (double x = next_length(all, n, 0); !isinf(x); x = next_length(all, n, x)) {
            const struct doc *p = point_of(all, n, label, x);
            if (p && doc_num(p, "share", 0) > 0)
                printf(" %5.1f%% %c", 100 * doc_num(p, "share", 0), letter(p));
            else printf(" %8s", p ? "-" : "");
        }
        putchar('\n');
    }
    free(all);
}

/* ---- layer types ---------------------------------------------------------------------------------- */

/* "1.98 (1.95 to 2.01)", then what was expected. */
static void print_exponent(const struct doc *told, const char *expected) {
    char interval[64], words[96] = "-";
    if (words_of_interval(told, interval))
        snprintf(words, sizeof words, "%s (%s)", number(doc_get(told, "slope"), "%.2f"), interval);
    printf(" %-20s %4s ", words, number(doc_get(told, expected), "%.2f"));
}

static void print_types(const struct doc *list, const struct doc *series) {
    size_t n;
    const struct doc **all = of_series(list, series, &n);
    int width = width_of(all, n);
    double d = doc_num(all[0], "n.at_d", 0), length = doc_num(all[0], "d.at_n", 0);
    printf("\nLayer types: ");
    print_title(series);
    printf("  time grows as n^x at head size %g, as d^y at n = %g\n", d, length);
    printf("  %-*s %-15s %-26s %-25s\n", width, "", "", "x, and as declared", "y, and as counted");
    for (size_t i = 0; i < n; i++) {
        double own_d = doc_num(all[i], "n.at_d", 0), own_length = doc_num(all[i], "d.at_n", 0);
        printf("  %-*s %-14s", width, doc_str(all[i], "label", ""), doc_str(all[i], "family", ""));
        print_exponent(doc_get(all[i], "n"), "declared");
        print_exponent(doc_get(all[i], "d"), "counted");
        if (own_d != d) printf(" head size %g", own_d);
        if (own_length != length) printf(" n = %g", own_length);
        putchar('\n');
    }
    printf("  %-*s %-26s %-26s operations\n", width, "", "sequential steps", "longest path");
    for (size_t i = 0; i < n; i++)
        printf("  %-*s %-26s %-26s %s\n", width, doc_str(all[i], "label", ""), doc_str(all[i], "steps", ""),
               doc_str(all[i], "path", ""), doc_str(all[i], "operations", ""));
    free(all);
}

/* ---- rows without a result ----------------------------------------------------------------------- */

static int same_reason(const struct doc *a, const struct doc *b) {
    return !strcmp(doc_str(a, "status", ""), doc_str(b, "status", "")) &&
           !strcmp(doc_str(a, "reason", ""), doc_str(b, "reason", ""));
}

static void print_not_ok(const struct doc *list) {
    if (doc_len(list)) printf("\nno result: %zu rows\n", doc_len(list));
    for (size_t i = 0; i < doc_len(list); i++) {
        size_t first = 0;
        while (!same_reason(doc_at(list, first), doc_at(list, i))) first++;
        if (first < i) continue;
        printf("  ");
        colour_word(stdout, 0, doc_str(doc_at(list, i), "status", ""));
        printf(": %s\n", doc_str(doc_at(list, i), "reason", ""));
        for (size_t x = i; x < doc_len(list); x++)
            if (same_reason(doc_at(list, i), doc_at(list, x)))
                printf("    %s\n", doc_str(doc_at(list, x), "id", ""));
    }
}

static void print_floor(const struct doc *floor_of) {
    int groups = doc_int(floor_of, "groups", 0);
    if (groups)
        printf("Noise floor %.1f %%, one variant against itself over %d group%s: no smaller difference is "
               "one.\n",
               100 * doc_num(floor_of, "share", 0), groups, groups == 1 ? "" : "s");
}

void fit_table_print(const struct doc *answers) {
    const struct doc *growth = doc_get(answers, "growth");
    if (doc_len(growth)) puts("Slopes are from n = 2048 on, log time over log n. Intervals: 95 percent.");
    print_floor(doc_get(answers, "floor"));
    for (size_t i = 0; i < doc_len(growth); i++) {
        const struct doc *series = doc_get(doc_at(growth, i), "series");
        if (!is_first_of_series(growth, i)) continue;
        size_t n;
        const struct doc **own = of_series(growth, series, &n);
        putchar('\n');
        print_title(series);
        print_growth(own, n);
        print_crossovers(doc_get(answers, "crossovers"), series);
        print_fronts(doc_get(answers, "front"), series);
        print_ceilings(doc_get(answers, "roofline"), series);
        free(own);
    }
    const struct doc *types = doc_get(answers, "layer_types");
    for (size_t i = 0; i < doc_len(types); i++)
        if (is_first_of_series(types, i)) print_types(types, doc_get(doc_at(types, i), "series"));
    print_not_ok(doc_get(answers, "not_ok"));
}
