/* verdict.h -- one claim of a paper beside the rows of a run. */
#ifndef VERDICT_H
#define VERDICT_H

#include "doc.h"

enum verdict { AGREES, DIFFERS, UNDECIDED, NOT_COMPARABLE, VERDICTS };
extern const char *const verdict_words[VERDICTS]; /* as answers have them */

/* A ratio agrees within this factor of the published one, an exponent within this difference. */
extern const double verdict_ratio_within, verdict_exponent_within;

/* The claim with what is found: verdict, reason, ours and so on, as results/README.md has it. `absent` names the
   variants that the build lacked. The caller frees it. */
struct doc *verdict_on(const struct doc *claim, const struct doc *absent, const struct doc *rows);

/* Is the variant of the label, "nystrom,landmarks=64", among the absent ones? */
int verdict_lacks(const struct doc *absent, const char *label);

#endif
