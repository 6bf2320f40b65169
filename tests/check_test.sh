# check_test.sh -- the contract holds for every variant, and faults that were planted are named.
. "$(dirname "$0")/lib.sh"

# Two at a time: most of a check goes into definitions, which use one core.
names=$("$A" list | tail -n +2 | cut -d' ' -f1)
faults=$(basename -s .so "$PLUGINS"/*.so)
# what hangs takes 20 s each time without work: beside all others
hangs_in='memory heads=2 nq=1024 nk=1024 dk=32 threads=2'
"$A" --plugin "$PLUGINS/hang.so" check broken_hang --case "$hangs_in" >"$T/hang.again" 2>/dev/null &
hanging=$!
{
    for variant in $names; do echo "$variant $variant"; done
    for fault in $faults; do echo "$fault broken_$fault --every 7 --plugin $PLUGINS/$fault.so"; done
} | xargs -P 2 -L 1 sh -c 'to=$1/$2; shift 2; "$0" check "$@" >"$to.out" 2>"$to.err"; echo $? >"$to.code"' "$A" "$T"

for variant in $names; do
    holds "$variant keeps its contract" [ "$(cat "$T/$variant.code")" = 0 ]
    said "$T/$variant.out" " ok "
done

# caught PROMISE PLUGIN: it is named first, with a command that shows it again.
caught() {
    all="$all $2"
    holds "$2 is caught" [ "$(cat "$T/$2.code")" = 1 ]
    head -n 1 "$T/$2.out" >"$T/first"
    said "$T/first" "BROKEN $1"
    again=$(sed -n '2s/.*again: attnbench //p' "$T/$2.out")
    promise=${1%%[: ]*}
    if [ "$2" = hang ]; then
        said "$T/hang.out" "--case '$hangs_in'"
        wait "$hanging"
        holds "$2: and again" grep -q "BROKEN $promise" "$T/hang.again"
    else holds "$2: and again" sh -c "$A $again | grep -q 'BROKEN $promise'"; fi
}
all=""
caught "survival: signal 6 (Aborted)" crash
caught "survival: it ended without a result" leaves
caught "survival: no sign of life" hang
caught "definition: " garbage
caught "writes_outside: it wrote 64 bytes behind the end of scratch, which has 16" outside
caught "writes_outside with strides: something beside the output" beside
caught "writes_inputs: it wrote byte 0 of k, which is not to be written" scribbles
caught "reads_outside: it read " peeks
caught "uninitialised_scratch: " unset
caught "allocates: forward() asks for memory, 100 bytes" allocates
caught "undeclared_memory: the first call takes 6" greedy
caught "undeclared_memory: create() keeps " secret
caught "undeclared_memory" tardy
said "$T/tardy.out" ": 31 calls after the first take 256 MiB of memory more"
caught "undeclared_memory" mapper
said "$T/mapper.out" ": 31 calls after the first take 3"
caught "leaks: 16 times create() and destroy() lose" leaks
caught "repeatable: " unsteady
caught "same_bits: 2 threads give other bits than 1" counts
several=""
for isa in avx2 neon; do ATTNBENCH_ISA=$isa "$A" check null --case run >/dev/null 2>&1 && several=yes; done
if [ "$several" ]; then caught "same_bits_isa: " widest; else
    all="$all widest"
    skip "widest is caught" "there are generic kernels only"
fi
caught "causality with mask causal: keys and values from 2 on change query rows up to 1" future
caught "causality with mask causal: keys and values from " foresees
caught "grouped_heads with grouped_heads, several heads: key heads written out" groups
caught "masked_nan with key_lengths, several items: " multiplies
caught "scale: the output is the same with four times the scale" unscaled
caught "softcap: the output is the same with a softcap" uncapped
caught "shift with mask causal: the output is the same" unshifted
caught "key_lengths with several items: the output is the same" padded
caught "bias: the output is the same with a bias and without" unbiased
caught "definition with strides" packed
caught "batch_independence with several items: " batches
caught "head_independence with several heads: " mixes
caught "reference: the weights of its definition sum to" shared
caught "reference: it is declared exact, and its definition is off softmax attention" rootless
caught "cost with mask causal: cost() counts" miscounts
caught "cost: cost() counts 2 operations of a search" searches
caught "growth_of_time: time is declared to grow as n^1; cost() grows as n^2" boasts
caught "growth_of_memory: memory is declared to grow as n^1; size() grows as n^2" hoards
caught "growth_of_path with mask causal: the longest path is declared as 1; all hear of a position in" nearer
caught "lse: it misses the log of the sum of exp(logit)" logsum
caught "weights: the weights of reference() miss its output" weighs
caught "float_environment: " rounds
caught "prints: it printed 'done'" prints
all="$all late"
holds "late is caught" grep -q "BROKEN survival: signal 6 (Aborted)" "$T/late.out"
said "$T/late.out" "check broken_late   (not alone: after other calls, in "
all="$all uninit" # for valgrind alone: tests/memcheck.sh
holds "every fault was looked for" [ "$(echo $all | wc -w)" = "$(echo $faults | wc -w)" ]

# ---- growth with parameters that change it
while read -r variant words; do
    expect 0 "growth of $variant, $words" "$A" check "$variant" \
        --case "growth heads=2 nq=4096 nk=4096 dk=16 threads=2 $words"
done <<END
sparse mask=causal stride=16
sparse mask=causal stride=16 pattern=fixed
sparse mask=causal stride=16 pattern=fixed form=code
blocksparse pattern=bigbird random_blocks=0
bigbird mode=etc random_blocks=2
lsh factorise=never
lsh factorise=never mask=causal
lsh factorise=never form=trax
lsh chunk=16
lsh buckets=16
lsh buckets=256
END

# ---- the command
ATTNBENCH_ISA=zmm expect 2 "an unknown instruction set" "$A" check null
said "$T/err" "ATTNBENCH_ISA=zmm: not usable here"
expect 2 "check of the unknown" "$A" check flahs
said "$T/err" "no variant 'flahs'; did you mean 'flash'?"
expect 0 "one case" "$A" check local --case 'run nq=7 nk=9 dk=5 mask=causal shift=-1 bias=alibi strided window=3'
said "$T/out" "local          ok     "
expect 0 "a sample" "$A" check flash --every 50
expect 2 "a case of all" "$A" check --case 'run'
said "$T/err" "--case is for one variant; name it"
expect 2 "a group that is none" "$A" check flash --case 'runs nq=7'
said "$T/err" "no group of checks 'runs'; did you mean 'run'?"
expect 2 "a word that is none" "$A" check local --case 'run windwo=7'
said "$T/err" "neither a trial nor local knows 'windwo'; did you mean 'window'?"
expect 2 "a number that is none" "$A" check local --case 'run nq=x'
said "$T/err" "nq = \"x\"; allowed is a number from 1 to 65536"
expect 2 "a number too large" "$A" check local --case 'run batch=9'
said "$T/err" "batch = 9; allowed is a number from 1 to 4"
expect 2 "no group" "$A" check local --case 'nq=7'
said "$T/err" "it opens with a group of checks"
expect 2 "a parameter out of range" "$A" check local --case 'run window=-7'
expect 2 "an option that is none" "$A" check --evry 3
said "$T/err" "unknown option '--evry'; see 'attnbench check --help'"
finish
