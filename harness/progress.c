/* progress.c -- how far a run is, on stderr. */
#include "progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stopwatch.h"
#include "text.h"

enum { COLUMNS = 80, WHAT_MAX = 60 }; /* of a terminal that does not say; of what is at work */
static const double SOON = 1;         /* seconds, before which no speed is known */

static struct {
    size_t points, done;
    double work, worked, start;
    double end; /* when all will be done, as it looked when work was done last; 0: no telling */
    int terminal;
} now;

static int can_go_back(void) {
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb");
}

void progress_start(size_t points, double work) {
    now.points = points;
    now.work = work;
    now.done = 0;
    now.worked = 0;
    now.start = stopwatch_seconds();
    now.end = 0;
    now.terminal = can_go_back();
}

/* Work is done in steps, the rows of a group at once. In between the end stays where it was. */
void progress_done(size_t points, double work) {
    double at = stopwatch_seconds(), took = at - now.start;
    now.done += points;
    now.worked += work;
    if (now.worked > 0 && took >= SOON) now.end = at + took * (now.work - now.worked) / now.worked;
}

void progress_past(size_t points, double work) {
    now.done += points;
    now.work -= work;
}

/* "" where it cannot be told, or where all should have been done by now. */
static const char *time_left(void) {
    double left = now.end - stopwatch_seconds();
    return now.end > 0 && left > 0 ? show_seconds(left) : "";
}

/* Columns of the terminal but the last, behind which some begin a new line. */
static size_t room(void) {
    struct winsize size;
    int known = !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col > 0;
    return (known ? size.ws_col : COLUMNS) - (size_t)1;
}

/* Bytes of the first `columns` letters of UTF-8. */
static size_t cut(const char *s, size_t columns) {
    size_t n = 0;
    for (; s[n]; n++)
        if ((s[n] & 0xc0) != 0x80 && columns-- == 0) break;
    return n;
}

/* What is at work is cut first, then the line. */
void progress_show(const char *phase, const char *what) {
    if (!now.terminal) return;
    size_t columns = room();
    const char *left = time_left();
    char *head = format("[%zu/%zu] %s ", now.done, now.points, phase),
         *tail = *left ? format("  (%s left)", left) : xstrdup("");
    size_t rest = strlen(head) + strlen(tail), most = columns > rest ? columns - rest : 0;
    char *line = format("%s%.*s%s", head, (int)cut(what, most < WHAT_MAX ? most : WHAT_MAX), what, tail);
    fprintf(stderr, "\r\033[K%.*s", (int)cut(line, columns), line);
    fflush(stderr);
    free(head), free(tail), free(line);
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
