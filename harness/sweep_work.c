/* sweep_work.c -- the workers of a sweep: a job goes out, an answer or a death comes back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "progress.h"
#include "stopwatch.h"
#include "sweep_parts.h"
#include "text.h"

static void listen(void *context, struct doc *event) {
    struct answer *a = context;
    const char *call = doc_str(event, "call", NULL);
    if (call) {
        if (a->call && !strcmp(a->call, call)) return;
        free(a->earlier);
        a->earlier = a->call;
        a->call = xstrdup(call);
        return;
    }
    doc_free(a->result);
    a->result = doc_copy(event);
}

void sweep_forget(struct answer *a) {
    doc_free(a->result);
    free(a->call), free(a->earlier);
    *a = (struct answer){0};
}

static int has_answered(const struct child *c, const struct answer *a) {
    return c->end == CHILD_DONE && a->result && !doc_get(a->result, "status");
}

void sweep_work(struct sweep *s, enum phase phase, struct doc *job, int threads, struct child *c,
                struct answer *a) {
    static const char *const arguments[] = {"worker", NULL};
    const int is_noted = phase == PROBE || phase == TIME; /* others leave more behind than their answer */
    double start = stopwatch_seconds();
    *a = (struct answer){.result = is_noted ? journal_recall(&s->journal, job) : NULL};
    *c =
        (struct child){.arguments = arguments,
                       .job = job,
                       .data = s->data,
                       .threads = threads,
                       .blas_core = s->options->blas_core,
                       .silence = s->options->point_timeout,
                       .memory = phase == CEILINGS ? 0 : s->limit, /* ceilings need more than a small limit */
                       .event = listen,
                       .context = a};
    for (int tries = 0; !a->result && tries < 2 && (tries == 0 || c->end == CHILD_STRAY); tries++) {
        sweep_forget(a);
        child_run(c);
        if (is_noted && has_answered(c, a)) journal_note(&s->journal, job, a->result);
    }
    doc_free(job);
    s->spent[phase] += stopwatch_seconds() - start;
}

static const char *status_of(const struct child *c) {
    switch (c->end) {
    case CHILD_SILENT: return "timeout";
    case CHILD_OVER_MEMORY:
    case CHILD_KILLED: return "oom";
    default: return "crashed";
    }
}

const char *sweep_failure(const struct child *c, const struct answer *a, char **reason) {
    *reason = NULL;
    if (has_answered(c, a)) return "";
    if (c->end == CHILD_DONE && a->result) {
        *reason = xstrdup(doc_str(a->result, "reason", "no reason given"));
        return doc_str(a->result, "status", "crashed");
    }
    *reason = child_reason(c);
    return status_of(c);
}

double sweep_ceiling(struct sweep *s, int threads, const char *what) {
    char key[16];
    snprintf(key, sizeof key, "%d", threads);
    if (!doc_get(s->ceilings, key)) {
        struct doc *job = doc_object();
        struct child c;
        struct answer a;
        int data = s->data;
        doc_put_str(job, "kind", "ceilings");
        doc_put_num(job, "threads", threads);
        progress_show("ceilings", "of this machine");
        s->data = -1;
        sweep_work(s, CEILINGS, job, threads, &c, &a);
        s->data = data;
        if (!a.result && !child_interrupted()) {
            char *reason = child_reason(&c);
            warn("the ceilings of this machine were not measured: %s; rows will lack their shares of them",
                 reason);
            free(reason);
        }
        doc_put(s->ceilings, key, a.result ? doc_copy(a.result) : doc_object());
        doc_drop(doc_get(s->ceilings, key), "ok");
        const char *core = doc_str(doc_get(s->ceilings, key), "blas.core", "unknown"),
                   *asked = s->options->blas_core;
        if (asked && strcasecmp(asked, core))
            warn("--blas-core %s: OpenBLAS runs its %s kernels all the same", asked, core);
        sweep_forget(&a);
    }
    return doc_num(doc_get(s->ceilings, key), what, 0);
}
