/* check_faults.c -- a child that dies of a touch beside its memory says where. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "check_parts.h"
#include "child.h"

/* 1: it wrote; 0: it read, or nobody knows. */
static int wrote(const void *context) {
#if defined(__x86_64__)
    return (((const ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
    return 0;
#endif
}

/* "64 bytes behind the end of scratch (512 bytes)", or "within q" where the pages are read-only. */
static void place(const struct block *b, const char *name, const char *at, char *text, size_t room) {
    if (at >= b->data + b->bytes)
        snprintf(text, room, "%zd bytes behind the end of %s, which has %zu", at - (b->data + b->bytes), name,
                 b->bytes);
    else if (at < b->data) snprintf(text, room, "%zd bytes before %s", b->data - at, name);
    else snprintf(text, room, "byte %zd of %s, which is not to be written", at - b->data, name);
}

/* The process is lost: no memory is asked for, one line is written, and the signal takes its course. */
static void on_fault(int number, siginfo_t *info, void *context) {
    const char *name = "", *at = info->si_addr;
    char where[160], line[320];
    const struct block *b = checked_rig ? rig_block_at(checked_rig, at, &name) : NULL;
    if (b) {
        int writing = wrote(context), inside = at >= b->data && at < b->data + b->bytes;
        place(b, name, at, where, sizeof where);
        int n = snprintf(line, sizeof line, "{\"promise\":\"%s\",\"detail\":\"it %s %s\",\"fatal\":true}\n",
                         inside    ? "writes_inputs"
                         : writing ? "writes_outside"
                                   : "reads_outside",
                         writing || inside ? "wrote" : "read", where);
        if (write(CHILD_EVENTS, line, (size_t)n) < 0) {}
    }
    signal(number, SIG_DFL);
    raise(number);
}

void check_catch_faults(void) {
    struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
}
