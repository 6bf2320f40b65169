/* weights_options.c -- the options of `attnbench weights`. */
#include "weights_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input_option.h"
#include "option_value.h"
#include "position_kinds.h"
#include "problem.h"
#include "text.h"

static const char usage[] =
    "usage: attnbench weights VARIANT --input WHAT -o NAME [options]\n"
    "\n"
    "Draws the attention rows of a mechanism beside those of exact softmax attention, and their difference:\n"
    "NAME.svg and NAME.png, with NAME.csv and NAME.gp to draw them again. Tells of every head what it\n"
    "attends to, NAME.json the same for programs. The page of a run shows what is in its folder weights.\n"
    "\n"
    "      --input WHAT         FILE.safetensors with tensors q, k and v; file,q=Q.npy,k=K.npy,v=V.npy; or "
    "made\n"
    "                           ones: gauss,s=2 and the other inputs of a sweep, with their settings\n"
    "  -o, --output NAME        a path; an ending .svg or .png is left out\n"
    "      --head LIST          heads, 0 or 0,2,5; default: all, of which the first six are drawn\n"
    "      --item N             item of the batch; default 0\n"
    "  -n, --length N           the first so many positions; default: 256, or all that the file has, if "
    "fewer\n"
    "      --heads N            of made inputs; default 4\n"
    "      --head-size N        of made inputs; default 64\n"
    "      --causal[=WHERE]     bottom-right (the default) or top-left, as for apply\n"
    "      --positions KIND     rope, alibi, t5 or documents, with settings as in a sweep\n"
    "      --scale X            of the logits; default 1 / sqrt(d)\n"
    "      --set KEY=VALUE      a parameter of the variant; 'attnbench describe VARIANT' lists them\n"
    "      --tensor NAME=FILE   a tensor of the variant; without it learned weights come from the seed\n"
    "      --tokens FILE        one token a line, the first that of position 0: labels\n"
    "      --seed N             of made inputs, learned weights and random mechanisms; default 1\n"
    "      --threads N          default: every usable core\n"
    "      --json               print what NAME.json holds\n"
    "  -h, --help               this text\n";

enum {
    INPUT = 256,
    HEAD,
    ITEM,
    HEADS,
    HEAD_SIZE,
    CAUSAL,
    POSITIONS,
    SCALE,
    SET,
    TENSOR,
    TOKENS,
    SEED,
    THREADS,
    JSON
};

static const struct option longs[] = {
    {"input", required_argument, NULL, INPUT},
    {"output", required_argument, NULL, 'o'},
    {"head", required_argument, NULL, HEAD},
    {"item", required_argument, NULL, ITEM},
    {"length", required_argument, NULL, 'n'},
    {"heads", required_argument, NULL, HEADS},
    {"head-size", required_argument, NULL, HEAD_SIZE},
    {"causal", optional_argument, NULL, CAUSAL},
    {"positions", required_argument, NULL, POSITIONS},
    {"scale", required_argument, NULL, SCALE},
    {"set", required_argument, NULL, SET},
    {"tensor", required_argument, NULL, TENSOR},
    {"tokens", required_argument, NULL, TOKENS},
    {"seed", required_argument, NULL, SEED},
    {"threads", required_argument, NULL, THREADS},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void parse_heads(char *list, struct weights_options *o) {
    char *words = xstrdup(list), *rest = words;
    for (char *word; (word = strsep(&rest, ","));) {
        if (o->nchosen == WEIGHTS_HEADS) die(EXIT_USAGE, "--head %s: at most %d", list, WEIGHTS_HEADS);
        o->chosen[o->nchosen++] = (int)option_whole("--head", word, 0, PROBLEM_LENGTH_MAX);
    }
    free(words);
}

static void parse_tensor(const char *word, struct doc *sources) {
    const char *file;
    char *name = option_name("--tensor", word, &file);
    if (doc_get(sources, name)) die(EXIT_USAGE, "--tensor %s: '%s' is given twice", word, name);
    doc_put_str(sources, name, file);
    free(name);
}

void weights_options_parse(int argc, char **argv, struct weights_options *o) {
    *o = (struct weights_options){.heads = 4, .head_size = 64, .seed = 1, .sources = doc_object()};
    o->sets = xmalloc(((size_t)argc + 1) * sizeof *o->sets);
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":o:n:h", longs, NULL)) != -1;) switch (c) {
        case INPUT:
            if (o->input) die(EXIT_USAGE, "--input %s: one input at a time", optarg);
            o->input = input_option("--input", optarg);
            break;
        case 'o': o->output = optarg; break;
        case HEAD: parse_heads(optarg, o); break;
        case ITEM: o->item = (int)option_whole("--item", optarg, 0, PROBLEM_LENGTH_MAX); break;
        case 'n': o->length = (int)option_whole("--length", optarg, 1, WEIGHTS_LENGTH_MAX); break;
        case HEADS: o->heads = (int)option_whole("--heads", optarg, 1, WEIGHTS_HEADS); break;
        case HEAD_SIZE: o->head_size = (int)option_whole("--head-size", optarg, 1, PROBLEM_WIDTH_MAX); break;
        case CAUSAL: o->mask = option_causal(optarg); break;
        case POSITIONS:
            if (o->positions) die(EXIT_USAGE, "--positions %s: one kind at a time", optarg);
            o->positions = kinds_option(&position_kinds, "--positions", optarg);
            break;
        case SCALE: o->scale = option_number("--scale", optarg, PROBLEM_SCALE_MIN, PROBLEM_SCALE_MAX); break;
        case SET: o->sets[o->nsets++] = optarg; break;
        case TENSOR: parse_tensor(optarg, o->sources); break;
        case TOKENS: o->tokens = optarg; break;
        case SEED: o->seed = (uint64_t)option_whole("--seed", optarg, 0, PROBLEM_SEED_MAX); break;
        case THREADS: o->threads = (int)option_whole("--threads", optarg, 1, PROBLEM_THREADS_MAX); break;
        case JSON: o->json = 1; break;
        case 'h': fputs(usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench weights --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench weights --help'", argv[optind - 1]);
        }
    if (optind >= argc)
        die(EXIT_USAGE,
            "weights needs a variant, for example 'attnbench weights local'; 'attnbench list' shows them");
    if (optind + 1 < argc)
        die(EXIT_USAGE, "weights takes one variant; '%s' is one too many", argv[optind + 1]);
    o->variant = argv[optind];
    if (!o->input) die(EXIT_USAGE, "weights needs --input WHAT; see 'attnbench weights --help'");
    if (!o->output || !*o->output) die(EXIT_USAGE, "weights needs -o NAME; see 'attnbench weights --help'");
}

void weights_options_free(struct weights_options *o) {
    doc_free(o->input);
    doc_free(o->positions);
    doc_free(o->sources);
    free(o->sets);
}
