/* apply_inputs.c -- the problem and the call that the tensors of a command line make. */
#include "apply_inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "machine.h"
#include "param_option.h"
#include "problem.h"
#include "text.h"

/* ---- shapes ------------------------------------------------------------------------------------ */

struct axes {
    int batch, heads, n, d;
};

static const char layouts[] = "[batch, heads, n, d], or [batch, n, heads*d] with --heads, is needed";

/* The sizes of q, k or v; `heads` and `option` say how the last dimension of [batch, n, heads*d] is cut. */
static struct axes axes_of(const struct tensor_load *t, int heads, const char *option) {
    const int *shape = t->info.shape;
    struct axes x = {shape[0], shape[1], shape[2], shape[3]};
    if (t->info.rank == 4) {
        if (heads && heads != x.heads)
            tensor_load_refuse(t, "shape %s has %d heads, %s says %d", t->shape, x.heads, option, heads);
        return x;
    }
    if (t->info.rank != 3) tensor_load_refuse(t, "shape %s; %s", t->shape, layouts);
    x = (struct axes){shape[1], heads, shape[2], shape[3]};
    if (!heads)
        tensor_load_refuse(t, "shape %s is [batch, n, heads*d]; say with --heads how many heads that is",
                           t->shape);
    if (x.d % heads)
        tensor_load_refuse(t, "%s %d does not divide %d, the last size of %s", option, heads, x.d, t->shape);
    x.d /= heads;
    return x;
}

static void limit(const struct tensor_load *t, struct axes x) {
    if (x.batch > PROBLEM_LENGTH_MAX || x.heads > PROBLEM_LENGTH_MAX || x.n > PROBLEM_LENGTH_MAX ||
        x.d > PROBLEM_WIDTH_MAX)
        tensor_load_refuse(t, "shape %s; up to %d items, heads and rows of up to %d numbers are taken",
                           t->shape, PROBLEM_LENGTH_MAX, PROBLEM_WIDTH_MAX);
}

/* Opens q, k or v. */
static void open_floats(struct tensor_load *t, const char *option, const char *file, const char *name) {
    tensor_load_open(t, option, file, name);
    tensor_load_require(t, TENSOR_FLOATS, "F32, F16, BF16 or F64 is needed");
}

/* k and v come in the layout of q. */
static void fit_layout(const struct apply_inputs *in, const struct tensor_load *t) {
    if (t->info.rank != in->q.info.rank)
        tensor_load_refuse(t, "shape %s, and q has %s; one layout for all three is needed", t->shape,
                           in->q.shape);
}

/* Says where a forgotten --kv-heads explains why k is narrower than q. */
static void hint_kv_heads(const struct apply_inputs *in, const struct apply_options *o, struct axes q) {
    int width = in->k.info.shape[3];
    if (in->token_major && !o->kv_heads && width != q.heads * q.d && width % q.d == 0)
        tensor_load_refuse(&in->k, "shape %s is %d heads of q's size %d; add --kv-heads %d", in->k.shape,
                           width / q.d, q.d, width / q.d);
}

/* k or v has the sizes `x`, the queries have `q`. */
static void fit_queries(const struct apply_inputs *in, const struct tensor_load *t, struct axes x,
                        struct axes q) {
    if (x.batch != q.batch)
        tensor_load_refuse(t, "a batch of %d in shape %s, of %d in q's %s", x.batch, t->shape, q.batch,
                           in->q.shape);
    if (q.heads % x.heads)
        tensor_load_refuse(t, "%d heads; those of q, %d, must be a multiple", x.heads, q.heads);
    limit(t, x);
}

/* Opens one tensor of the past, which holds [batch, kv_heads, past, d] of `x`; returns past. */
static int open_past(struct tensor_load *t, const char *option, const char *file, const char *name,
                     struct axes x) {
    open_floats(t, option, file, name);
    const int *shape = t->info.shape;
    if (t->info.rank != 4 || shape[0] != x.batch || shape[1] != x.heads || shape[3] != x.d)
        tensor_load_refuse(t, "shape %s; [%d, %d, past, %d] is needed", t->shape, x.batch, x.heads, x.d);
    return shape[2];
}

static void open_both_pasts(struct apply_inputs *in, const struct apply_options *o, struct axes k,
                            struct axes v) {
    if (!o->past_k) return;
    in->past = open_past(&in->past_k, "--past-k", o->past_k, "past_k", k);
    if (open_past(&in->past_v, "--past-v", o->past_v, "past_v", v) != in->past)
        tensor_load_refuse(&in->past_v, "shape %s, and --past-k has %s; as many rows are needed",
                           in->past_v.shape, in->past_k.shape);
    if (in->past > PROBLEM_LENGTH_MAX - k.n)
        tensor_load_refuse(&in->past_k, "%d keys with those of k; up to %d are taken", in->past + k.n,
                           PROBLEM_LENGTH_MAX);
}

static int chosen_isa(void) {
    char *reason;
    int isa = isa_forced(&reason);
    if (isa < 0) die(EXIT_USAGE, "%s", reason);
    return isa;
}

static void make_problem(struct apply_inputs *in, const struct apply_options *o) {
    open_floats(&in->q, "--q", o->q, "q");
    open_floats(&in->k, "--k", o->k, "k");
    open_floats(&in->v, "--v", o->v, "v");
    in->token_major = in->q.info.rank == 3;
    fit_layout(in, &in->k);
    fit_layout(in, &in->v);
    int kv_heads = in->token_major && !o->kv_heads ? o->heads : o->kv_heads;
    const char *option = o->kv_heads ? "--kv-heads" : "--heads";
    struct axes q = axes_of(&in->q, o->heads, "--heads");
    hint_kv_heads(in, o, q);
    struct axes k = axes_of(&in->k, kv_heads, option), v = axes_of(&in->v, kv_heads, option);
    limit(&in->q, q);
    fit_queries(in, &in->k, k, q);
    fit_queries(in, &in->v, v, q);
    if (q.d != k.d)
        tensor_load_refuse(&in->k, "keys of size %d, queries of size %d; they must agree", k.d, q.d);
    if (k.n != v.n || k.heads != v.heads)
        tensor_load_refuse(&in->v, "shape %s, and k has %s; a value for each key is needed", in->v.shape,
                           in->k.shape);
    open_both_pasts(in, o, k, v);
    in->problem = (struct attn_problem){
        .struct_size = sizeof in->problem,
        .batch = q.batch,
        .heads = q.heads,
        .kv_heads = k.heads,
        .nq = q.n,
        .nk = in->past + k.n,
        .dk = q.d,
        .dv = v.d,
        .scale = (float)(o->scale > 0 ? o->scale : 1 / sqrt((double)q.d)),
        .softcap = (float)o->softcap,
        .mask = o->mask,
        .causal_shift = o->causal_shift,
        .threads = o->threads ? o->threads : machine_cores(),
        .isa = chosen_isa(),
        .seed = o->seed,
    };
}

/* ---- key lengths and bias ---------------------------------------------------------------------- */

static void read_key_lengths(struct apply_inputs *in, const char *file) {
    struct attn_problem *p = &in->problem;
    struct tensor_load t;
    tensor_load_open(&t, "--key-lengths", file, "key_lengths");
    tensor_load_require(&t, TENSOR_INTEGERS, "integers are needed");
    if (t.info.rank != 1 || t.info.shape[3] != p->batch)
        tensor_load_refuse(&t, "shape %s; [%d], one length for each batch item, is needed", t.shape,
                           p->batch);
    double *lengths = tensor_load_doubles(&t);
    in->key_lengths = xmalloc((size_t)p->batch * sizeof *in->key_lengths);
    for (int b = 0; b < p->batch; b++) {
        if (!(lengths[b] >= 0 && lengths[b] <= p->nk))
            tensor_load_refuse(&t, "%.0f keys in batch item %d; allowed is 0 to %d", lengths[b], b, p->nk);
        in->key_lengths[b] = (int)lengths[b];
    }
    p->has_key_lengths = 1;
    free(lengths);
    tensor_load_free(&t);
}

static int longest(const struct apply_inputs *in) {
    int most = in->key_lengths ? 0 : in->problem.nk;
    for (int b = 0; in->key_lengths && b < in->problem.batch; b++)
        if (in->key_lengths[b] > most) most = in->key_lengths[b];
    return most;
}

/* The keys beyond the last column of a bias must be beyond the key lengths. */
static void open_bias(struct apply_inputs *in, const char *file) {
    struct attn_problem *p = &in->problem;
    struct tensor_load *t = &in->bias;
    const int *shape, want[4] = {p->batch, p->heads, p->nq, p->nk};
    tensor_load_open(t, "--bias", file, "bias");
    if (tensor_kind(t->info.type) == TENSOR_INTEGERS)
        tensor_load_refuse(t, "it has type %s; booleans (true may attend) or floats (added) are needed",
                           tensor_type_name(t->info.type));
    shape = t->info.shape;
    int fits = t->info.rank >= 2;
    for (int i = 0; i < 4; i++)
        fits &=
            shape[i] == 1 || shape[i] == want[i] || (i == 3 && shape[i] < p->nk && shape[i] >= longest(in));
    if (!fits)
        tensor_load_refuse(t, "shape %s does not broadcast to [batch, heads, nq, nk] = [%d, %d, %d, %d]%s",
                           t->shape, want[0], want[1], want[2], want[3],
                           t->info.rank < 2 ? "; it needs 2 to 4 dimensions" : "");
    p->bias = tensor_kind(t->info.type) == TENSOR_BOOLEANS ? ATTN_BIAS_BOOLEAN : ATTN_BIAS_DENSE;
}

static void read_bias(struct apply_inputs *in) {
    const float *values = tensor_load_floats(&in->bias);
    const int *shape = in->bias.info.shape;
    size_t count = tensor_load_count(&in->bias);
    struct attn_bias *bias = &in->call.bias;
    ptrdiff_t *const strides[4] = {&bias->batch, &bias->head, &bias->query, &bias->key}, step = 1;
    for (int i = 3; i >= 0; step *= shape[i--]) *strides[i] = shape[i] == 1 ? 0 : step;
    if (in->problem.bias == ATTN_BIAS_DENSE) {
        for (size_t i = 0; i < count; i++)
            if (isnan(values[i]) || values[i] == INFINITY)
                tensor_load_refuse(&in->bias, "%s at element %zu; finite numbers add, -inf masks",
                                   isnan(values[i]) ? "NaN" : "+inf", i);
        bias->values = values;
        return;
    }
    if (block_make(&in->allowed, count)) tensor_load_refuse(&in->bias, "no memory for %zu bytes", count);
    for (size_t i = 0; i < count; i++) in->allowed.data[i] = values[i] != 0;
    block_read_only(&in->allowed);
    bias->allowed = (const uint8_t *)in->allowed.data;
}

void apply_inputs_open(struct apply_inputs *in, const struct apply_options *o) {
    *in = (struct apply_inputs){.call.struct_size = sizeof in->call};
    make_problem(in, o);
    if (o->key_lengths) read_key_lengths(in, o->key_lengths);
    if (o->bias) open_bias(in, o->bias);
    apply_positions_open(&in->positions, o, &in->problem, in->past);
}

/* ---- values ------------------------------------------------------------------------------------ */

/* q, k or v as it stands in its file. */
static struct attn_view view_of(struct tensor_load *t, int token_major, int heads, int n, int d) {
    const float *x = tensor_load_floats(t);
    if (!token_major) return problem_packed(x, heads, n, d);
    return (struct attn_view){x, (ptrdiff_t)n * heads * d, d, (ptrdiff_t)heads * d};
}

/* Rows of the past, then the new ones, packed in `to`. */
static struct attn_view join(const struct apply_inputs *in, struct tensor_load *past,
                             struct attn_view new_rows, int d, struct block *to) {
    const struct attn_problem *p = &in->problem;
    size_t row = (size_t)d * sizeof(float);
    if (block_make(to, (size_t)p->batch * (size_t)p->kv_heads * (size_t)p->nk * row))
        tensor_load_refuse(past, "no memory for it and the rows that follow");
    struct attn_view early = problem_packed(tensor_load_floats(past), p->kv_heads, in->past, d);
    float *at = (float *)to->data;
    for (int b = 0; b < p->batch; b++)
        for (int g = 0; g < p->kv_heads; g++)
            for (int j = 0; j < p->nk; j++, at += d)
                memcpy(at, j < in->past ? attn_row(&early, b, g, j) : attn_row(&new_rows, b, g, j - in->past),
                       row);
    block_read_only(to);
    return problem_packed((const float *)to->data, p->kv_heads, p->nk, d);
}

/* Beside q of [batch, n, heads*d] a tensor over positions comes in that layout, too. */
static int is_token_major(const struct apply_inputs *in, const struct tensor_load *t,
                          const struct attn_tensor *table) {
    return in->token_major && t->info.rank == 3 && tensors_over_positions(table);
}

/* One --tensor: it must have the shape of its line in the variant's table. */
static void read_tensor(struct apply_inputs *in, const struct named_file *given, const struct attn_variant *v,
                        const void *params) {
    size_t at = tensor_option(v, given->name);
    struct tensor_shape shape, stored;
    struct attn_error error;
    struct tensor_load *t = &in->tensors[at];
    if (tensors_shape(v, &v->tensors[at], &in->problem, params, &shape, &error))
        die(EXIT_USAGE, "%s", error.text);
    open_floats(t, "--tensor", given->file, given->name);
    if (is_token_major(in, t, &v->tensors[at])) {
        if (tensors_token_major(&v->tensors[at], &shape, t->info.shape + 1, tensor_load_floats(t),
                                &in->views[at], &error))
            tensor_load_refuse(t, "shape %s; %s", t->shape, error.text);
        return;
    }
    if (tensors_stored(&v->tensors[at], &shape, t->info.rank, t->info.shape + 4 - t->info.rank, &stored,
                       &error))
        tensor_load_refuse(t, "shape %s; %s", t->shape, error.text);
    in->views[at] = tensors_view(&stored, tensor_load_floats(t));
}

void apply_inputs_read(struct apply_inputs *in, const struct apply_options *o, const struct attn_variant *v,
                       const void *params) {
    const struct attn_problem *p = &in->problem;
    int fresh = p->nk - in->past;
    in->call.q = view_of(&in->q, in->token_major, p->heads, p->nq, p->dk);
    in->call.k = view_of(&in->k, in->token_major, p->kv_heads, fresh, p->dk);
    in->call.v = view_of(&in->v, in->token_major, p->kv_heads, fresh, p->dv);
    apply_positions_turn(&in->positions, p, in->key_lengths, in->past, &in->call.q, &in->call.k);
    if (in->past) {
        in->call.k = join(in, &in->past_k, in->call.k, p->dk, &in->keys);
        in->call.v = join(in, &in->past_v, in->call.v, p->dv, &in->values);
    }
    if (in->bias.option) read_bias(in);
    apply_positions_bias(&in->positions, p, &in->call.bias);
    for (size_t i = 0; i < o->ntensors; i++) read_tensor(in, &o->tensors[i], v, params);
    in->call.problem = p;
    in->call.key_lengths = in->key_lengths;
    in->call.tensors = in->views;
}

void apply_inputs_free(struct apply_inputs *in) {
    struct tensor_load *all[] = {&in->q, &in->k, &in->v, &in->past_k, &in->past_v, &in->bias};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) tensor_load_free(all[i]);
    for (size_t t = 0; t < TENSORS_MAX; t++) tensor_load_free(&in->tensors[t]);
    apply_positions_free(&in->positions);
    block_free(&in->keys), block_free(&in->values), block_free(&in->allowed);
    free(in->key_lengths);
}
