/* compare.h -- two runs, point by point: is B slower than A, larger, less accurate, or gone? */
#ifndef COMPARE_H
#define COMPARE_H

#include "doc.h"

/* What `attnbench compare --json` prints, but for where the runs come from. `threshold` is a share, 0.05.
   time.verdict of a point is one of

     slower, faster  significant at 0.05 after Holm, and further than the threshold, the noise floor and
                     what was put down to the machine: as measured, with the shift taken out that is put down to the machine, and beside its group
     same            the 0.95 interval of the ratio lies within the threshold, in all these ways
     ambiguous       everything else

   (a control that is slower is no regression: it speaks of the machine or of the harness), and changes[] what else is different: {field, kind, text}, kind "worse", "better" or "note". */
struct doc *compare_runs(const struct doc *rows_a, const struct doc *rows_b, double threshold);

/* What is known of a change of time, in logarithms. */
struct compare_evidence {
    double effect, holm; /* what was tested, and the chance of it over all points */
    double far, reach;   /* the largest that it can be taken for; half the 0.95 interval */
    double df;           /* 0: not known */
    double bar, noise;   /* the threshold; what the machine does by itself */
};

/* The word for it, and where that is "ambiguous" why. */
const char *compare_word(const struct compare_evidence *, const char **why);

/* Adds `counts` of the verdicts in `points`. */
void compare_count(struct doc *comparison);

#endif
