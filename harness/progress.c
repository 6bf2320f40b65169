/* progress.c -- how far a run is, on stderr. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stopwatch.h"
#include "text.h"

static struct {
    size_t points, done;
    double work, worked, start;
    int terminal;
} now;

void progress_start(size_t points, double work) {
    now.points = points;
    now.work = work;
    now.done = 0;
    now.worked = 0;
    now.start = stopwatch_seconds();
    now.terminal = isatty(STDERR_FILENO);
}

void progress_done(size_t points, double work) {
    now.done += points;
    now.worked += work;
}

static const char *time_left(void) {
    double took = stopwatch_seconds() - now.start;
    if (now.worked <= 0 || took < 1) return "";
    return show_seconds(took * (now.work - now.worked) / now.worked);
}

void progress_show(const char *phase, const char *what) {
    const char *left = time_left();
    if (!now.terminal) return;
    fprintf(stderr, "\r\033[K[%zu/%zu] %s %.60s%s%s%s", now.done, now.points, phase, what, *left ? "  (" : "",
            left, *left ? " left)" : "");
    fflush(stderr);
}

void progress_line(const char *form, ...) {
    const char *left = time_left();
    va_list args;
    if (now.terminal) fputs("\r\033[K", stderr);
    fprintf(stderr, "[%zu/%zu] ", now.done, now.points);
    va_start(args, form);
    vfprintf(stderr, form, args);
    va_end(args);
    if (*left && now.done < now.points) fprintf(stderr, "  (%s left)", left);
    fputc('\n', stderr);
}

void progress_end(void) {
    if (now.terminal) fputs("\r\033[K", stderr);
}
