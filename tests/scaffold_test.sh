# scaffold_test.sh -- make new-variant, in a copy of the tree: a mechanism that holds from its first build on.
. "$(dirname "$0")/lib.sh"
C=$T/clone
copy_tree "$C"
new() { make -s --no-print-directory -C "$C" new-variant "$@"; }

# ---- a new one
cp "$C/variants/list.h" "$T/list.h"
expect 0 "a new variant" new NAME=fresh_1
said "$T/out" "./attnbench check fresh_1"
holds "it is registered, and nothing else has changed" [ "$(diff "$T/list.h" "$C/variants/list.h" | grep -c '^[<>]')" = 1 ]
holds "before the controls" [ "$(grep -A 1 -x 'VARIANT(fresh_1)' "$C/variants/list.h" | tail -n 1)" = "VARIANT(null)" ]
holds "nothing is left of the template" sh -c "! grep -n '@' '$C/variants/fresh_1.c'"
if command -v clang-format >/dev/null; then
    expect 0 "it is formatted" clang-format --style="file:$PWD/.clang-format" --dry-run -Werror "$C/variants/fresh_1.c"
else skip "its formatting" "no clang-format"; fi
expect 0 "the program is built with it" make -s --no-print-directory -C "$C" B="$B" attnbench
holds "without a warning" sh -c "! grep fresh_1 '$T/err'"
expect 0 "it keeps its promises" "$C/attnbench" check fresh_1
expect 0 "list" "$C/attnbench" list
said "$T/out" "softmax attention, one query at a time"
cat >"$T/fresh.lua" <<'LUA'
sweep { shape = { heads = 2, dk = 16, n = { 64, 1000 } }, mask = "causal", variants = { "flash", { "fresh_1", rows = { 1, 7 } } },
        measure = { replicates = 2, max_seconds = 0.2 } }
LUA
expect 0 "a sweep with it" "$C/attnbench" run "$T/fresh.lua" -o "$T/fresh" --no-plots
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$T/fresh/points.jsonl")" = 6 ]

# ---- the same file as a plugin
expect 0 "a plugin" "${CC:-gcc}" -std=gnu11 -O2 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
    -Wvla -Werror -Ivariants -fopenmp -fPIC -shared "$C/variants/fresh_1.c" -o "$T/fresh_1.so" -lm
expect 0 "loads" "$A" describe fresh_1 --plugin "$T/fresh_1.so"
said "$T/out" "same_bits_isa"

# ---- names that are refused, and leave nothing behind
cp "$C/variants/list.h" "$T/list.h"
find "$C" | sort >"$T/before"
refused() { # refused NAME TEXT
    expect 2 "the name '$1'" new "NAME=$1"
    said "$T/err" "$2"
}
refused "" "give it a name: make new-variant NAME=mine"
for name in Mine 1st _x a-b 'a b' ../x a/b a.c 'x;touch y' "it's" é; do
    refused "$name" "'$name': a name has lower case letters, digits and underscores, and opens with a letter"
done
refused flash "'flash' is taken by a mechanism of the program"
refused fresh_1 "'fresh_1' is taken by a mechanism of the program"
refused tiles "'tiles' is taken: variants/tiles.c exists"
refused attn "'attn' is taken: variants/attn.h exists"
find "$C" | sort >"$T/after"
same "the roster has not changed" "$T/list.h" "$C/variants/list.h"
same "and no file is new" "$T/before" "$T/after"
finish
