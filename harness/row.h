/* row.h -- one row of points.jsonl, from a planned point and what was measured. */
#ifndef ROW_H
#define ROW_H

#include "doc.h"

/* The fields that every row has: the point's own, its planned work, status "ok", no flags, and the command that measures
   this point again. `command` is the present command line: program, config, --set and the like, without
   -o and --filter. */
struct doc *row_begin(const struct doc *point, const char *command);

/* Is there a row, and did all go well? */
int row_is_ok(const struct doc *row);

void row_status(struct doc *row, const char *status, const char *reason);
void row_flag(struct doc *row, const char *flag);

/* What the inputs are like, as the worker that made them found. */
void row_described(struct doc *row, const struct doc *descriptors);

/* Work, memory and accuracy out of the answer of a probe; a row beyond its bound becomes "inaccurate". */
void row_probed(struct doc *row, const struct doc *probe, const struct doc *what);

/* The median of the samples of a process, {ns[], disturbed[]}: of those that are not disturbed (0), where these are two, or a
   third; else of all. */
double row_process_median(const struct doc *samples);

/* Time out of the samples of each replicate, an array of them; the disturbed ones are named by their place. */
void row_timed(struct doc *row, const struct doc *replicates, double setup_ns, int single);

/* The same statistics of the parts of a layer, {name: replicates}, beside their work; what share each has of all parts, and
   how these together compare with the whole. */
void row_parts_timed(struct doc *row, const struct doc *parts);

/* So many blocks ran in place of disturbed ones; flags a row that has too many of these among its samples. */
void row_disturbed(struct doc *row, int repeated);

/* What the sentinel read in each process, FLOP/s in the order of the rounds; flags a row whose machine drifted meanwhile. */
void row_sentinel(struct doc *row, const struct doc *processes);

/* The most bytes of resident memory that blocks added in a process, negative: not known; flags what nobody declared. Nothing
   where memory was not asked for. */
void row_grown(struct doc *row, double bytes);

/* How the group's variant `label`, timed as two entries, differs from itself: the ratio in each process. */
void row_twins(struct doc *row, const char *label, const struct doc *ratios);

/* How the times compare with those of a baseline in the same processes: its label, its median in each. */
void row_beside(struct doc *row, const char *baseline, const struct doc *medians);

/* gflops and the shares of the ceilings, in FLOP/s and B/s; 0 where a ceiling is not known. */
void row_ceilings(struct doc *row, double fma_flops, double read_bytes);

#endif
