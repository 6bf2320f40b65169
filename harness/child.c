/* child.c -- the program executed again. */
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "colour.h"
#include "memory.h"
#include "plugins_asked.h"
#include "stopwatch.h"
#include "text.h"

extern char **environ;

static volatile sig_atomic_t stop;

static void on_signal(int number) {
    (void)number;
    stop = 1;
}

void child_catch_signals(void) {
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART: poll() shall return */
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old;
        if (signals[i] == SIGHUP && !sigaction(SIGHUP, NULL, &old) && old.sa_handler == SIG_IGN)
            continue; /* nohup */
        sigaction(signals[i], &act, NULL);
    }
    signal(SIGPIPE, SIG_IGN); /* who reads our words may leave; what is measured is still to be written */
}

int child_interrupted(void) { return stop; }

/* ---- starting ---------------------------------------------------------------------------------- */

/* Our environment without what would change threads or BLAS kernels behind our back. */
static char **environment(const struct child *c) {
    static const char *const cleared[] = {"OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_"};
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **e = xmalloc((n + 8) * sizeof *e);
    for (size_t i = 0; i < n; i++) {
        int drop = 0;
        for (size_t x = 0; x < sizeof cleared / sizeof *cleared; x++)
            drop |= !strncmp(environ[i], cleared[x], strlen(cleared[x]));
        if (!drop) e[kept++] = xstrdup(environ[i]);
    }
    if (c->threads) {
        e[kept++] = format("OMP_NUM_THREADS=%d", c->threads);
        e[kept++] = xstrdup("OMP_DYNAMIC=false");
    }
    if (c->threads && !c->patient) {
        e[kept++] = xstrdup("OMP_PROC_BIND=close");
        e[kept++] = xstrdup("OMP_PLACES=cores");
    }
    if (c->patient) e[kept++] = xstrdup("OMP_WAIT_POLICY=passive");
    if (c->blas_core) e[kept++] = format("OPENBLAS_CORETYPE=%s", c->blas_core);
    e[kept] = NULL;
    return e;
}

static void free_environment(char **e) {
    for (char **at = e; *at; at++) free(*at);
    free(e);
}

/* The job in a file without a name, so that its size never blocks us. */
static int job_descriptor(const struct doc *job) {
    int f = memfd_create("job", MFD_CLOEXEC);
    char *text = job ? doc_text(job, 0) : xstrdup("");
    size_t n = strlen(text);
    if (f < 0 || write(f, text, n) != (ssize_t)n)
        die(EXIT_USAGE, "cannot pass a job on: %s", strerror(errno));
    lseek(f, 0, SEEK_SET);
    free(text);
    return f;
}

static void place(int from, int to) {
    if (from == to) fcntl(from, F_SETFD, 0);
    else dup2(from, to);
}

/* The child's argv; the words are not copied. */
static const char **arguments(const struct child *c) {
    size_t n = 0, plugins = c->with_plugins ? plugins_asked_count() : 0, at = 0;
    while (c->arguments[n]) n++;
    const char **argv = xmalloc((n + 2 * plugins + 3) * sizeof *argv);
    argv[at++] = "attnbench";
    if (c->pass_output) argv[at++] = colour_option(); /* what we keep ourselves has no colour */
    for (size_t i = 0; i < plugins; i++) {
        argv[at++] = "--plugin";
        argv[at++] = plugins_asked_at(i);
    }
    memcpy(argv + at, c->arguments, (n + 1) * sizeof *argv);
    return argv;
}

/* In the child: it dies with its parent from here on, for an exec leaves the wish in place. A parent that died
   before it was uttered has left us to another. */
static void die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_INTERRUPTED);
}

static pid_t start(const struct child *c, int *events, int *output) {
    int e[2], o[2], job = job_descriptor(c->job), high[4];
    const char **argv = arguments(c);
    char **env = environment(c);
    if (pipe2(e, O_CLOEXEC) || pipe2(o, O_CLOEXEC))
        die(EXIT_USAGE, "cannot make a pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) die(EXIT_USAGE, "cannot start a worker: %s", strerror(errno));
    if (pid == 0) {
        die_with(parent);
        /* first above all targets, then onto them, so that no copy covers a source */
        const int sources[4] = {job, o[1], e[1], c->data};
        for (int i = 0; i < 4; i++) high[i] = sources[i] < 0 ? -1 : fcntl(sources[i], F_DUPFD_CLOEXEC, 16);
        place(high[0], 0);
        if (!c->pass_output) place(high[1], 1), place(high[1], 2);
        place(high[2], CHILD_EVENTS);
        if (c->data >= 0) place(high[3], CHILD_DATA);
        signal(SIGPIPE, SIG_DFL);
        execve("/proc/self/exe", (char *const *)(uintptr_t)argv, env);
        _exit(127);
    }
    close(e[1]);
    close(o[1]);
    close(job);
    free_environment(env);
    free(argv);
    *events = e[0];
    *output = o[0];
    return pid;
}

/* ---- watching ---------------------------------------------------------------------------------- */

/* Hands every complete line of `got` to the caller's function; keeps the rest. */
static void take_events(struct child *c, struct text *got) {
    char *line = got->s, *end, why[200];
    while (line && (end = memchr(line, '\n', got->length - (size_t)(line - got->s)))) {
        struct doc *event = doc_parse(line, (size_t)(end - line), why);
        if (event && c->event) c->event(c->context, event);
        doc_free(event);
        line = end + 1;
    }
    if (line && line != got->s) {
        got->length -= (size_t)(line - got->s);
        memmove(got->s, line, got->length);
    }
}

/* Reads what is there; 0 at the end of the stream. */
static int drain(int f, struct text *t) {
    char block[65536];
    ssize_t n = read(f, block, sizeof block);
    if (n > 0) text_append(t, block, (size_t)n);
    return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

static void keep_words(struct child *c, const struct text *t) {
    size_t n = t->length, from;
    while (n > 0 && (t->s[n - 1] == '\n' || t->s[n - 1] == ' ')) n--;
    for (from = n; from > 0 && t->s[from - 1] != '\n';) from--;
    snprintf(c->words, sizeof c->words, "%.*s", (int)(n - from), t->s ? t->s + from : "");
}

/* Watches until both streams end or a limit is broken; returns how it went so far. */
static enum child_end watch(struct child *c, pid_t pid, int events, int output, struct text *said) {
    struct text got = {0};
    struct pollfd fds[2] = {{events, POLLIN, 0}, {output, POLLIN, 0}};
    double heard = stopwatch_seconds();
    enum child_end end = CHILD_DONE;
    while (end == CHILD_DONE && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
        double asleep = stopwatch_seconds();
        poll(fds, 2, 50);
        asleep = stopwatch_seconds() - asleep;
        if (asleep > 1) heard += asleep; /* we were stopped, and the child most likely with us */
        if (stop) end = CHILD_INTERRUPTED;
        if (fds[0].fd >= 0 && fds[0].revents) {
            if (!drain(events, &got)) fds[0].fd = -1;
            take_events(c, &got);
            heard = stopwatch_seconds();
        }
        if (fds[1].fd >= 0 && fds[1].revents && !drain(output, said)) fds[1].fd = -1;
        if (c->silence > 0 && stopwatch_seconds() - heard > c->silence) end = CHILD_SILENT;
        if (c->memory > 0 && memory_resident(pid) > c->memory) end = CHILD_OVER_MEMORY;
    }
    free(got.s);
    return end;
}

void child_run(struct child *c) {
    struct text said = {0};
    int events, output, status = 0;
    double kills = memory_kills();
    pid_t pid = start(c, &events, &output);
    c->end = watch(c, pid, events, output, &said);
    if (c->end != CHILD_DONE) kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        if (stop) kill(pid, SIGKILL);
    if (c->end == CHILD_DONE && WIFSIGNALED(status)) {
        c->code = WTERMSIG(status);
        c->end = stop                      ? CHILD_INTERRUPTED
                 : c->code != SIGKILL      ? CHILD_CRASHED
                 : memory_kills() == kills ? CHILD_STRAY
                                           : CHILD_KILLED;
    } else if (c->end == CHILD_DONE && WEXITSTATUS(status)) {
        c->code = WEXITSTATUS(status);
        c->end = stop ? CHILD_INTERRUPTED : CHILD_FAILED;
    }
    keep_words(c, &said);
    free(said.s);
    close(events);
    close(output);
}

char *child_reason(const struct child *c) {
    const char *sep = *c->words ? "; its last words: " : "";
    switch (c->end) {
    case CHILD_DONE: return xstrdup("it ended without a result");
    case CHILD_FAILED: return format("exit code %d%s%s", c->code, sep, c->words);
    case CHILD_CRASHED: return format("signal %d (%s)%s%s", c->code, strsignal(c->code), sep, c->words);
    case CHILD_SILENT: return format("no sign of life for %s", show_seconds(c->silence));
    case CHILD_OVER_MEMORY: return format("resident memory went over the cap of %s", show_bytes(c->memory));
    case CHILD_KILLED: return xstrdup("killed by the system, most likely for want of memory");
    case CHILD_STRAY: return xstrdup("killed (signal 9), and not for want of memory");
    case CHILD_INTERRUPTED: break;
    }
    return xstrdup("interrupted");
}

int child_failure(const struct child *c, const char *what) {
    if (c->end == CHILD_INTERRUPTED) return EXIT_INTERRUPTED;
    if (c->end == CHILD_FAILED && (c->code == EXIT_USAGE || c->code == EXIT_INCOMPLETE)) return c->code;
    char *reason = child_reason(c);
    fault("%s: %s", what, reason);
    free(reason);
    return EXIT_INCOMPLETE;
}

/* ---- the other side ---------------------------------------------------------------------------- */

void child_settle(void) {
    FILE *f = fopen("/proc/self/oom_score_adj", "w");
    if (f) {
        fputs("1000", f);
        fclose(f);
    }
}

struct doc *child_job(void) {
    struct text t = {0};
    char why[200];
    while (drain(0, &t)) {}
    struct doc *job = doc_parse(t.s ? t.s : "", t.length, why);
    if (!job) die(EXIT_USAGE, "this command is for the program's own use");
    free(t.s);
    return job;
}

void child_send(struct doc *event) {
    char *line = doc_text(event, 0);
    size_t n = strlen(line), done = 0;
    line[n++] = '\n'; /* over the NUL: write() needs none */
    while (done < n) {
        ssize_t w = write(CHILD_EVENTS, line + done, n - done);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) _exit(EXIT_INTERRUPTED);
        done += (size_t)w;
    }
    free(line);
    doc_free(event);
}
