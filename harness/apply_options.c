/* apply_options.c -- the options of `attnbench apply`. */
#include "apply_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option_value.h"
#include "position_kinds.h"
#include "problem.h"
#include "text.h"

static const char usage[] =
    "usage: attnbench apply VARIANT --q FILE --k FILE --v FILE -o FILE.npy [options]\n"
    "\n"
    "Runs one mechanism once, on your tensors. q, k and v are all [batch, heads, n, d], or all\n"
    "[batch, n, heads*d] with --heads; the output has the layout of q, in f32. An input FILE is FILE.npy,\n"
    "or FILE.safetensors:NAME, where NAME may be left out if it is that of the option.\n"
    "\n"
    "      --q, --k, --v FILE      queries, keys and values: f32, f16, bf16 or f64\n"
    "  -o, --output FILE.npy       where the result goes\n"
    "      --heads N               heads of q, where q is [batch, n, heads*d]\n"
    "      --kv-heads N            heads of k and v there; default: as many as q\n"
    "      --causal[=WHERE]        query i sees keys up to i + offset; bottom-right (the default): the last\n"
    "                              query sees the last valid key; top-left: query 0 sees key 0\n"
    "      --causal-shift N        moves that diagonal by N keys\n"
    "      --bias FILE             2 to 4 dimensions that broadcast to [batch, heads, nq, nk]: floats are "
    "added\n"
    "                              to the logits, of booleans true may attend; with key lengths the last\n"
    "                              dimension may end where the longest of them does\n"
    "      --key-lengths FILE      integers [batch]: keys that are valid in each item, past ones counted\n"
    "      --past-k, --past-v FILE [batch, kv_heads, past, d]: put before k and v\n"
    "      --positions KIND        rope, alibi, t5 or documents, with settings as in a sweep:\n"
    "                              rope,style=half,dims=32; key j stands at j, query i at i + offset;\n"
    "                              the past is turned already\n"
    "      --position-ids FILE     integers [n] or [batch, n]: where the rows of q and k stand, of rope\n"
    "      --rope-cos, --rope-sin FILE\n"
    "                              [positions, dims/2], or [batch, n, dims/2]: in place of base\n"
    "      --slopes FILE           [heads]: of alibi, in place of its own\n"
    "      --scale X               of the logits; default 1 / sqrt(d)\n"
    "      --softcap X             logits become X tanh(logit / X)\n"
    "      --set KEY=VALUE         a parameter of the variant; 'attnbench describe VARIANT' lists them\n"
    "      --tensor NAME=FILE      a tensor of the variant; without it learned weights come from the seed\n"
    "                              and carried state starts empty; one with a row for each position is\n"
    "                              [batch, n, heads*d] where q is\n"
    "      --out NAME=FILE.npy     a further result, see below\n"
    "      --threads N             default: every usable core\n"
    "      --seed N                of learned weights and random mechanisms; default 1\n"
    "      --rows N                query rows whose errors are told, over batch and heads; default 256, 0 "
    "none\n"
    "      --json                  tell them as JSON: accuracy{} as in a row of results\n"
    "  -h, --help                  this text\n"
    "\n"
    "NAME of --out, in f32; the first four are [batch, heads, nq, nk], by definition in double:\n"
    "  logits                  scale q.k of every query and key, masked or not\n"
    "  softcapped              the same after the softcap; without one as logits\n"
    "  biased                  with the bias added: what goes into the softmax; -inf where mask, key "
    "length,\n"
    "                          bias or the variant's choice of keys hides the key\n"
    "  weights                 after the softmax; 0 where the key is hidden\n"
    "  lse                     [batch, heads, nq]: log of the sum of exp(biased)\n"
    "  q_rotated, k_rotated    q, and k without the past, as rope turned them; in the layout of q\n"
    "  present_k, present_v    [batch, kv_heads, nk, d]: keys and values, past ones first\n"
    "  a carried tensor of the variant: its new value\n"
    "The first three are there for variants of the kinds exact and subset_softmax. qk_matmul_output of\n"
    "ONNX's Attention, where the softcap comes before the mask, is the first four in modes 0 to 3.\n"
    "\n"
    "NaN in what no query sees shows in logits and softcapped alone. Results appear when all of them are\n"
    "there, or not at all.\n"
    "Exit code: 0 fine, 1 the output misses its own definition, 2 usage or input, 3 it crashed or ran out\n"
    "of memory, 130 interrupted.\n";

enum {
    Q = 256,
    K,
    V,
    HEADS,
    KV_HEADS,
    CAUSAL,
    CAUSAL_SHIFT,
    BIAS,
    KEY_LENGTHS,
    PAST_K,
    PAST_V,
    POSITIONS,
    POSITION_IDS,
    ROPE_COS,
    ROPE_SIN,
    SLOPES,
    SCALE,
    SOFTCAP,
    SET,
    TENSOR,
    OUT,
    THREADS,
    SEED,
    ROWS,
    JSON
};

static const struct option longs[] = {
    {"q", required_argument, NULL, Q},
    {"k", required_argument, NULL, K},
    {"v", required_argument, NULL, V},
    {"output", required_argument, NULL, 'o'},
    {"heads", required_argument, NULL, HEADS},
    {"kv-heads", required_argument, NULL, KV_HEADS},
    {"causal", optional_argument, NULL, CAUSAL},
    {"causal-shift", required_argument, NULL, CAUSAL_SHIFT},
    {"bias", required_argument, NULL, BIAS},
    {"key-lengths", required_argument, NULL, KEY_LENGTHS},
    {"past-k", required_argument, NULL, PAST_K},
    {"past-v", required_argument, NULL, PAST_V},
    {"positions", required_argument, NULL, POSITIONS},
    {"position-ids", required_argument, NULL, POSITION_IDS},
    {"rope-cos", required_argument, NULL, ROPE_COS},
    {"rope-sin", required_argument, NULL, ROPE_SIN},
    {"slopes", required_argument, NULL, SLOPES},
    {"scale", required_argument, NULL, SCALE},
    {"softcap", required_argument, NULL, SOFTCAP},
    {"set", required_argument, NULL, SET},
    {"tensor", required_argument, NULL, TENSOR},
    {"out", required_argument, NULL, OUT},
    {"threads", required_argument, NULL, THREADS},
    {"seed", required_argument, NULL, SEED},
    {"rows", required_argument, NULL, ROWS},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Adds NAME=FILE to a list; a name comes once. */
static void add_named(const char *option, const char *word, struct named_file *list, size_t *n) {
    struct named_file x = {0};
    x.name = option_name(option, word, &x.file);
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(list[i].name, x.name))
            die(EXIT_USAGE, "%s %s: '%s' is given twice", option, word, x.name);
    list[(*n)++] = x;
}

static void require(const char *file, const char *what) {
    if (!file || !*file) die(EXIT_USAGE, "apply needs %s; see 'attnbench apply --help'", what);
}

static void verify(int argc, char **argv, struct apply_options *o) {
    if (optind >= argc)
        die(EXIT_USAGE,
            "apply needs a variant, for example 'attnbench apply flash'; 'attnbench list' shows them");
    if (optind + 1 < argc) die(EXIT_USAGE, "apply takes one variant; '%s' is one too many", argv[optind + 1]);
    o->variant = argv[optind];
    require(o->q, "--q FILE");
    require(o->k, "--k FILE");
    require(o->v, "--v FILE");
    require(o->outputs[0].file, "-o FILE.npy");
    if (!o->past_k != !o->past_v)
        die(EXIT_USAGE, "--past-%s alone: give --past-k and --past-v together", o->past_k ? "k" : "v");
    if (o->causal_shift && o->mask == ATTN_MASK_NONE)
        die(EXIT_USAGE, "--causal-shift %d: there is no diagonal to move; add --causal", o->causal_shift);
    for (size_t i = 0; i < o->noutputs; i++) {
        const char *file = o->outputs[i].file;
        size_t n = strlen(file);
        if (n < 5 || strcmp(file + n - 4, ".npy"))
            die(EXIT_USAGE, "output %s: results are .npy files; end its name in .npy", file);
        for (size_t j = 0; j < i; j++)
            if (!strcmp(file, o->outputs[j].file))
                die(EXIT_USAGE, "output %s: two results cannot share a file", file);
    }
}

void apply_options_parse(int argc, char **argv, struct apply_options *o) {
    size_t most = (size_t)argc + 1;
    *o = (struct apply_options){.mask = ATTN_MASK_NONE, .seed = 1, .rows = 256, .noutputs = 1};
    o->sets = xmalloc(most * sizeof *o->sets);
    o->tensors = xmalloc(most * sizeof *o->tensors);
    o->outputs = xmalloc(most * sizeof *o->outputs);
    o->outputs[0] = (struct named_file){xstrdup("o"), NULL};
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1;) switch (c) {
        case Q: o->q = optarg; break;
        case K: o->k = optarg; break;
        case V: o->v = optarg; break;
        case 'o': o->outputs[0].file = optarg; break;
        case HEADS: o->heads = (int)option_whole("--heads", optarg, 1, PROBLEM_LENGTH_MAX); break;
        case KV_HEADS: o->kv_heads = (int)option_whole("--kv-heads", optarg, 1, PROBLEM_LENGTH_MAX); break;
        case CAUSAL: o->mask = option_causal(optarg); break;
        case CAUSAL_SHIFT:
            o->causal_shift =
                (int)option_whole("--causal-shift", optarg, -PROBLEM_LENGTH_MAX, PROBLEM_LENGTH_MAX);
            break;
        case BIAS: o->bias = optarg; break;
        case KEY_LENGTHS: o->key_lengths = optarg; break;
        case PAST_K: o->past_k = optarg; break;
        case PAST_V: o->past_v = optarg; break;
        case POSITIONS:
            if (o->positions) die(EXIT_USAGE, "--positions %s: one kind at a time", optarg);
            o->positions = kinds_option(&position_kinds, "--positions", optarg);
            break;
        case POSITION_IDS: o->position_ids = optarg; break;
        case ROPE_COS: o->rope_cos = optarg; break;
        case ROPE_SIN: o->rope_sin = optarg; break;
        case SLOPES: o->slopes = optarg; break;
        case SCALE: o->scale = option_number("--scale", optarg, PROBLEM_SCALE_MIN, PROBLEM_SCALE_MAX); break;
        case SOFTCAP: o->softcap = option_number("--softcap", optarg, 0, PROBLEM_SOFTCAP_MAX); break;
        case SET: o->sets[o->nsets++] = optarg; break;
        case TENSOR: add_named("--tensor", optarg, o->tensors, &o->ntensors); break;
        case OUT: add_named("--out", optarg, o->outputs, &o->noutputs); break;
        case THREADS: o->threads = (int)option_whole("--threads", optarg, 1, PROBLEM_THREADS_MAX); break;
        case SEED: o->seed = (uint64_t)option_whole("--seed", optarg, 0, PROBLEM_SEED_MAX); break;
        case ROWS: o->rows = (int)option_whole("--rows", optarg, 0, PROBLEM_LENGTH_MAX); break;
        case JSON: o->json = 1; break;
        case 'h': fputs(usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench apply --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench apply --help'", argv[optind - 1]);
        }
    verify(argc, argv, o);
}

void apply_options_free(struct apply_options *o) {
    for (size_t i = 0; i < o->ntensors; i++) free(o->tensors[i].name);
    for (size_t i = 0; i < o->noutputs; i++) free(o->outputs[i].name);
    doc_free(o->positions);
    free(o->sets), free(o->tensors), free(o->outputs);
}
