/*
 * replay.c -- gives every file of a corpus to its target, one process each, and speaks TAP.
 *
 *   replay_config         all of tests/fuzz/corpus/config
 *   replay_config FILE    one file, in this process: for a debugger
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "text.h"

/* What stops a script within a function of C: the process ends, and says this. */
#define TIME_IS_OVER "the config still runs after"

static int run(const char *path) {
    size_t size;
    char *bytes = read_file(path, &size);
    if (!bytes) die(EXIT_USAGE, "cannot read %s", path);
    uint8_t *exact = xmalloc(size); /* so that a read behind its end is seen */
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact), free(bytes);
    return EXIT_FINE;
}

/* The same in a process of its own, which prints to `log`. */
static int run_apart(const char *path, const char *log) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int to = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(to, STDOUT_FILENO), dup2(to, STDERR_FILENO);
        exit(run(path));
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

static int is_good(int status, const char *said) {
    if (status == 0) return 1;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE && strstr(said, TIME_IS_OVER);
}

static void print_comment(char *said) {
    for (char *line = strsep(&said, "\n"); line; line = strsep(&said, "\n")) printf("# %s\n", line);
}

static int is_file(const struct dirent *e) { return e->d_name[0] != '.'; }

int main(int argc, char **argv) {
    LLVMFuzzerInitialize(&argc, &argv);
    if (argc > 1) return run(argv[1]);
    const char *target = strrchr(argv[0], '_');
    char *corpus = format("tests/fuzz/corpus/%s", target ? target + 1 : ""),
         *log = format("%s/log", fuzz_folder());
    struct dirent **files;
    int n = scandir(corpus, &files, is_file, alphasort), bad = 0;
    for (int i = 0; i < n; i++) {
        char *path = format("%s/%s", corpus, files[i]->d_name);
        int status = run_apart(path, log);
        char *said = read_file(log, NULL);
        int good = is_good(status, said ? said : "");
        printf("%sok %d - %s\n", good ? "" : "not ", i + 1, path);
        if (!good) bad++, print_comment(said);
        free(said), free(path), free(files[i]);
    }
    printf("1..%d\n", n);
    if (n > 0) free(files);
    free(corpus), free(log);
    return n <= 0 || bad;
}
