#!/bin/sh
# lint.sh -- formatting, and the direction of includes: arrows point one way.
#
#   kernels -> the C library      variants -> attn.h, their own helpers, kernels
#   harness -> attn.h, list.h, layer.h, positions.h
#   the files of configs alone know Lua, one file JSON, one LAPACK, one FFTW; scripts read only results
set -u
failed=0

complain() {
    echo "lint: $1" >&2
    failed=1
}

# Quoted includes in the files of $1 that match none of the allowed names $2.
stray() {
    grep -nE '^#include "' $1 | grep -vE "\"($2)\"" && complain "$3"
}

# The angle include $1 stands in the file $2 alone.
one_door() {
    others=$(grep -lE "#include <$1>" harness/*.[ch] variants/*.[ch] variants/kernels/*.[ch] | grep -vx "$2")
    [ -z "$others" ] || complain "<$1> belongs in $2 alone, not in $others"
}

# The word $1 stands in the file $2 alone.
one_caller() {
    others=$(grep -lw "$1" harness/*.[ch] variants/*.[ch] variants/kernels/*.[ch] | grep -vx "$2")
    [ -z "$others" ] || complain "LAPACK's $1 belongs in $2 alone, not in $others"
}

own_kernels=$(cd variants/kernels && ls *.h | paste -sd'|')
own_variants=$(cd variants && ls *.h | paste -sd'|')
own_harness=$(cd harness && ls *.h | paste -sd'|')

stray "variants/kernels/*.[ch]" "$own_kernels" "a kernel includes something outside variants/kernels"
stray "variants/*.[ch]" "$own_variants|kernels/kern.h" "a variant includes something outside variants"
stray "harness/*.[ch]" "$own_harness|attn.h|layer.h|list.h|positions.h" "the harness knows variants through attn.h, layer.h, list.h and positions.h only"
one_door "lua.h" harness/config_parts.h
others=$(grep -lE '<(lauxlib|lualib)\.h>|"config_parts\.h"' harness/*.[ch] | grep -v '^harness/config')
[ -z "$others" ] || complain "Lua belongs in the files of configs alone, not in $others"
one_door "jansson.h" harness/doc.c
one_door "nettle/sha2.h" harness/plugin.c
one_door "fftw3.h" variants/fourier.c
one_door "dlfcn.h" harness/plugin.c
one_door "lapack.*h" harness/spectrum.c
one_caller "[cdsz]ge[a-z]*_" harness/spectrum.c
grep -lwE 'getenv|fopen|f?printf|puts|clock_gettime' variants/*.c variants/kernels/*.[ch] && complain "a variant prints, reads the environment or a clock"

# What plugins may call is what attn.h declares outside of structures; "inline" stands in the header itself.
declared=$(grep -oE '^[a-z][a-z0-9_ ]*[ *]attn_[a-z_]+\(' variants/attn.h | grep -v '^static' | grep -oE 'attn_[a-z_]+\(' | tr -d '(' | sort)
exported=$(sed -n 's/^ *\(attn_[a-z_]*\);$/\1/p' variants/services.list | sort)
[ -n "$declared" ] || complain "no services found in variants/attn.h"
[ "$declared" = "$exported" ] || complain "variants/attn.h declares other services than variants/services.list exports:
$(printf '%s\n' "$declared" "$exported" | sort | uniq -u)"

# shellcheck disable=SC2046 # file names have no blanks
clang-format --dry-run -Werror $(git ls-files '*.c' '*.h' ':(glob)scripts/*.js') || complain "formatting: clang-format -i on the files above"

grep -nE '[[:blank:]]+$' $(git ls-files '*.c' '*.h' '*.sh' '*.lua' '*.gp' '*.md' '*.in' '*.1' '*.html' '*.css' '*.js' Makefile) && complain "blanks at the end of a line"
[ "$failed" = 0 ] && echo "lint: fine"
exit "$failed"
