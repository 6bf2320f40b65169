/* roster.h -- all mechanisms in one table. */
#ifndef ROSTER_H
#define ROSTER_H

/* Prints every mechanism but the controls, a row of a Markdown table each: kind, type of layer, growth of time and of
   memory with n, masks, cross shapes (nq != nk), grouped heads, bias, parameters, paper. */
void roster_print(void);

#endif
