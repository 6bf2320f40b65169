/* config_clock.c -- how long a script may run, and where it stands. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include <lauxlib.h>

#include "config_parts.h"

enum { SECONDS = 4 };            /* that a script may run, unless config_limit() was called */
static const double GRACE = 0.5; /* seconds after these, for the script to come to its next instruction */

static volatile sig_atomic_t current_line; /* of the script, kept by the hook */
static const char *current_path;
static double seconds = SECONDS;

/* One script runs at a time. Its time is over: the hook then ends it at its next instruction, and the process where
   it does not come to one, within a string pattern. */
static lua_State *running;
static volatile sig_atomic_t time_is_over;
static struct timeval time_left; /* in all its calls together */

static struct sigaction signal_before; /* the timer may be somebody else's while no script runs */
static struct itimerval timer_before;

#define STILL_RUNS                                                                           \
    "%.300s:%d: the config still runs after %g seconds; it may only describe a sweep: look " \
    "for an endless loop or a string pattern that backtracks\n"

void config_note_line(lua_State *lua, lua_Debug *ar) {
    if (lua_getinfo(lua, "l", ar) && ar->currentline > 0) current_line = ar->currentline;
    if (time_is_over) luaL_error(lua, "the time is over");
}

static void on_alarm(int number) {
    char text[512];
    (void)number;
    if (!time_is_over) {
        time_is_over = 1;
        lua_sethook(running, config_note_line, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
        return;
    }
    int n = snprintf(text, sizeof text, "attnbench: " STILL_RUNS, current_path, (int)current_line, seconds);
    if (write(STDERR_FILENO, text, (size_t)n) < 0) {}
    _exit(EXIT_USAGE);
}

static struct timeval interval(double x) {
    return (struct timeval){.tv_sec = (time_t)x, .tv_usec = (suseconds_t)((x - floor(x)) * 1e6)};
}

void config_clock_start(struct config *c) {
    struct timeval grace = interval(GRACE);
    struct itimerval timer = {.it_value = time_is_over ? grace : time_left, .it_interval = grace};
    struct sigaction ours = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    running = c->lua;
    sigaction(SIGALRM, &ours, &signal_before);
    setitimer(ITIMER_REAL, &timer, &timer_before);
}

void config_clock_stop(void) {
    struct itimerval none = {0}, rest;
    setitimer(ITIMER_REAL, &none, &rest);
    time_left = rest.it_value;
    sigaction(SIGALRM, &signal_before, NULL);
    setitimer(ITIMER_REAL, &timer_before, NULL);
}

void config_clock_reset(const char *path) {
    current_path = path;
    current_line = 0;
    time_is_over = 0;
    time_left = interval(seconds);
}

int config_clock_is_over(void) { return time_is_over; }
int config_clock_line(void) { return (int)current_line; }
void config_clock_stands_at(int line) { current_line = line; }

void config_clock_tell(struct text *errors) {
    text_add(errors, STILL_RUNS, current_path, (int)current_line, seconds);
}

void config_limit(double most) { seconds = most; }
