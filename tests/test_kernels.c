/*
 * test_kernels.c -- every kernel of every instruction set that this CPU runs, against plain loops in double.
 *
 *   test_kernels                    all tests
 *   test_kernels --step N           exp and tanh at every N-th float, for emulators
 *   test_kernels --slack N          N floats between arrays and the unreadable page, for emulators whose masked
 *                                   loads touch what the mask leaves out
 *   test_kernels --expect "A B"     first, that exactly these instruction sets are usable here
 *   test_kernels --list             the usable instruction sets, and no test
 *   test_kernels --execute NAME     runs a loop of that instruction set even where it is not usable
 *
 * The generic kernels are held to the same loops as all others, so that two instruction sets differ by no more
 * than twice the bounds. It prints TAP; below a failure stand the first cases that show it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/kern_test.h"

static void test_fma_loop(const struct kern *kern) {
    at("1000 and 3000 rounds");
    double once = kern->fma_loop(1000), thrice = kern->fma_loop(3000);
    hold("operations", 0, thrice, 3 * once, 0);
    if (!(once >= 2000)) wrong("%g operations in 1000 rounds", once);
}

static const struct {
    const char *name;
    void (*run)(const struct kern *);
} tests[] = {
    {"mul over tails, strides and sizes", test_mul},
    {"mul keeps NaN in its row and column", test_mul_nan},
    {"recur", test_recur},
    {"pack", test_pack},
    {"dots", test_dots},
    {"additive", test_additive},
    {"additive_exp", test_additive_exp},
    {"elman", test_elman},
    {"soften", test_soften},
    {"soften of several rows", test_soften_rows},
    {"scale", test_scale},
    {"blend", test_blend},
    {"fade", test_fade},
    {"rotate", test_rotate},
    {"settle and settle_turned", test_settle},
    {"softcap", test_softcap},
    {"exp_sum", test_exp_sum},
    {"sigmoid", test_sigmoid},
    {"exp_twice", test_exp_twice},
    {"softplus", test_softplus},
    {"phases", test_phases},
    {"elu1", test_elu1},
    {"rectify", test_rectify},
    {"dot and sum", test_dot_sum},
    {"largest", test_largest},
    {"add_wide and narrow", test_wide},
    {"peak", test_peak},
    {"above", test_above},
    {"keep", test_keep},
    {"kth", test_kth},
    {"gather", test_gather},
    {"discount", test_discount},
    {"finite", test_finite},
    {"exp over all floats", test_exp},
    {"tanh over all floats", test_tanh},
    {"exp and tanh over tails", test_function_tails},
    {"turn and turn_sines", test_turn},
    {"fma_loop", test_fma_loop},
};
enum { TESTS = sizeof tests / sizeof *tests };

static char title[80];
static int number, failed;

static void end_of_test(void) {
    printf("%sok %d - %s\n", case_failures ? "not " : "", ++number, title);
    fflush(stdout);
    failed += case_failures > 0;
    case_failures = 0;
}

/* A kernel that reads outside its arrays or executes what the CPU has not: the case is known. */
static void on_signal(int code) {
    char text[400];
    int n =
        snprintf(text, sizeof text, "not ok %d - %s\n# %s: signal %d\n", number + 1, title, case_name, code);
    if (write(STDOUT_FILENO, text, (size_t)n) != n) _exit(3);
    _exit(1);
}

static const char *usable_names(void) {
    static char names[80];
    names[0] = '\0';
    for (int i = 0; i < kern_count(); i++)
        if (kern_usable(i)) {
            if (i) strcat(names, " ");
            strcat(names, kern_at(i)->isa);
        }
    return names;
}

/* kern.h: what is asked for where it is usable, else the widest usable; generic is always there. */
static void test_choice(void) {
    const struct kern *widest_usable = kern_at(0);
    snprintf(title, sizeof title, "the choice at run time");
    at("%d instruction sets", kern_count());
    if (strcmp(kern_at(0)->isa, "generic") || !kern_usable(0)) wrong("generic is not the first");
    for (int i = 0; i < kern_count(); i++)
        if (kern_usable(i)) widest_usable = kern_at(i);
    for (int isa = -1; isa <= kern_count() + 1; isa++) {
        int there = isa >= 1 && isa <= kern_count() && kern_usable(isa - 1);
        if (kern_find(isa) != (there ? kern_at(isa - 1) : widest_usable))
            wrong("%d gives %s", isa, kern_find(isa)->isa);
    }
    for (int i = 0; i < kern_count(); i++) /* tiles of 64 keys and more are whole panels */
        if (kern_at(i)->nr < 1 || 64 % kern_at(i)->nr)
            wrong("%s: panels of %d columns", kern_at(i)->isa, kern_at(i)->nr);
    end_of_test();
}

static int execute(const char *name) {
    for (int i = 0; i < kern_count(); i++)
        if (!strcmp(kern_at(i)->isa, name)) return !(kern_at(i)->fma_loop(1) > 0);
    return 2;
}

int main(int argc, char **argv) {
    const char *expected = NULL;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--list")) return puts(usable_names()) == EOF;
        if (!strcmp(argv[i], "--execute")) return execute(value);
        if (!strcmp(argv[i], "--step") && atoi(value) > 0) sweep_step = (unsigned)atoi(value);
        else if (!strcmp(argv[i], "--slack") && atoi(value) > 0) slack = (size_t)atoi(value);
        else if (!strcmp(argv[i], "--expect")) expected = value;
        else {
            fprintf(
                stderr,
                "usage: test_kernels [--step N] [--slack N] [--expect NAMES] | --list | --execute NAME\n");
            return 2;
        }
    }
    signal(SIGSEGV, on_signal);
    signal(SIGBUS, on_signal);
    signal(SIGILL, on_signal);
    if (expected) {
        snprintf(title, sizeof title, "usable here: %s", expected);
        at("usable");
        if (strcmp(usable_names(), expected)) wrong("%s", usable_names());
        end_of_test();
    }
    test_choice();
    for (int i = 0; i < kern_count(); i++)
        for (int t = 0; t < TESTS && kern_usable(i); t++) {
            snprintf(title, sizeof title, "%s: %s", kern_at(i)->isa, tests[t].name);
            tests[t].run(kern_at(i));
            end_of_test();
        }
    printf("1..%d\n", number);
    return failed > 0;
}
