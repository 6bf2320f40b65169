/* main.c -- the commands of attnbench. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blas.h"
#include "child.h"
#include "colour.h"
#include "commands.h"
#include "manifest.h"
#include "plan.h"
#include "plugins_asked.h"
#include "text.h"
#include "worker.h"

static int worker(int argc, char **argv) {
    (void)argc, (void)argv;
    return worker_main();
}

/* What a command does with the plugins of the command line. */
enum plugins { PASS, LOAD };

static const struct {
    const char *name, *help; /* help NULL: for the program's own use */
    int (*run)(int, char **);
    enum plugins plugins;
} commands[] = {
    {"list", "every variant: kind, declared growth, one line", command_list, LOAD},
    {"describe", "one variant: formula, paper, parameters, tensors, capabilities; or a table of all",
     command_describe, LOAD},
    {"run", "measure a sweep: attnbench run CONFIG.lua", command_run, PASS},
    {"apply", "run one variant on your own tensors", command_apply, PASS},
    {"weights", "what the heads of one variant attend to, drawn beside softmax", command_weights, PASS},
    {"check", "hold variants to their contract and their own definition", command_check, PASS},
    {"compare", "two runs, point by point: is the second one slower?", command_compare, PASS},
    {"baseline", "keep a run under a name, to compare others with it", command_baseline, PASS},
    {"plot", "draw the pictures of a folder of results", command_plot, PASS},
    {"fit", "the answers of a folder of results: growth, crossovers, fronts", command_fit, PASS},
    {"report", "one page of HTML on a folder of results", command_report, PASS},
    {"doctor", "what on this machine would spoil a measurement, and the remedy", command_doctor, PASS},
    {"roster-child", NULL, plugins_asked_child, LOAD},
    {"worker", NULL, worker, PASS},
    {"plan-child", NULL, plan_child, LOAD},
    {"check-child", NULL, command_check_child, LOAD},
    {"apply-child", NULL, command_apply_child, LOAD},
    {"weights-child", NULL, command_weights_child, LOAD},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void) {
    puts("usage: attnbench COMMAND ...\n\n"
         "Measures attention mechanisms on this CPU: time, memory and accuracy over sequence length.\n");
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].help) printf("  %-10s %s\n", commands[i].name, commands[i].help);
    puts("\n  --plugin FILE.so, with every command: variants built elsewhere\n"
         "  --color[=WHEN], with every command: auto (words in colour on a terminal), always, never\n"
         "\n'attnbench COMMAND --help' tells more. Exit codes: 0 fine, 1 a failed check, an inaccurate\n"
         "result or a regression, 2 usage or input, 3 an incomplete sweep, 130 interrupted.");
}

/* A reader of a pipe that has left wanted no more of it. */
static int reader_left(void) {
    struct pollfd out = {STDOUT_FILENO, POLLOUT, 0};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* What was printed and could not be written is found out here, whichever way the program ends. */
static void close_stdout(void) {
    errno = 0;
    int lost = fflush(stdout) || ferror(stdout), why = errno;
    if (!lost && close(STDOUT_FILENO) && errno != EBADF) lost = 1, why = errno; /* some write late */
    if (!lost || reader_left()) return;
    fault("cannot write to stdout: %s; what is there is not complete",
          why ? strerror(why) : "a write failed");
    _exit(EXIT_USAGE);
}

int main(int argc, char **argv) {
    const char *names[COMMANDS];
    size_t shown = 0;
    atexit(close_stdout);
    const char *wrong = colour_take(&argc, argv);
    if (wrong) die(EXIT_USAGE, "--color=%s: allowed: auto, always, never", wrong);
    plugins_asked_take(&argc, argv);
    const char *name = argv[1];
    if (!name) {
        print_help();
        return EXIT_USAGE;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help();
        return EXIT_FINE;
    }
    if (!strcmp(name, "--version")) {
        printf("attnbench %s\n", build_version());
        return EXIT_FINE;
    }
    blas_require_openmp();
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name)) continue;
        if (commands[i].help) plugins_asked_try();
        else child_settle();
        if (commands[i].plugins == LOAD) plugins_asked_load(!commands[i].help);
        return commands[i].run(argc - 1, argv + 1);
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].help) names[shown++] = commands[i].name;
    die(EXIT_USAGE, "no command '%s'; %s", name, suggestion(name, names, shown));
}
