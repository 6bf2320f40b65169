/* compare.h -- two runs, point by point: is B slower than A, larger, less accurate, or gone? */
#ifndef COMPARE_H
#define COMPARE_H

#include "doc.h"

/* What `attnbench compare --json` prints, but for where the runs come from. `threshold` is a share, 0.05.
   time.verdict of a point is one of

     slower, faster  significant at 0.05 after Holm, and further than the threshold and the noise floor, both
                     as measured and with the shift that is credited to the machine taken out
     same            the 0.95 interval of the ratio lies within the threshold, in both ways
     ambiguous       everything else

   and changes[] what else is different: {field, kind, text}, kind "worse", "better" or "note". */
struct doc *compare_runs(const struct doc *rows_a, const struct doc *rows_b, double threshold);

#endif
