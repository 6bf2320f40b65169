/*
 * judge.h -- how far an output is from its own definition and from softmax attention, on sampled rows.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include "doc.h"
#include "subject.h"
#include "truth.h"

/* After forward(): the fields of accuracy{} that one output has, into `d`. */
void judge_output(const struct subject *, const struct truth *, struct doc *d);

/*
 * The same mechanism drawn from `seeds` seeds, that of the point and those after it, on the same inputs. With o_s the
 * output of a seed, o that of softmax attention and m the mean of the o_s, each over the sampled rows and relative to
 * |o|^2:
 *
 *   bias^2      |m - o|^2 less what the mean of so few draws strays by itself, variance / seeds; at least 0
 *   variance    sum |o_s - m|^2 / (seeds - 1)
 *
 * Adds accuracy.seeds{n, mean, sd, bias2, variance, rel_fro[]}, mean and sd those of rel_fro, unless the output is the same for all. The subject's output has the rows of the
 * last seed afterwards. `alive` is called after each seed. -1 and the reason: no memory, or create() failed.
 */
int judge_seeds(const struct subject *, const struct doc *point, const struct truth *, int seeds,
                void (*alive)(const struct doc *point), struct doc *d, struct attn_error *);

/* Does the output depend on the seed: features, patterns or weights that were drawn from it? */
int judge_is_random(const struct subject *);

#endif
