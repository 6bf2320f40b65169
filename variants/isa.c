/* isa.c -- the instruction sets and their elementary loops, as attn.h offers them. */
#include "attn.h"
#include "kernels/kern.h"

int attn_isa_count(void) { return kern_count() + 1; }

const char *attn_isa_name(int isa) { return isa == ATTN_ISA_BEST ? "best" : kern_at(isa - 1)->isa; }

int attn_isa_usable(int isa) { return isa == ATTN_ISA_BEST || kern_usable(isa - 1); }

int attn_isa_resolve(int isa) {
    if (isa != ATTN_ISA_BEST) return isa;
    for (int i = 0; i < kern_count(); i++)
        if (kern_at(i) == kern_find(ATTN_ISA_BEST)) return i + 1;
    return 1;
}

double attn_fma_loop(int isa, long rounds) { return kern_find(isa)->fma_loop(rounds); }
void attn_exp(int isa, size_t n, const float *x, float *y) { kern_find(isa)->exp(n, x, y); }
void attn_tanh(int isa, size_t n, const float *x, float *y) { kern_find(isa)->tanh(n, x, y); }
