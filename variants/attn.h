/*
 * attn.h -- the contract between an attention mechanism and the program that measures it.
 *
 * A mechanism is one `struct attn_variant`: names, promises, tables and seven functions. The
 * caller owns every byte: it asks size() for two blocks, lets create() fill the first (tables,
 * features, layouts; timed as set-up) and hands both to forward(), the timed call, which cannot
 * fail, does not allocate, print, read clocks or read the environment.
 *
 * Shapes: q [batch][heads][nq][dk], k [batch][kv_heads][nk][dk], v [batch][kv_heads][nk][dv],
 * o [batch][heads][nq][dv], all float. Query head h reads key head h / (heads / kv_heads).
 * Indices are b, h, i (query), j (key) everywhere.
 *
 * A structure that crosses the boundary opens with its size, so that it can grow at the end.
 *
 * The same file serves in the program (variants/list.h names it) and outside of it, as a shared object
 * that `attnbench --plugin FILE.so` loads: ATTN_PLUGIN() at its end says which variants are in it.
 */
#ifndef ATTN_H
#define ATTN_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ATTN_MAGIC 0x4e545441u /* "ATTN" */
#define ATTN_ABI 1u
#define ATTN_ALIGN 64 /* bytes; state, scratch and packed tensors start on such a boundary */

/* ---- the problem: what is asked, known before any data -------------------------------------- */

enum attn_mask {
    ATTN_MASK_NONE,
    ATTN_MASK_CAUSAL,          /* bottom-right: the last query sees the last valid key */
    ATTN_MASK_CAUSAL_TOP_LEFT, /* query 0 sees key 0 */
};

enum attn_bias_kind {
    ATTN_BIAS_NONE,
    ATTN_BIAS_DENSE,    /* float, added to the logit; -inf masks the key */
    ATTN_BIAS_BOOLEAN,  /* bytes, 0 masks the key */
    ATTN_BIAS_ALIBI,    /* -slope[h] * |position of query - j| (Press et al. 2022) */
    ATTN_BIAS_BUCKETED, /* table[h][j - position of query], e.g. T5 buckets spelt out */
};

struct attn_problem {
    size_t struct_size;
    int batch, heads, kv_heads; /* heads is a multiple of kv_heads */
    int nq, nk;                 /* queries and keys, each at least 1 */
    int dk, dv;                 /* size of a key and of a value, each at least 1 */
    float scale;                /* logit = scale * q.k; usually 1 / sqrt(dk) */
    float softcap;              /* c > 0: logit = c * tanh(logit / c), before bias and mask; 0: none */
    enum attn_mask mask;
    int causal_shift; /* moves the diagonal: query i sees j <= i + offset + shift */
    enum attn_bias_kind bias;
    int has_key_lengths; /* the call gives a number of valid keys for each batch item */
    int threads;         /* at least 1 */
    int isa;             /* ATTN_ISA_BEST or an index of attn_isa_name() */
    uint64_t seed;       /* all randomness of the mechanism follows from it */
};

/* ---- data ------------------------------------------------------------------------------------ */

/* A strided read-only view; strides in elements, the elements of one row are contiguous. */
struct attn_view {
    const float *data;
    ptrdiff_t batch, head, row;
};

/* The same, to be written. */
struct attn_output {
    float *data;
    ptrdiff_t batch, head, row;
};

/* What problem.bias announces. Strides are in elements, 0 broadcasts. */
struct attn_bias {
    const float *values;    /* DENSE [b][h][i][j]; ALIBI slopes [h]; BUCKETED [h][count] */
    const uint8_t *allowed; /* BOOLEAN [b][h][i][j] */
    ptrdiff_t batch, head, query, key;
    int first, count; /* BUCKETED: entry e is distance first + e; farther distances take the end */
};

/* One call of forward() or reference(). Everything is the caller's; inputs may be read-only. */
struct attn_call {
    size_t struct_size;
    const struct attn_problem *problem;
    const void *params; /* the variant's own structure, filled through its table */
    void *state;        /* what create() wrote; forward() reads it only */
    void *scratch;      /* need.scratch bytes of anything; contents do not survive the call */
    struct attn_view q, k, v;
    struct attn_bias bias;
    const int *key_lengths;            /* [batch], each 0..nk; NULL unless has_key_lengths */
    const struct attn_view *tensors;   /* one view for each line of the tensor table, in its order;
                                          data NULL for carried state that starts empty */
    const struct attn_output *carried; /* NULL, or one for each line; written where data is set
                                          and the role is ATTN_CARRY */
    struct attn_output o;
    float *lse; /* NULL, or [batch][heads][nq]: log of the sum of exp(logit); -inf for an empty row */
};

/* ---- what a variant declares ------------------------------------------------------------------ */

/* What its output is, next to softmax attention on the same inputs. */
enum attn_kind {
    ATTN_EXACT,          /* equal to softmax attention but for rounding */
    ATTN_SUBSET_SOFTMAX, /* softmax over a subset of the keys */
    ATTN_APPROX_SOFTMAX, /* an estimate of softmax attention, which more features or samples bring nearer */
    ATTN_DIFFERENT,      /* another operator; its distance to softmax is a property, not an error */
    ATTN_CONTROL,        /* a baseline of the measuring itself */
};

/* What the distance of its output is measured from: what it is, or would be, an estimate of. */
enum attn_target {
    ATTN_TARGET_SOFTMAX, /* softmax attention on the same inputs */
    ATTN_TARGET_SHARED_QK, /* softmax attention whose keys are the queries at length 1: see attn_shared_rows() */
    ATTN_TARGET_NONE,      /* nothing: it is no attention, and has no such distance */
};

/* Promises. What is not promised is refused before anything runs; `attnbench check` holds the rest. */
enum {
    ATTN_CAP_NO_MASK = 1 << 0,        /* mask none */
    ATTN_CAP_CAUSAL = 1 << 1,         /* both causal masks */
    ATTN_CAP_SHIFT = 1 << 2,          /* causal_shift other than 0 */
    ATTN_CAP_CROSS = 1 << 3,          /* nq != nk */
    ATTN_CAP_KEY_LENGTHS = 1 << 4,    /* key_lengths */
    ATTN_CAP_BIAS = 1 << 5,           /* every kind of bias */
    ATTN_CAP_SOFTCAP = 1 << 6,        /* softcap */
    ATTN_CAP_GROUPED = 1 << 7,        /* kv_heads < heads */
    ATTN_CAP_WIDE_VALUES = 1 << 8,    /* dv != dk */
    ATTN_CAP_LSE = 1 << 9,            /* writes call.lse */
    ATTN_CAP_WEIGHTS = 1 << 10,       /* reference() fills weights */
    ATTN_CAP_SAME_BITS = 1 << 11,     /* the same bits for every number of threads */
    ATTN_CAP_SAME_BITS_ISA = 1 << 12, /* and for every instruction set */
    ATTN_CAP_RANDOM = 1 << 13,        /* the output depends on the seed */
    ATTN_CAP_NO_OUTPUT = 1 << 14,     /* writes nothing and is not judged */
    ATTN_CAP_ANY_ORDER = 1 << 15,     /* without mask and bias, keys may change places with their values */
    ATTN_CAP_TRANSFORM = 1 << 16, /* a transform takes all positions at once: later keys reach earlier rows
                                         with their rounding, and with inf and NaN */
    ATTN_CAP_UNIT_KEYS = 1 << 17, /* bounded for keys of length 1 only, with some parameters: the keys of
                                         `attnbench check` are such */
};

/* How a quantity grows with n = nq = nk: n^exponent, to be confirmed by measurement. */
struct attn_growth {
    double exponent;
    const char *formula; /* for people: "n^2 d" */
};

/* What the field's tables of layer types say of one (Vaswani et al. 2017, section 4). */
struct attn_growths {
    struct attn_growth time, memory; /* memory: state + scratch */
    struct attn_growth steps;        /* operations that must follow one another, however much runs at once */
    /* The shortest way from a position to one that may hear of it, through stacked layers and the steps within them,
       at its longest. Exponent NAN where that depends on what is in the tensors, or there is no way. */
    struct attn_growth path;
};

enum attn_param_type { ATTN_INT, ATTN_REAL, ATTN_CHOICE };

/* One parameter. The table gives parsing, default, range, help and documentation. */
struct attn_param {
    const char *name; /* NULL ends the table */
    enum attn_param_type type;
    size_t offset;              /* in the variant's structure: int, double, int (index of choices) */
    double preset, min, max;    /* of ATTN_CHOICE only preset */
    const char *const *choices; /* of ATTN_CHOICE, NULL-terminated */
    const char *help;           /* one line; units and the meaning of special values */
};

enum attn_role {
    ATTN_WEIGHT, /* learned: generated from the seed, or read from a file */
    ATTN_INPUT,  /* an extra input: like a weight, or by default an alias of q, k or v */
    ATTN_CARRY,  /* state carried from call to call: read from tensors, written to carried */
};

/* One further tensor. Shape: names out of `b h hk nq nk dk dv` and of integer parameters; a/b is their quotient,
   rounded up, 2*a is twice a, a+b their sum, and a number stands for itself. Sizes that end in two quotients, with at
   most b and h or hk before them, are a value for each block of scores: a config may give a function of blocks for it.
   "if name=choice" after the sizes says of which choice of a parameter the tensor is, "if name!=choice" of which it is
   not; "and" joins several. With the other choices it is not there, and its view has data NULL. */
struct attn_tensor {
    const char *name; /* NULL ends the table */
    enum attn_role role;
    const char *shape; /* "hk dk dv"; the last is contiguous, a leading b and h are strides */
    const char *alias; /* "q", "k" or "v" where that is the default, else NULL */
    double deviation;  /* of the normal values generated from the seed, over the square root of fan */
    const char *fan;   /* product of these sizes, "dk dk"; NULL: 1 */
    const char *help;
};

struct attn_error {
    char text[480];
};

struct attn_need {
    size_t struct_size;
    size_t state, scratch; /* bytes */
};

struct attn_cost {
    size_t struct_size;
    double flops; /* useful floating-point operations of one forward(); a multiply-add is 2 */
    double bytes; /* compulsory traffic: inputs read once, outputs written once */
    double rank;  /* that the weights of a head, as a matrix [nq][nk], cannot exceed; 0: nothing bounds it */
    /* Of the flops, those on pairs that get no weight: scores that only show which keys do; else 0. */
    double search;
};

struct attn_variant {
    uint32_t magic, abi; /* ATTN_MAGIC, ATTN_ABI */
    size_t struct_size;
    const char *name;    /* lower case, digits and underscores */
    const char *brief;   /* one line */
    const char *formula; /* the definition, in text */
    const char *cite;    /* the paper */
    enum attn_kind kind;
    unsigned caps;
    struct attn_growth time, memory; /* memory: state + scratch */
    const struct attn_param *params; /* NULL or a table */
    size_t params_size;
    const struct attn_tensor *tensors; /* NULL or a table */

    /* Refuses, with a reason and -1, what the flags cannot express. NULL accepts. */
    int (*check)(const struct attn_problem *, const void *params, struct attn_error *);
    /* Bytes of state and scratch; required. */
    void (*size)(const struct attn_problem *, const void *params, struct attn_need *);
    /* Fills the state. NULL where there is none. -1 and a reason on failure. */
    int (*create)(void *state, const struct attn_problem *, const void *params, struct attn_error *);
    /* The timed call; required. */
    void (*forward)(const struct attn_call *);
    /* Own definition in double, as the paper writes it, for some query rows of one head; required.
       Single-threaded, re-entrant, may allocate; shares with forward() nothing but parameters,
       tensors and state. out [nrows][dv]. weights, unless NULL, [nrows][nk]: the weight of each
       of the caller's keys, 0 where it is masked; sum_j w_ij v_j is the output, but for what comes from
       outside. They sum to one where the kind is exact or subset, and may do otherwise elsewhere. outside,
       unless NULL, [nrows]: weight that lies elsewhere; 0 before the call. */
    void (*reference)(const struct attn_call *, int b, int h, const int *rows, int nrows, double *weights,
                      double *outside, double *out);
    /* Useful work of one forward() when every key is valid; required. Where it follows from the contents of
       a tensor, the views say; NULL: not known yet, and the answer is what the tables' defaults give. */
    void (*cost)(const struct attn_problem *, const void *params, const struct attn_view *tensors,
                 struct attn_cost *);
    /* Gives back what create() took beyond the state; NULL where nothing. */
    void (*destroy)(void *state);
    /* For a variant that grows otherwise with other parameters or under a causal mask: what is declared here holds for
       the defaults, and comes in; what these change goes out. NULL: nothing. */
    void (*growth)(const void *params, enum attn_mask, struct attn_growths *);
    /* The type of layer it is, in the field's words: self-attention, restricted, content-based, low-rank, kernel,
       recurrent, convolution, or control; NULL: not said. */
    const char *family;
    struct attn_growth steps, path; /* as of attn_growths; left out, both are "1" */
    enum attn_target target;
};

/* ---- a plugin ----------------------------------------------------------------------------------- */

/* What a shared object exports under the name `attn_plugin`. Magic, ABI and sizes are compared before
   anything else is read: they are those of the attn.h that the plugin was built with. */
struct attn_plugin {
    uint32_t magic, abi; /* ATTN_MAGIC, ATTN_ABI */
    size_t struct_size;
    size_t variant_size, problem_size, call_size, param_size, tensor_size;
    const struct attn_variant *const *variants; /* NULL-terminated */
};

#define ATTN_PLUGIN_SIZES                                                                 \
    sizeof(struct attn_plugin), sizeof(struct attn_variant), sizeof(struct attn_problem), \
        sizeof(struct attn_call), sizeof(struct attn_param), sizeof(struct attn_tensor)

/* ATTN_PLUGIN(&attn_variant_one, &attn_variant_two); once in a shared object, outside of any function.
   In the program itself, where variants/list.h does that, it declares nothing new. */
#ifdef ATTN_BUILTIN
#define ATTN_PLUGIN(...) struct attn_plugin
#else
#ifdef __cplusplus
#define ATTN_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define ATTN_EXPORT extern __attribute__((visibility("default")))
#endif
#define ATTN_PLUGIN(...)                                                                  \
    static const struct attn_variant *const attn_plugin_variants[] = {__VA_ARGS__, NULL}; \
    ATTN_EXPORT const struct attn_plugin attn_plugin;                                     \
    const struct attn_plugin attn_plugin = {ATTN_MAGIC, ATTN_ABI, ATTN_PLUGIN_SIZES, attn_plugin_variants}
#endif

/* ---- positions, masks and rows ----------------------------------------------------------------- */

static inline const float *attn_row(const struct attn_view *x, int b, int h, int i) {
    return x->data + b * x->batch + h * x->head + i * x->row;
}

static inline float *attn_out_row(const struct attn_output *x, int b, int h, int i) {
    return x->data + b * x->batch + h * x->head + i * x->row;
}

static inline int attn_kv_head(const struct attn_problem *p, int h) { return h / (p->heads / p->kv_heads); }

/* Valid keys of batch item b. */
static inline int attn_keys(const struct attn_call *c, int b) {
    return c->key_lengths ? c->key_lengths[b] : c->problem->nk;
}

/* The position of query i on the axis of the keys is i + attn_offset(). Windows, ALiBi and buckets
   are measured from it. `keys` is attn_keys(). Without a mask the ends of both axes are aligned
   whatever the key lengths say: padding moves no query. */
static inline int attn_offset(const struct attn_problem *p, int keys) {
    switch (p->mask) {
    case ATTN_MASK_CAUSAL: return keys - p->nq + p->causal_shift;
    case ATTN_MASK_CAUSAL_TOP_LEFT: return p->causal_shift;
    case ATTN_MASK_NONE: break;
    }
    return p->nk - p->nq;
}

/* Query i may see keys 0 .. attn_visible() - 1, as far as mask and key lengths go. */
static inline int attn_visible(const struct attn_problem *p, int keys, int i) {
    int end;
    if (p->mask == ATTN_MASK_NONE) return keys;
    end = i + attn_offset(p, keys) + 1;
    return end < 0 ? 0 : end < keys ? end : keys;
}

/* The bias of one logit; -inf masks. `position` is i + attn_offset(). */
static inline float attn_bias_at(const struct attn_call *c, int b, int h, int i, int j, int position) {
    const struct attn_bias *x = &c->bias;
    ptrdiff_t at = b * x->batch + h * x->head + i * x->query + j * x->key;
    int e;
    switch (c->problem->bias) {
    case ATTN_BIAS_NONE: break;
    case ATTN_BIAS_DENSE: return x->values[at];
    case ATTN_BIAS_BOOLEAN: return x->allowed[at] ? 0.0f : -INFINITY;
    case ATTN_BIAS_ALIBI: return -x->values[h] * fabsf((float)(j - position));
    case ATTN_BIAS_BUCKETED:
        e = j - position - x->first;
        e = e < 0 ? 0 : e < x->count ? e : x->count - 1;
        return x->values[h * x->head + e];
    }
    return 0.0f;
}

/* ---- services of the library -------------------------------------------------------------------- */

/* Instruction sets: index 0 is "best", the widest that the CPU and the system support; then those
   compiled in, narrowest first, up to attn_isa_count() - 1. */
enum { ATTN_ISA_BEST = 0 };
int attn_isa_count(void);
const char *attn_isa_name(int isa);
int attn_isa_usable(int isa);  /* 0 where this CPU lacks it */
int attn_isa_resolve(int isa); /* what BEST stands for here; others unchanged */

/* Fills x[0 .. n) with independent standard normal values. Value number `first + i` depends on
   (seed, stream, first + i) alone: Philox 4x32-10 (Salmon et al. 2011) and Box-Muller in double. */
void attn_random_normal(uint64_t seed, uint64_t stream, uint64_t first, size_t n, float *x);

/* The same for uniform integers in [0, bound). */
uint32_t attn_random_index(uint64_t seed, uint64_t stream, uint64_t index, uint32_t bound);

/* Exact softmax attention in double: the judge. Arguments as of reference(); lse [nrows] and
   max_logit (the largest magnitude of a visible logit, never lowered) may be NULL. */
void attn_softmax_rows(const struct attn_call *, int b, int h, const int *rows, int nrows, double *weights,
                       double *out, double *lse, double *max_logit);

/* The judge of ATTN_TARGET_SHARED_QK: logits q_i . q_j / |q_j|, 0 where q_j is, in place of scale q_i . k_j; a query
   sees itself only where it sees no other. nq = nk. (Kitaev et al. 2020, sections 2 and 3.) */
void attn_shared_rows(const struct attn_call *, int b, int h, const int *rows, int nrows, double *weights,
                      double *out, double *lse, double *max_logit);

/* What the judge's scores of one row are on the way to its softmax, scores [nk]. */
enum attn_stage {
    ATTN_STAGE_LOGITS,     /* scale q.k, of every key, whatever is masked */
    ATTN_STAGE_SOFTCAPPED, /* the same after the softcap */
    ATTN_STAGE_BIASED,     /* with the bias added; -inf where mask, key length or bias hides the key */
};
void attn_softmax_scores(const struct attn_call *, enum attn_stage, int b, int h, int i, double *scores);

/* Runs `rounds` of independent multiply-adds on this thread; returns the operations done. */
double attn_fma_loop(int isa, long rounds);

/* exp and tanh as the kernels compute them: relative error at most 3e-7 over the floats; exp of
   less than -87 is exactly 0, of more than 88 it is +inf, so that 1 / (1 + exp(-x)) is safe. y may be x. */
void attn_exp(int isa, size_t n, const float *x, float *y);
void attn_tanh(int isa, size_t n, const float *x, float *y);

#ifdef __cplusplus
}
#endif
#endif
