/* published.c -- numbers of a paper beside those of a run: all claims, and what they come to. */
#include "published.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verdict.h"

static int is_verdict(const struct doc *answer, enum verdict verdict) {
    return !strcmp(doc_str(answer, "verdict", ""), verdict_words[verdict]);
}

/* The one that is furthest off; NULL where none differs. */
static const struct doc *worst_of(const struct doc *answers) {
    const struct doc *worst = NULL;
    for (size_t i = 0; i < doc_len(answers); i++) {
        const struct doc *a = doc_at(answers, i);
        if (is_verdict(a, DIFFERS) && (!worst || doc_num(a, "off", 0) > doc_num(worst, "off", 0))) worst = a;
    }
    return worst;
}

static void put_summary(struct doc *judged, const struct doc *answers) {
    const struct doc *worst = worst_of(answers);
    struct text t = {0};
    for (int v = AGREES; v < VERDICTS; v++) {
        size_t n = 0;
        for (size_t i = 0; i < doc_len(answers); i++) n += is_verdict(doc_at(answers, i), v) != 0;
        char *path = format("counts.%s", verdict_words[v]);
        doc_put_num(judged, path, (double)n);
        free(path);
        if (v == AGREES) text_add(&t, "%zu of %zu agree", n, doc_len(answers));
        else if (n) text_add(&t, ", %zu %s", n, v == DIFFERS && n > 1 ? "differ" : verdict_words[v]);
    }
    if (worst)
        text_add(&t, "; differs most: %s, %s, n = %s: %s", doc_str(worst, "words.about", ""),
                 doc_str(worst, "words.what", ""), doc_str(worst, "words.where", ""),
                 doc_str(worst, "off_words", ""));
    doc_put_str(judged, "summary", t.s);
    free(t.s);
}

static char *rules(void) {
    return format(
        "A ratio agrees within a factor of %g of the published one, an exponent of n within %g: all of "
        "our interval (95 percent) has to lie inside to agree, outside to differ, else it is "
        "undecided. A rise or an order agrees where every step is beyond the noise, and differs "
        "where one goes the other way beyond it.",
        verdict_ratio_within, verdict_exponent_within);
}

struct doc *published_judge(const struct doc *published, const struct doc *absent, const struct doc *rows) {
    const struct doc *claims = doc_get(published, "claims");
    struct doc *judged = doc_object(), *answers = doc_array();
    char *how = rules();
    if (!published) {
        doc_free(judged), doc_free(answers), free(how);
        return NULL;
    }
    for (size_t i = 0; i < doc_len(claims); i++)
        if (doc_is_object(doc_at(claims, i))) doc_add(answers, verdict_on(doc_at(claims, i), absent, rows));
    doc_put_str(judged, "source", doc_str(published, "source", ""));
    doc_put_str(judged, "rules", how);
    doc_put_num(judged, "tolerance.ratio", verdict_ratio_within);
    doc_put_num(judged, "tolerance.exponent", verdict_exponent_within);
    put_summary(judged, answers);
    doc_put(judged, "claims", answers);
    free(how);
    return judged;
}
