/* progress.h -- how far a run is, on stderr: one changing line on a terminal, plain lines elsewhere. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stddef.h>

void progress_start(size_t points, double work);
void progress_done(size_t points, double work); /* so many more points, so much more work */
void progress_past(size_t points, double work); /* the same, done before the start: it tells no speed */
void progress_show(const char *phase, const char *what);                           /* on a terminal only */
void progress_line(const char *format, ...) __attribute__((format(printf, 1, 2))); /* a lasting line */
void progress_end(void);

#endif
