/* packed.c -- takes queries to be packed. */
#include "honest.h"

FORWARD_TOLD(call.q.row = p.dk, call.q.head = (ptrdiff_t)p.nq * p.dk, call.q.batch = p.heads * call.q.head;)

BROKEN(packed, .forward = forward);
