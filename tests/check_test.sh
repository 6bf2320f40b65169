# check_test.sh -- the contract holds for every variant, and faults that were planted are named.
. "$(dirname "$0")/lib.sh"

expect 0 "every variant keeps its contract" "$A" check
holds "every variant was checked" [ "$(grep -c ' ok ' "$T/out")" = "$("$A" list | tail -n +2 | wc -l)" ]
ATTNBENCH_ISA=generic expect 1 "another instruction set" "$BAD" check bad_garbage
said "$T/out" "isa=generic"
ATTNBENCH_ISA=zmm expect 2 "an unknown instruction set" "$A" check null
said "$T/err" "ATTNBENCH_ISA=zmm: not usable here"
expect 2 "check of the unknown" "$A" check flahs
said "$T/err" "no variant 'flahs'; did you mean 'flash'?"

# caught PROMISE VARIANT
caught() {
    expect 1 "$2 is caught" "$BAD" check "bad_$2"
    said "$T/out" "BROKEN $1"
}
caught survival crash
caught survival late
caught survival outside
caught definition garbage
caught causality future
caught uninitialised_scratch unset
finish
