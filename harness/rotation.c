/* rotation.c -- inputs that no cache holds. */
#include "rotation.h"

#include <math.h>
#include <string.h>

#include "machine.h"

enum { TIMES = 2, FEWEST = 2, ALIGN = 4096 };

enum { Q, K, V, O, PARTS };

struct part { /* an input or the output of a call */
    const float *data;
    size_t bytes, offset;
};

static size_t rounded(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

static size_t parts_of(const struct attn_call *c, struct part parts[PARTS]) {
    const struct attn_problem *p = c->problem;
    size_t queries = (size_t)p->batch * (size_t)p->heads * (size_t)p->nq,
           keys = (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk, end = 0;
    parts[Q] = (struct part){.data = c->q.data, .bytes = queries * (size_t)p->dk * sizeof(float)};
    parts[K] = (struct part){.data = c->k.data, .bytes = keys * (size_t)p->dk * sizeof(float)};
    parts[V] = (struct part){.data = c->v.data, .bytes = keys * (size_t)p->dv * sizeof(float)};
    parts[O] = (struct part){.data = c->o.data, .bytes = queries * (size_t)p->dv * sizeof(float)};
    for (int i = 0; i < PARTS; i++) {
        parts[i].offset = end;
        end += rounded(parts[i].bytes);
    }
    return end;
}

static double copies_of(double bytes) { return fmax(FEWEST, ceil(TIMES * machine_last_cache() / bytes) + 1); }

double rotation_bytes(double bytes) { return copies_of(bytes) * (bytes + PARTS * ALIGN); }

int rotation_make(struct rotation *r, const struct attn_call *call) {
    struct part parts[PARTS];
    *r = (struct rotation){.stride = parts_of(call, parts)};
    r->copies = (int)copies_of((double)r->stride);
    if (block_make(&r->block, (size_t)r->copies * r->stride)) return -1;
    for (int c = 0; c < r->copies; c++)
        for (int i = 0; i < PARTS; i++)
            memcpy(r->block.data + (size_t)c * r->stride + parts[i].offset, parts[i].data, parts[i].bytes);
    return 0;
}

void rotation_free(struct rotation *r) { block_free(&r->block); }

void rotating_begin(struct rotating *x, const struct rotation *r, const struct attn_call *call,
                    struct subject *s) {
    struct part parts[PARTS];
    const float **data[3 + TENSORS_MAX] = {&s->call.q.data, &s->call.k.data, &s->call.v.data};
    parts_of(call, parts);
    for (int t = 0; t < TENSORS_MAX; t++) data[3 + t] = &s->tensors[t].data;
    *x = (struct rotating){.subject = s, .rotation = r, .output = parts[O].offset};
    for (int d = 0; d < 3 + TENSORS_MAX; d++)
        for (int i = Q; i <= V; i++) {
            if (*data[d] != parts[i].data) continue;
            x->views[x->nviews].data = data[d];
            x->views[x->nviews++].offset = parts[i].offset;
            break;
        }
}

void rotating_next(struct rotating *x) {
    char *copy = x->rotation->block.data + (size_t)x->at * x->rotation->stride;
    for (int i = 0; i < x->nviews; i++) *x->views[i].data = (const float *)(copy + x->views[i].offset);
    x->subject->call.o.data = (float *)(copy + x->output);
    x->at = (x->at + 1) % x->rotation->copies;
}
