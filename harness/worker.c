/* worker.c -- the child's side: takes a job, does it, says what came of it. */
#include "worker.h"

#include <string.h>

#include "blas.h"
#include "child.h"
#include "plugin.h"
#include "problem.h"
#include "text.h"

static int copy_in(struct block *b, const float *from, double count) {
    size_t bytes = (size_t)count * sizeof(float);
    if (block_make(b, bytes)) return -1;
    memcpy(b->data, from, bytes);
    block_read_only(b);
    return 0;
}

/* Copies of the group's q, k and v, for the call to read. */
static int open_inputs(struct stage *s) {
    const struct attn_problem *p = &s->group.problem;
    double queries = (double)p->batch * p->heads * p->nq, keys = (double)p->batch * p->kv_heads * p->nk;
    if (copy_in(&s->inputs[0], s->group.q, queries * p->dk) ||
        copy_in(&s->inputs[1], s->group.k, keys * p->dk) || copy_in(&s->inputs[2], s->group.v, keys * p->dv))
        return -1;
    s->call.q = problem_packed((const float *)s->inputs[0].data, p->heads, p->nq, p->dk);
    s->call.k = problem_packed((const float *)s->inputs[1].data, p->kv_heads, p->nk, p->dk);
    s->call.v = problem_packed((const float *)s->inputs[2].data, p->kv_heads, p->nk, p->dv);
    return 0;
}

static int open_operator(struct stage *s) {
    const struct attn_problem *p = &s->group.problem;
    if (open_inputs(s) || block_make(&s->output, (size_t)problem_output_bytes(p))) return -1;
    s->call.o = (struct attn_output){(float *)s->output.data, (ptrdiff_t)p->heads * p->nq * p->dv,
                                     (ptrdiff_t)p->nq * p->dv, p->dv};
    return 0;
}

static int open_layer(struct stage *s) {
    struct layered *l = &s->layered;
    struct attn_need in = {.struct_size = sizeof in}, out = in;
    const struct attn_problem *p = &s->group.problem;
    *l = s->group.layered;
    l->layer.problem = p;
    attn_layer_size(&l->layer, &in, &out);
    double x = (double)p->batch * (double)l->x.batch, context = (double)p->batch * (double)l->context.batch;
    if (copy_in(&s->x, l->x.data, x) ||
        (l->layer.is_cross && copy_in(&s->context, l->context.data, context)) ||
        block_make(&s->output, (size_t)layered_output_bytes(l)) ||
        block_make(&s->between, in.scratch + out.scratch))
        return -1;
    l->x.data = (const float *)s->x.data;
    l->context.data = (const float *)(l->layer.is_cross ? s->context.data : s->x.data);
    l->y = (struct attn_output){(float *)s->output.data, l->x.batch, 0, l->x.row};
    attn_layer_call(&l->layer, s->between.data, &s->call);
    l->q = s->call.q, l->k = s->call.k, l->v = s->call.v;
    return l->stands_in ? open_inputs(s) : 0;
}

int stage_open(struct stage *s, struct attn_error *error) {
    *s = (struct stage){0};
    if (group_open(CHILD_DATA, &s->group, error)) return -1;
    s->call = (struct attn_call){
        .struct_size = sizeof s->call, .problem = &s->group.problem, .bias = s->group.bias};
    if (s->group.is_layered ? open_layer(s) : open_operator(s)) {
        strcpy(error->text, "no memory for inputs and output");
        return -1;
    }
    block_fill(&s->output, 0xff); /* NaN: what is not written shows */
    return 0;
}

int stage_subject(const struct stage *stage, const struct doc *point, struct subject *s,
                  struct attn_error *error) {
    if (subject_make(s, point, &stage->call, error)) return -1;
    return stage->group.is_layered ? subject_wrap(s, point, &stage->layered, error) : 0;
}

void job_fail(const char *status, const char *reason) {
    struct doc *d = doc_object();
    doc_put_str(d, "status", status);
    doc_put_str(d, "reason", reason);
    child_send(d);
}

void job_prepare(const struct doc *job) {
    struct attn_error error;
    if (group_make(CHILD_DATA, doc_get(job, "point"), doc_int(job, "rows", 256), &error)) {
        job_fail("crashed", error.text);
        return;
    }
    struct group g;
    if (group_open(CHILD_DATA, &g, &error)) {
        job_fail("crashed", error.text);
        return;
    }
    struct doc *d = doc_object();
    doc_put_bool(d, "ok", 1);
    doc_put(d, "descriptors", descriptors_doc(&g.descriptors));
    child_send(d);
}

/* What the points of the job come from; -1 and the reason where it cannot be had. */
static int load_plugins(const struct doc *job, struct attn_error *error) {
    const struct doc *points = doc_get(job, "points"), *plugin = doc_get(doc_get(job, "point"), "plugin");
    if (plugin && plugin_reload(plugin, error)) return -1;
    for (size_t i = 0; points && i < doc_len(points); i++)
        if ((plugin = doc_get(doc_at(points, i), "plugin")) && plugin_reload(plugin, error)) return -1;
    return 0;
}

int worker_main(void) {
    static const struct {
        const char *kind;
        void (*run)(const struct doc *);
    } jobs[] = {{"doctor", job_doctor},
                {"ceilings", job_ceilings},
                {"prepare", job_prepare},
                {"probe", job_probe},
                {"time", job_time}};
    struct doc *job = child_job();
    const char *kind = doc_str(job, "kind", "");
    struct attn_error error;
    int loads = !strcmp(kind, "probe") || !strcmp(kind, "time"); /* the others need no code of a variant */
    if (loads && load_plugins(job, &error)) {
        job_fail("crashed", error.text);
        doc_free(job);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (!strcmp(kind, jobs[i].kind)) {
            jobs[i].run(job);
            doc_free(job);
            return EXIT_FINE;
        }
    die(EXIT_USAGE, "no job '%s'", kind);
}
