/* report_weights.h -- what `attnbench weights` left in the folder of a run, for its page. */
#ifndef REPORT_WEIGHTS_H
#define REPORT_WEIGHTS_H

#include "doc.h"

/* [{name, svg, mechanism, title, heads}], by name, of every DIR/weights/NAME.json that has its NAME.svg; the caller's.
   A file that cannot be read costs a warning. */
struct doc *report_weights(const char *dir);

#endif
