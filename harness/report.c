/*
 * report.c -- a folder of results as one page.
 *
 * The page is a template with holes for style, scripts and data. All that a run brings along is in the data,
 * a JSON document that the scripts show as text, so that no name or reason can become markup.
 */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fit.h"
#include "report_data.h"
#include "results.h"
#include "text.h"

extern const char report_html[], report_css[], report_js[]; /* made from scripts/report.* */
extern const char report_show_js[], report_verdicts_js[], report_published_js[], report_curves_js[],
    report_labels_js[], report_weights_js[];
extern const char report_warnings_js[], report_table_js[];

/* JSON within a script element: without a '<' nothing in it closes the element or opens a comment. */
static char *for_script(const struct doc *data) {
    struct text t = {0};
    char *json = doc_text(data, 0);
    for (const char *c = json; *c;) {
        size_t n = strcspn(c, "<");
        text_append(&t, c, n);
        c += n;
        if (*c) text_add(&t, "\\u003c"), c++;
    }
    free(json);
    return t.s;
}

/* The template up to the hole `@name@`, then what fills it; returns what follows. */
static const char *fill(struct text *page, const char *from, const char *hole, const char *filling) {
    const char *at = strstr(from, hole);
    text_append(page, from, (size_t)(at - from));
    text_append(page, filling, strlen(filling));
    return at + strlen(hole);
}

char *report_page(const char *dir, const struct doc *rows) {
    struct text page = {0};
    struct doc *answers = fit_answers(rows, NULL);
    struct doc *data = report_data(dir, rows, answers);
    char *json = for_script(data);
    const char *const holes[][2] = {
        /* in the order of the template */
        {"@style@", report_css},
        {"@data@", json},
        {"@show@", report_show_js},
        {"@verdicts@", report_verdicts_js},
        {"@published@", report_published_js},
        {"@curves@", report_curves_js},
        {"@labels@", report_labels_js},
        {"@weights@", report_weights_js},
        {"@warnings@", report_warnings_js},
        {"@table@", report_table_js},
        {"@page@", report_js},
    };
    const char *rest = report_html;
    for (size_t i = 0; i < sizeof holes / sizeof *holes; i++)
        rest = fill(&page, rest, holes[i][0], holes[i][1]);
    text_append(&page, rest, strlen(rest));
    free(json);
    doc_free(data);
    doc_free(answers);
    return page.s;
}

int report_write(const char *dir, const struct doc *rows) {
    char *page = report_page(dir, rows);
    int failed = !page;
    if (page && results_write(dir, "report.html", page)) {
        warn("cannot write %s/report.html: %s", dir, strerror(errno));
        failed = 1;
    }
    free(page);
    return failed ? -1 : 0;
}
