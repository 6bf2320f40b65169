/* subject.c -- a variant with its problem, parameters, tensors and memory. */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"
#include "problem.h"
#include "registry.h"
#include "tensor_source.h"
#include "text.h"

static int no_memory(size_t bytes, const char *what, struct attn_error *error) {
    snprintf(error->text, sizeof error->text, "no memory for %s of %s", show_bytes((double)bytes), what);
    return -1;
}

static int read_tensor(struct subject *s, size_t t, const struct doc *source, struct attn_error *error) {
    const struct attn_tensor *table = &s->variant->tensors[t];
    struct tensor_shape want, stored;
    if (tensors_shape(s->variant, table, &s->problem, s->params, &want, error) ||
        tensor_source_open(source, table, &want, &stored, error))
        return -1;
    if (block_make(&s->data[t], stored.count * sizeof(float)))
        return no_memory(stored.count * sizeof(float), table->name, error);
    if (tensor_source_read(source, table, &stored, (float *)s->data[t].data, error)) return -1;
    block_read_only(&s->data[t]);
    s->tensors[t] = tensors_view(&stored, (const float *)s->data[t].data);
    return 0;
}

static int make_tensor(struct subject *s, size_t t, const struct attn_call *inputs,
                       struct attn_error *error) {
    const struct attn_tensor *table = &s->variant->tensors[t];
    struct tensor_shape shape;
    if (inputs->tensors && inputs->tensors[t].data) {
        s->tensors[t] = inputs->tensors[t];
        return 0;
    }
    const struct doc *source = s->sources ? doc_get(s->sources, table->name) : NULL;
    if (source) return read_tensor(s, t, source, error);
    if (table->role == ATTN_CARRY) return 0;
    if (table->alias) {
        s->tensors[t] = *table->alias == 'q' ? inputs->q : *table->alias == 'k' ? inputs->k : inputs->v;
        return 0;
    }
    if (tensors_shape(s->variant, table, &s->problem, s->params, &shape, error)) return -1;
    if (shape.absent) return 0;
    if (block_make(&s->data[t], shape.count * sizeof(float)))
        return no_memory(shape.count * sizeof(float), table->name, error);
    tensors_generate(table, &s->problem, &shape, (float *)s->data[t].data);
    block_read_only(&s->data[t]);
    s->tensors[t] = tensors_view(&shape, (const float *)s->data[t].data);
    return 0;
}

/* As subject_build(), with tensors from sources. */
static int build(struct subject *s, const struct attn_variant *v, const struct attn_problem *problem,
                 const void *params, const struct doc *sources, const struct attn_call *inputs,
                 struct attn_error *error) {
    *s = (struct subject){
        .variant = v, .problem = *problem, .sources = sources, .need.struct_size = sizeof s->need};
    s->params = memcpy(xmalloc(v->params_size + 1), params, v->params_size);
    if (problem_accept(v, &s->problem, s->params, error)) return -1;
    v->size(&s->problem, s->params, &s->need);
    if (block_make(&s->state, s->need.state)) return no_memory(s->need.state, "state", error);
    for (size_t t = 0; t < tensors_count(v); t++)
        if (make_tensor(s, t, inputs, error)) return -1;
    s->call = *inputs;
    s->call.problem = &s->problem;
    s->call.params = s->params;
    s->call.state = s->state.data;
    s->call.tensors = s->tensors;
    return 0;
}

int subject_build(struct subject *s, const struct attn_variant *v, const struct attn_problem *problem,
                  const void *params, const struct attn_call *inputs, struct attn_error *error) {
    return build(s, v, problem, params, NULL, inputs, error);
}

int subject_make(struct subject *s, const struct doc *point, const struct attn_call *inputs,
                 struct attn_error *error) {
    const struct attn_variant *v = registry_find(doc_str(point, "variant", ""));
    struct attn_problem problem;
    if (!v) {
        snprintf(error->text, sizeof error->text, "no variant '%s'", doc_str(point, "variant", ""));
        return -1;
    }
    problem_from_point(point, &problem);
    void *params = params_from_doc(v, doc_get(point, "params"));
    int failed = build(s, v, &problem, params, doc_get(point, "tensors"), inputs, error);
    free(params);
    return failed;
}

int subject_wrap(struct subject *s, const struct doc *point, const struct layered *layered,
                 struct attn_error *error) {
    const struct doc *positions = doc_get(point, "positions");
    size_t turning = positions_rope_floats(positions, &s->problem) * sizeof(float);
    s->is_layered = 1;
    s->layered = *layered;
    s->layered.layer.problem = &s->problem;
    s->made = s->call;
    if (layered->stands_in) s->made.q = layered->q, s->made.k = layered->k, s->made.v = layered->v;
    s->layer_in.struct_size = s->layer_out.struct_size = sizeof s->layer_in;
    attn_layer_size(&s->layered.layer, &s->layer_in, &s->layer_out);
    size_t bytes = s->layer_in.state + s->layer_out.state;
    if (block_make(&s->packed, bytes)) return no_memory(bytes, "the layer's weights", error);
    if (turning == 0) return 0;
    s->positions = positions;
    return block_make(&s->tables, turning) ? no_memory(turning, "the tables of positions", error) : 0;
}

int subject_create(struct subject *s, struct attn_error *error) {
    if (s->is_layered) attn_layer_create(&s->layered.layer, s->packed.data);
    if (s->positions) positions_rope_fill(s->positions, &s->problem, (float *)s->tables.data);
    int failed = s->variant->create ? s->variant->create(s->state.data, &s->problem, s->params, error) : 0;
    s->created = !failed;
    return failed;
}

void subject_free(struct subject *s) {
    if (s->created && s->variant->destroy) s->variant->destroy(s->state.data);
    block_free(&s->state);
    block_free(&s->packed);
    block_free(&s->tables);
    for (int t = 0; t < TENSORS_MAX; t++) block_free(&s->data[t]);
    free(s->params);
}

/* ---- parts --------------------------------------------------------------------------------------- */

static void run_in(void *subject) {
    struct subject *s = subject;
    attn_layer_in(&s->layered.layer, s->packed.data, &s->layered.x, &s->layered.context, &s->made);
}

/* q and k lie packed between the parts of a layer. */
static void run_positions(void *subject) {
    struct subject *s = subject;
    positions_rope_turn(s->positions, &s->problem, (const float *)s->tables.data, (float *)s->made.q.data,
                        (float *)s->made.k.data);
}

static void run_operator(void *subject) {
    struct subject *s = subject;
    s->variant->forward(&s->call);
}

static void run_out(void *subject) {
    struct subject *s = subject;
    attn_layer_out(&s->layered.layer, s->packed.data, &s->call, &s->layered.y);
}

static struct attn_cost operator_cost(const struct subject *s) {
    struct attn_cost cost = {.struct_size = sizeof cost};
    s->variant->cost(&s->problem, s->params, s->tensors, &cost);
    return cost;
}

/* Four products and two sums turn a pair. */
static double positions_flops(const struct subject *s) {
    const struct attn_problem *p = &s->problem;
    return 3.0 * p->batch * positions_rope(s->positions, p).dims *
           ((double)p->heads * p->nq + (double)p->kv_heads * p->nk);
}

static int always(const struct subject *s) { return s->is_layered; }
static int has_positions(const struct subject *s) { return s->positions != NULL; }
static struct attn_need positions_need(const struct subject *s) {
    return (struct attn_need){.struct_size = sizeof(struct attn_need), .state = s->tables.bytes};
}
static double in_flops(const struct subject *s) { return attn_layer_in_flops(&s->layered.layer); }
static double operator_flops(const struct subject *s) { return operator_cost(s).flops; }
static double out_flops(const struct subject *s) { return attn_layer_out_flops(&s->layered.layer); }
static struct attn_need in_need(const struct subject *s) { return s->layer_in; }
static struct attn_need operator_need(const struct subject *s) { return s->need; }
static struct attn_need out_need(const struct subject *s) { return s->layer_out; }

const struct subject_part subject_parts[] = {
    {"project_in", always, run_in, in_flops, in_need},
    {"positions", has_positions, run_positions, positions_flops, positions_need},
    {"operator", always, run_operator, operator_flops, operator_need},
    {"project_out", always, run_out, out_flops, out_need},
    {0}};

void subject_forward(void *subject) {
    struct subject *s = subject;
    if (!s->is_layered) run_operator(s);
    for (const struct subject_part *x = subject_parts; x->name; x++)
        if (x->is_there(s)) x->run(s);
}

struct attn_need subject_need(const struct subject *s) {
    struct attn_need all = s->need;
    all.state += s->layer_in.state + s->layer_out.state + s->tables.bytes;
    all.scratch += s->layer_in.scratch + s->layer_out.scratch;
    return all;
}

/* Of a layer x, context and weights are read, and what stands in for q, k and v; y is written. What is between passes
   through caches or not. */
struct attn_cost subject_cost(const struct subject *s) {
    struct attn_cost cost = operator_cost(s);
    if (!s->is_layered) return cost;
    cost.flops += in_flops(s) + out_flops(s) + (s->positions ? positions_flops(s) : 0);
    cost.bytes = (double)layered_bytes(&s->layered) + layered_output_bytes(&s->layered);
    if (s->layered.stands_in) cost.bytes += problem_input_bytes(&s->problem);
    return cost;
}
