# check_test.sh -- the contract holds for every variant, and faults that were planted are named.
. "$(dirname "$0")/lib.sh"

# Two halves side by side: most of the time goes into definitions, which use one core.
names=$("$A" list | tail -n +2 | cut -d' ' -f1)
half() { echo "$names" | awk "NR % 2 == $1"; }
"$A" check $(half 0) >"$T/half" 2>&1 &
other=$!
expect 0 "every variant keeps its contract" "$A" check $(half 1)
wait "$other"
holds "in both halves" [ $? = 0 ]
cat "$T/half" >>"$T/out"
grep -v ' ok ' "$T/out" | sed 's/^/# /'
holds "every variant was checked" [ "$(grep -c ' ok ' "$T/out")" = "$(echo "$names" | wc -l)" ]
ATTNBENCH_ISA=generic expect 1 "another instruction set" "$A" check --plugin "$PLUGINS/garbage.so" broken_garbage
said "$T/out" "isa=generic"
ATTNBENCH_ISA=zmm expect 2 "an unknown instruction set" "$A" check null
said "$T/err" "ATTNBENCH_ISA=zmm: not usable here"
expect 2 "check of the unknown" "$A" check flahs
said "$T/err" "no variant 'flahs'; did you mean 'flash'?"

# caught PROMISE VARIANT
caught() {
    expect 1 "$2 is caught" "$A" check --plugin "$PLUGINS/$2.so" "broken_$2"
    said "$T/out" "BROKEN $1"
}
caught survival crash
caught survival late
caught survival outside
caught definition garbage
caught causality future
caught uninitialised_scratch unset
finish
