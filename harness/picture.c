/* picture.c -- pictures drawn by gnuplot. */
#include "picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "results.h"

extern const char styles_gp[]; /* made from scripts/styles.gp */

void picture_heading(struct text *t, const char *name) {
    text_add(t, "# Draws %s.svg and %s.png: gnuplot %s.gp, in this folder.\n\n%s\n", name, name, name,
             styles_gp);
}

void picture_quote(struct text *t, const char *s) {
    text_add(t, "\"");
    for (; *s; s++) text_add(t, strchr("\"\\", *s) ? "\\%c" : "%c", *s);
    text_add(t, "\"");
}

/* height_ is that of the SVG; the PNG is half as large again. */
static void add_terminals(struct text *t, const char *name, const char *script, size_t height) {
    text_add(t, "height_ = %zu\n", height);
    for (int svg = 1; svg >= 0; svg--) {
        if (svg)
            text_add(t, "\nset terminal svg size 960,%zu dynamic font \"sans,12\" background \"white\"\n",
                     height);
        else
            text_add(t, "\nset terminal pngcairo size 1440,%zu font \"sans,12\" fontscale 1.3\n",
                     height + height / 2);
        text_add(t, "set output \"%s.%s\"\n", name, svg ? "svg" : "png");
        if (svg) text_add(t, "\n%s", script);
        else text_add(t, "replot\n");
    }
}

enum { HEIGHT = 560 };

void picture_terminals(struct text *t, const char *name, const char *script) {
    add_terminals(t, name, script, HEIGHT);
}

void picture_terminals_of(struct text *t, const char *name, const char *script, size_t lines) {
    const size_t line = 17, rest = 150;
    size_t height = rest + line * lines;
    add_terminals(t, name, script, height > HEIGHT ? height : HEIGHT);
}

/* Runs gnuplot in the folder; -1 where it is missing or complains. */
static int run(const char *folder, const char *script) {
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        if (chdir(folder) == 0) execlp("gnuplot", "gnuplot", script, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0) return -1;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
    warn(WIFEXITED(status) && WEXITSTATUS(status) == 127
             ? "gnuplot is missing: install gnuplot-nox, then 'attnbench plot'; "
               "data and scripts are in %s"
             : "gnuplot failed in %s",
         folder);
    return -1;
}

int picture_save(const char *folder, const char *name, const char *ending, char *text) {
    char *file = format("%s%s", name, ending);
    int failed = results_write(folder, file, text);
    if (failed) warn("cannot write %s/%s: %s", folder, file, strerror(errno));
    free(file);
    free(text);
    return failed;
}

int picture_draw(const char *folder, const char *name, char *script) {
    char *file = format("%s.gp", name);
    int failed = picture_save(folder, name, ".gp", script) || run(folder, file);
    free(file);
    return failed ? -1 : 0;
}
