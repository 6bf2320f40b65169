/* report_answers.h -- the verdicts on a run, for its page. */
#ifndef REPORT_ANSWERS_H
#define REPORT_ANSWERS_H

#include "doc.h"

/* An object with `growth`, `crossovers` and `front`, any of which may be missing; NULL after a warning. The
   caller frees it. */
struct doc *report_answers(const char *dir, const struct doc *rows);

#endif
