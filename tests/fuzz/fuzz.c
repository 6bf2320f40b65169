/* fuzz.c -- what the fuzz targets share. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "text.h"

static char folder[200];
static pid_t owner;

void fuzz_broken(const char *file, int line, const char *promise) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
    abort();
}

const char *fuzz_folder(void) { return folder; }

char *fuzz_file(const char *name, const void *bytes, size_t size) {
    char *path = format("%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) die(EXIT_USAGE, "cannot write %s", path);
    return path;
}

static void remove_folder(void) {
    DIR *d = getpid() == owner ? opendir(folder) : NULL;
    for (struct dirent *e; d && (e = readdir(d));) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d), rmdir(folder);
}

/* A planning child tells its parent of plugins; here nobody listens. */
int LLVMFuzzerInitialize(int *argc, char ***argv) {
    const char *root = getenv("TMPDIR");
    int nowhere = open("/dev/null", O_WRONLY);
    (void)argc, (void)argv;
    snprintf(folder, sizeof folder, "%s/attnbench-fuzz-XXXXXX", root ? root : "/tmp");
    if (!mkdtemp(folder)) die(EXIT_USAGE, "cannot make %s", folder);
    owner = getpid();
    atexit(remove_folder);
    if (nowhere != CHILD_EVENTS) dup2(nowhere, CHILD_EVENTS);
    return 0;
}
