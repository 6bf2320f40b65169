/* hang.c -- never returns. */
#include <sys/prctl.h>
#include <unistd.h>

#include "honest.h"

static void forward(const struct attn_call *c) {
    (void)c;
    prctl(PR_SET_NAME, "broken_hang"); /* for tests that wait until it does */
    for (;;) pause();
}

BROKEN(hang, .forward = forward);
