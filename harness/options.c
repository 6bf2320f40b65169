/* options.c -- the options of `attnbench run`. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option_value.h"
#include "problem.h"
#include "text.h"

static const char usage[] =
    "usage: attnbench run CONFIG.lua [options]\n"
    "\n"
    "Measures every point of a sweep and writes results/NAME.\n"
    "\n"
    "  -o, --output DIR        write there instead of results/NAME\n"
    "      --filter REGEX      only points whose id matches (extended regular expression)\n"
    "      --set KEY=VALUE     override a setting: --set shape.n=512,1024 --set measure.replicates=3\n"
    "      --dry-run           print the plan, a JSON document a point, and measure nothing\n"
    "      --resume            go on with an interrupted run in the same folder\n"
    "      --force             resume although machine, build or BLAS core differ from those of the run\n"
    "      --overwrite         replace an earlier run in the same folder\n"
    "      --threads N         threads of every point\n"
    "      --seed N            seed of inputs and random mechanisms\n"
    "      --mem-limit SIZE    memory that one worker may use (512M, 4G); default: most of what is free\n"
    "      --point-timeout T   longest silence of a worker (30s, 5m); default 120s\n"
    "      --budget T          spread this time over the points: none is timed for longer than lets all fit\n"
    "      --blas-core NAME    kernels that OpenBLAS shall use (Haswell, SkylakeX); default: its own choice\n"
    "      --no-plots          draw no pictures and write no page at the end\n"
    "  -h, --help              this text\n"
    "\n"
    "Exit code: 0 fine, 1 a variant missed its own definition, 2 usage or configuration, 3 incomplete\n"
    "(timeout, oom, crashed), 130 interrupted.\n";

enum {
    FILTER = 256,
    SET,
    DRY_RUN,
    RESUME,
    FORCE,
    OVERWRITE,
    THREADS,
    SEED,
    MEM_LIMIT,
    POINT_TIMEOUT,
    BUDGET,
    BLAS_CORE,
    NO_PLOTS
};

static const struct option longs[] = {
    {"output", required_argument, NULL, 'o'},
    {"filter", required_argument, NULL, FILTER},
    {"set", required_argument, NULL, SET},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"resume", no_argument, NULL, RESUME},
    {"force", no_argument, NULL, FORCE},
    {"overwrite", no_argument, NULL, OVERWRITE},
    {"threads", required_argument, NULL, THREADS},
    {"seed", required_argument, NULL, SEED},
    {"mem-limit", required_argument, NULL, MEM_LIMIT},
    {"point-timeout", required_argument, NULL, POINT_TIMEOUT},
    {"budget", required_argument, NULL, BUDGET},
    {"blas-core", required_argument, NULL, BLAS_CORE},
    {"no-plots", no_argument, NULL, NO_PLOTS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static double positive(const char *option, const char *word, double value, const char *example) {
    if (!(value > 0)) die(EXIT_USAGE, "%s %s: give it as %s", option, word, example);
    return value;
}

void options_parse(int argc, char **argv, struct run_options *o) {
    *o = (struct run_options){.seed = -1, .point_timeout = 120};
    o->sets = xmalloc((size_t)argc * sizeof *o->sets);
    opterr = 0;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1;) switch (c) {
        case 'o': o->output = optarg; break;
        case FILTER: o->filter = optarg; break;
        case SET: o->sets[o->nsets++] = optarg; break;
        case DRY_RUN: o->dry_run = 1; break;
        case RESUME: o->resume = 1; break;
        case FORCE: o->force = 1; break;
        case OVERWRITE: o->overwrite = 1; break;
        case THREADS: o->threads = (int)option_whole("--threads", optarg, 1, PROBLEM_THREADS_MAX); break;
        case SEED: o->seed = option_whole("--seed", optarg, 0, PROBLEM_SEED_MAX); break;
        case MEM_LIMIT:
            o->mem_limit = positive("--mem-limit", optarg, parse_bytes(optarg), "512M or 4G");
            break;
        case POINT_TIMEOUT:
            o->point_timeout = positive("--point-timeout", optarg, parse_seconds(optarg), "30s or 5m");
            break;
        case BUDGET: o->budget = positive("--budget", optarg, parse_seconds(optarg), "30m or 2h"); break;
        case BLAS_CORE: o->blas_core = optarg; break;
        case NO_PLOTS: o->no_plots = 1; break;
        case 'h': fputs(usage, stdout); exit(EXIT_FINE);
        case ':': die(EXIT_USAGE, "%s needs a value; see 'attnbench run --help'", argv[optind - 1]);
        default: die(EXIT_USAGE, "unknown option '%s'; see 'attnbench run --help'", argv[optind - 1]);
        }
    if (optind >= argc) die(EXIT_USAGE, "run needs a config, for example 'attnbench run mine.lua'");
    if (optind + 1 < argc) die(EXIT_USAGE, "run takes one config; '%s' is one too many", argv[optind + 1]);
    if (o->resume && o->overwrite) die(EXIT_USAGE, "--resume and --overwrite exclude each other");
    if (o->force && !o->resume) die(EXIT_USAGE, "--force goes with --resume");
    if (o->output && !*o->output) die(EXIT_USAGE, "-o needs the name of a folder");
    o->config = argv[optind];
}
