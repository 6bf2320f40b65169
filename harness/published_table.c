/* published_table.c -- published numbers beside ours. Reasons and notes, of which many claims share one, stand below. */
#include "published_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colour.h"
#include "evidence.h"
#include "paragraph.h"
#include "text.h"

/* The number of a remark among all so far, which may get one more; 1 is the first. */
static size_t number_of(struct doc *remarks, const char *remark) {
    for (size_t i = 0; i < doc_len(remarks); i++)
        if (!strcmp(doc_as_str(doc_at(remarks, i)), remark)) return i + 1;
    doc_add(remarks, doc_string(remark));
    return doc_len(remarks);
}

/* "1.5", of a curve "0.8 to 32.9": what the paper says; "" where it gives no number. */
static void show_published(char *text, size_t room, const struct doc *claim) {
    const struct doc *p = doc_get(claim, "published");
    const struct doc *exponent = doc_get(claim, "published_exponent");
    *text = '\0';
    if (doc_is_number(exponent)) snprintf(text, room, "%.2f", doc_as_num(exponent));
    else if (doc_is_number(p)) snprintf(text, room, "%.3g", doc_as_num(p));
    else if (doc_len(p) && strcmp(doc_str(claim, "kind", ""), "growth"))
        snprintf(text, room, "%.3g to %.3g", doc_as_num(doc_at(p, 0)), doc_as_num(doc_at(p, doc_len(p) - 1)));
}

/* Of an order the least and the greatest value, of a rise the first and the last. */
static void show_ours(char *text, size_t room, const struct doc *claim) {
    const struct doc *values = doc_get(claim, "values"), *ours = doc_get(claim, "ours");
    const char *metric =
        doc_len(doc_get(claim, "labels")) > 1 && !strcmp(doc_str(claim, "kind", ""), "rising")
            ? ""
            : doc_str(claim, "metric", "");
    *text = '\0';
    if (doc_is_number(ours))
        snprintf(text, room, strcmp(doc_str(claim, "kind", ""), "growth") ? "%.3g" : "%.2f",
                 doc_as_num(ours));
    else if (doc_len(values) > 1)
        snprintf(text, room, "%s to %s", evidence_show(metric, doc_as_num(doc_at(values, 0))),
                 evidence_show(metric, doc_as_num(doc_at(values, doc_len(values) - 1))));
}

static void show_interval(char *text, size_t room, const struct doc *claim) {
    const struct doc *interval = doc_get(claim, "interval");
    *text = '\0';
    if (doc_len(interval) == 2 && doc_equal(doc_at(interval, 0), doc_at(interval, 1)))
        snprintf(text, room, "exact");
    else if (doc_len(interval) == 2)
        snprintf(text, room, "%.3g to %.3g", doc_as_num(doc_at(interval, 0)),
                 doc_as_num(doc_at(interval, 1)));
}

static void print_claim(const struct doc *claim, int width, struct doc *remarks) {
    char published[40], ours[60], interval[40];
    const char *verdict = doc_str(claim, "verdict", ""), *off = doc_str(claim, "off_words", NULL);
    const char *const said[] = {doc_str(claim, "reason", NULL), doc_str(claim, "note", NULL)};
    show_published(published, sizeof published, claim);
    show_ours(ours, sizeof ours, claim);
    show_interval(interval, sizeof interval, claim);
    printf("    %-*s %12s %11s ", width, doc_str(claim, "words.what", ""), doc_str(claim, "words.where", ""),
           published);
    if (*interval) printf("%8s %16s  ", ours, interval);
    else printf("%25s  ", ours);
    colour_word(stdout, 0, verdict);
    if (off && !strcmp(verdict, "differs")) printf(", %s", off);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i]) printf(" [%zu]", number_of(remarks, said[i]));
    putchar('\n');
}

/* Nothing of ours to show, and for the same reason: the same line but for the length. */
static int are_alike(const struct doc *a, const struct doc *b) {
    const char *const paths[] = {"words.about", "words.what", "reason"};
    if (!b || !doc_get(a, "at.n") || doc_get(a, "ours") || doc_get(a, "values") || doc_get(b, "ours") ||
        doc_get(b, "values"))
        return 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(doc_str(a, paths[i], ""), doc_str(b, paths[i], ""))) return 0;
    return 1;
}

/* Claims from..to as one line; they are alike. */
static void print_alike(const struct doc *claims, size_t from, size_t to, int width, struct doc *remarks) {
    struct doc *one = doc_copy(doc_at(claims, from));
    char *where =
        format("%s to %s", doc_str(one, "words.where", ""), doc_str(doc_at(claims, to), "words.where", ""));
    doc_put_str(one, "words.where", where);
    doc_drop(one, "published");
    print_claim(one, width, remarks);
    doc_free(one);
    free(where);
}

void published_table_print(const struct doc *judged) {
    const struct doc *claims = doc_get(judged, "claims");
    struct doc *remarks = doc_array();
    const char *about = "";
    int width = 8;
    for (size_t i = 0; i < doc_len(claims); i++) {
        int own = (int)strlen(doc_str(doc_at(claims, i), "words.what", ""));
        if (own > width) width = own;
    }
    printf("\nPublished: %s\n", doc_str(judged, "source", ""));
    printf("    %-*s %12s %11s %8s %16s  verdict\n", width, "", "n", "published", "ours", "interval");
    for (size_t i = 0; i < doc_len(claims); i++) {
        const char *own = doc_str(doc_at(claims, i), "words.about", "");
        if (strcmp(about, own)) printf("  %s\n", own);
        about = own;
        size_t to = i;
        while (are_alike(doc_at(claims, i), doc_at(claims, to + 1))) to++;
        if (to > i) print_alike(claims, i, to, width, remarks);
        else print_claim(doc_at(claims, i), width, remarks);
        i = to;
    }
    for (size_t i = 0; i < doc_len(remarks); i++) {
        int margin = printf("  [%zu] ", i + 1);
        paragraph_print(doc_as_str(doc_at(remarks, i)), margin, margin);
    }
    paragraph_print(doc_str(judged, "rules", ""), printf("  "), 2);
    paragraph_print(doc_str(judged, "summary", ""), printf("  "), 2);
    doc_free(remarks);
}
