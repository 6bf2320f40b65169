# compare_test.sh -- attnbench compare and baseline, on one real run and on copies of it that were changed by hand.
# Nothing here depends on how fast or how busy the machine is: the times are replaced by quiet ones, but for those of
# a variant and its slower copy, of which it is only said that the copy is not the faster one.
. "$(dirname "$0")/lib.sh"
A=$PWD/$A
cat >"$T/c.lua" <<'LUA'
sweep { shape = { heads = 1, dk = 8, n = { 16, 32 } }, threads = 1,
        variants = { "flash", "full", { "local", window = 4 }, "linear" },
        measure = { replicates = 6, max_seconds = 0.01 } }
LUA

# set_times DIR FACTOR PATTERN...: process medians of every row become 100 to 105 us; those of rows that match the
# pattern that times the factor.
set_times() {
    awk -v factor="$2" -v pattern="$3" '{
        f = 100000 * ($0 ~ pattern ? factor : 1); list = ""
        for (k = 0; k < 6; k++) list = list (k ? "," : "") f * (1 + ((k * 7 + NR) % 6) / 100)
        sub(/"process_medians_ns":\[[^]]*\]/, "\"process_medians_ns\":[" list "]")
        print }' "$1/points.jsonl" >"$T/lines" && mv "$T/lines" "$1/points.jsonl"
}
# copy NAME: a fresh copy of the quiet run
copy() { rm -rf "${T:?}/$1" && cp -r "$T/a" "$T/$1"; }
# edit NAME SED: changes its rows, and makes sure that it did
edit() {
    copy "$1"
    sed -i "$2" "$T/$1/points.jsonl"
    if cmp -s "$T/a/points.jsonl" "$T/$1/points.jsonl"; then fail "edit $1" "nothing changed: $2"; fi
}
point='^flash.*b1h1n16d8'

expect 0 "a run" "$A" run "$T/c.lua" -o "$T/a" --no-plots
expect 0 "a run and itself, as measured" "$A" compare "$T/a" "$T/a"
said "$T/out" "0 of 8 points are regressions. Time: 0 slower, 0 faster,"
set_times "$T/a" 1 none
sed -i 's/"aa":/"unknown":/; s/"flags":\[[^]]*\]/"flags":[]/' "$T/a/points.jsonl" # no A/A, and nothing was disturbed

# ---- time
expect 0 "a quiet run and itself" "$A" compare "$T/a" "$T/a"
said "$T/out" "0 slower, 0 faster, 0 ambiguous, 8 same (threshold 5 %)."
holds "the same is counted, not listed" sh -c "! grep -q 'flash/b1h1n16d8' $T/out"
expect 0 "--all" "$A" compare "$T/a" "$T/a" --all
holds "lists it" [ "$(grep -c ' 1\.000 .*flash/b1h1n16d8' "$T/out")" = 1 ]
copy slow && set_times "$T/slow" 1.1 '"id":"flash/b1h1n16d8/'
expect 1 "one point 10 % slower" "$A" compare "$T/a" "$T/slow"
said "$T/out" "1 of 8 points are regressions. Time: 1 slower, 0 faster, 0 ambiguous, 7 same"
holds "it is named, with its ratio" grep -qE '^  +1\.100 .* flash/b1h1n16d8/' "$T/out"
holds "and the command that measures it again" grep -qE "^  .*run $T/c.lua .*--filter '\^flash/b1h1n16d8/.*' -o results/repro" "$T/out"
said "$T/out" "Noise floor unknown: no A/A measurement in these runs; the threshold stands alone."
expect 0 "the other way round it is faster" "$A" compare "$T/slow" "$T/a"
said "$T/out" "0 slower, 1 faster"
cp -r "$T/slow" "$T/loaded" && sed -i '/"id":"flash.b1h1n16d8/s/"flags":\[\]/"flags":["disturbed"]/' "$T/loaded/points.jsonl"
expect 0 "10 % slower, with many disturbed samples" "$A" compare "$T/a" "$T/loaded"
said "$T/out" "0 slower, 0 faster, 1 ambiguous, 7 same"
said "$T/out" "disturbed: in B the system took a processor away during many of its samples"
expect 0 "within a threshold of 20 %" "$A" compare "$T/a" "$T/slow" --threshold 20
said "$T/out" "8 same (threshold 20 %)"
edit aa 's/"process_medians_ns"/"aa":{"label":"flash","process_ratios":[1.3,1.3,1.3]},"process_medians_ns"/' && set_times "$T/aa" 1.1 '"id":"flash/b1h1n16d8/'
expect 0 "10 % slower, where A/A is 30 % apart" "$A" compare "$T/a" "$T/aa"
said "$T/out" "Noise floor 30.0 %: one variant against itself, over 2 groups."
copy all && set_times "$T/all" 1.1 '.'
expect 1 "everything 10 % slower, and no witness" "$A" compare "$T/a" "$T/all"
said "$T/out" "B is 10.0 % slower throughout (median of all points)"
said "$T/out" "8 slower"
set_times "$T/all" 1.04 '.'
expect 0 "everything 4 % slower" "$A" compare "$T/a" "$T/all"
said "$T/out" "Put down to the machine, not to the variants."

# ---- memory, accuracy, status, rows
edit memory '/"id":"full\/b1h1n32/s/"scratch_bytes":\([0-9]*\)/"scratch_bytes":\11/'
expect 1 "more scratch" "$A" compare "$T/a" "$T/memory"
said "$T/out" "memory.state_bytes + memory.scratch_bytes: "
expect 0 "less scratch" "$A" compare "$T/memory" "$T/a"
said "$T/out" "better"
edit hwm '/"id":"full\/b1h1n32/s/"hwm_bytes":[0-9]*/"hwm_bytes":99000000/'
expect 1 "more resident memory" "$A" compare "$T/a" "$T/hwm"
said "$T/out" "memory.hwm_bytes: "
edit error '/"id":"linear\/b1h1n32/s/\("definition":{"rel_fro":\)[^,]*/\19.9e-6/'
expect 1 "a larger error" "$A" compare "$T/a" "$T/error"
said "$T/out" "accuracy.definition.rel_fro: "
edit distance '/"id":"linear\/b1h1n32/s/\("softmax":{"rel_fro":\)[^,]*/\10.123/'
expect 1 "another distance to softmax" "$A" compare "$T/a" "$T/distance"
said "$T/out" "another result than before, by more than rounding"
edit crashed '/"id":"full\/b1h1n32/s/"status":"ok","reason":null/"status":"crashed","reason":"signal 11"/'
expect 1 "a crash" "$A" compare "$T/a" "$T/crashed"
said "$T/out" "status: ok -> crashed (signal 11)"
expect 0 "and its repair" "$A" compare "$T/crashed" "$T/a"
said "$T/out" "status: crashed -> ok, before (signal 11)"
edit lost '/"id":"full\/b1h1n32/d'
expect 0 "a row less" "$A" compare "$T/a" "$T/lost"
said "$T/out" "only in A"
said "$T/out" "  full/b1h1n32d8/none/gauss,s=1/t1/s1"
said "$T/out" "0 of 7 points are regressions."
said "$T/out" "1 only in A, 0 only in B."
expect 0 "a row more" "$A" compare "$T/lost" "$T/a"
said "$T/out" "0 only in A, 1 only in B."
expect 3 "a row less with --require-all" "$A" compare "$T/a" "$T/lost" --require-all
said "$T/err" "1 points of A are missing in B"
expect 3 "the same as JSON" "$A" compare "$T/a" "$T/lost" --require-all --json
said "$T/out" '"exit_code": 3'
expect 0 "a row more with --require-all" "$A" compare "$T/lost" "$T/a" --require-all
edit twice '/"id":"full\/b1h1n32/p'
expect 0 "a row that stands twice" "$A" compare "$T/a" "$T/twice"
said "$T/out" "0 of 8 points are regressions."
said "$T/err" "twice/points.jsonl: 1 rows are of points that have one already; the first of each counts"
edit others 's/"id":"\([^"]*\)"/"id":"\1x"/'
expect 2 "nothing in common" "$A" compare "$T/a" "$T/others"
said "$T/err" "have no point in common"

# ---- where they come from
copy machine && sed -i 's/"cpu": .*/"cpu": "Z80",/' "$T/machine/manifest.json"
expect 2 "another machine" "$A" compare "$T/a" "$T/machine"
said "$T/err" "not the same machine: CPU: "
said "$T/err" "--force"
expect 0 "--force" "$A" compare "$T/a" "$T/machine" --force
said "$T/out" "!  other machine: CPU: "
for change in 's/"usable_cores": .*/"usable_cores": 77,/' 's/"memory_bytes": .*/"memory_bytes": 1000,/' 's/"generic"/"sve"/' \
    's/"huge_pages": .*/"huge_pages": "x",/' 's/"governor": .*/"governor": "slow",/'; do
    copy machine && sed -i "$change" "$T/machine/manifest.json"
    expect 2 "another machine: $change" "$A" compare "$T/a" "$T/machine"
done
copy machine && rm "$T/machine/manifest.json"
expect 2 "an unknown machine" "$A" compare "$T/a" "$T/machine"
said "$T/err" "a manifest.json is missing"
copy build && sed -i 's/"version": .*/"version": "yesterday",/; s/"replicates": .*/"replicates": 3,/' "$T/build/manifest.json"
expect 0 "another build is no obstacle" "$A" compare "$T/a" "$T/build"
said "$T/out" "build yesterday"
said "$T/out" "processes a point: 6 in A, 3 in B"
said "$T/out" "B has 3 of the usual 6 processes a point"
edit broken '3s/.*/{"id":/'
expect 2 "a broken line" "$A" compare "$T/a" "$T/broken"
said "$T/err" "points.jsonl:3: not a row"
copy torn && printf '{"id":' >>"$T/torn/points.jsonl"
expect 0 "a torn last line" "$A" compare "$T/a" "$T/torn"
said "$T/err" "its last line is torn and was left out"

# ---- JSON
expect 1 "--json" "$A" compare "$T/a" "$T/slow" --json
for key in '"threshold": 0.05' '"verdict": "slower"' '"regression": true' '"only_in_a": []' '"exit_code": 1' '"p_holm":' '"floor": null'; do
    said "$T/out" "$key"
done
holds "one document, the same points" [ "$(grep -c '"id":' "$T/out")" = 8 ]

# ---- two variants of one run
variants() { expect "$1" "$2" "$A" compare "$T/$3" --variants "$4"; }
copy pair && set_times "$T/pair" 1.05 '"id":"full/'
variants 1 "full 5 % slower than flash" pair flash,full
said "$T/out" "2 of 2 points are regressions. Time: 2 slower, 0 faster, 0 ambiguous, 0 same (threshold 2 %)."
said "$T/out" "A  flash"
said "$T/out" "B  full"
holds "memory and distance stand beside" grep -qE '^ +memory .* -> .*, distance to softmax .* -> ' "$T/out"
variants 0 "the other way round it is faster" pair full,flash
said "$T/out" "0 slower, 2 faster"
variants 0 "a label with a comma: equal times" a local,window=4,linear
said "$T/out" "B  linear"
said "$T/out" "2 same"
expect 0 "within a threshold of 20 %" "$A" compare "$T/pair" --variants flash,full --threshold 20
said "$T/out" "2 same (threshold 20 %)"
expect 1 "--json" "$A" compare "$T/pair" --variants flash,full --json
for key in '"variants": [' '"verdict": "slower"' '"id_a": "flash/' '"bytes": [' '"distance": [' '"exit_code": 1'; do
    said "$T/out" "$key"
done
edit own 's/"process_medians_ns"/"aa":{"label":"flash","process_ratios":[1.3,1.3,1.3]},"process_medians_ns"/' && set_times "$T/own" 1.05 '"id":"full/'
variants 0 "5 %, where A/A is 30 % apart" own flash,full
said "$T/out" "beyond the threshold, but within what the machine does by itself"
sed '/"id":"full\/b1h1n32/s/"status":"ok","reason":null/"status":"oom","reason":"killed"/' "$T/pair/points.jsonl" >"$T/lines"
copy gone && cp "$T/lines" "$T/gone/points.jsonl"
variants 1 "a point without a time" gone flash,full
said "$T/out" "status: ok -> oom (killed)"
said "$T/out" "1 of 2 points are regressions."
variants 2 "an unknown label" a flash,fll
said "$T/err" "the run has no curve 'fll'; did you mean 'full'?"
variants 2 "one label" a flash
said "$T/err" "two labels with a comma between them"
expect 2 "two runs" "$A" compare "$T/a" "$T/a" --variants flash,full
said "$T/err" "compare --variants takes one run"

# again.c: a variant, and a copy of it that computes every tenth row again
cat >"$T/again.c" <<'C'
#include "honest.h"
#undef ATTN_PLUGIN
#define ATTN_PLUGIN(variant) struct attn_plugin
static void again(const struct attn_call *c) {
    double *w = (double *)c->scratch;
    honest_forward(c);
    for (int h = 0; h < c->problem->heads; h++)
        for (int i = 0; i < c->problem->nq; i += 10) honest_row(c, 0, h, i, w, w + c->problem->nk);
}
#define attn_variant_broken attn_variant_once
BROKEN(once, .kind = ATTN_EXACT);
#undef attn_variant_broken
#define attn_variant_broken attn_variant_again
BROKEN(again, .forward = again);
static const struct attn_variant *const both[] = {&attn_variant_once, &attn_variant_again, NULL};
ATTN_EXPORT const struct attn_plugin attn_plugin;
const struct attn_plugin attn_plugin = {ATTN_MAGIC, ATTN_ABI, ATTN_PLUGIN_SIZES, both};
C
${CC:-gcc} -std=c11 -O2 -Ivariants -Itests/plugin/broken -fPIC -shared "$T/again.c" -o "$T/again.so" -lm
cat >"$T/again.lua" <<'LUA'
sweep { shape = { heads = 1, dk = 32, n = { 96, 128 } }, threads = 1, plugins = { "again.so" },
        variants = { "broken_once", "broken_again" }, measure = { replicates = 6, max_seconds = 0.3 } }
LUA
expect 0 "a variant and its slower copy" "$A" run "$T/again.lua" -o "$T/again" --no-plots
"$A" compare "$T/again" --variants broken_once,broken_again --json >"$T/out" 2>"$T/err"
holds "are compared" sh -c "[ $? -lt 2 ] && grep -q '\"timed\": 2' $T/out"
holds "the copy is never called faster" sh -c "! grep -q '\"verdict\": \"faster\"' $T/out"

# ---- baselines
cd "$T" || exit 1
expect 0 "no baselines" "$A" baseline
said "$T/out" "no baselines"
expect 0 "baseline" "$A" baseline v1 a
said "$T/out" "8 points of a are baseline 'v1' (results/baselines/v1)"
same "its rows" a/points.jsonl results/baselines/v1/points.jsonl
same "its manifest" a/manifest.json results/baselines/v1/manifest.json
same "its plan" a/plan.jsonl results/baselines/v1/plan.jsonl
holds "nothing else is left" [ "$(ls -A results/baselines)" = v1 ]
expect 2 "the name again" "$A" baseline v1 slow
said "$T/err" "there is a baseline 'v1' already; choose another name, or remove it: rm -r results/baselines/v1"
same "it is as it was" a/points.jsonl results/baselines/v1/points.jsonl
holds "and nothing half-way is left" [ "$(ls -A results/baselines)" = v1 ]
expect 0 "baselines" "$A" baseline
holds "are listed" grep -qE '^v1 .* 8 points' out
expect 1 "against a baseline" "$A" compare v1 slow
said "$T/out" "A  results/baselines/v1, baseline v1"
cp -r slow v1
expect 0 "a folder of that name wins" "$A" compare v1 slow
said "$T/err" "'v1' is a folder and a baseline: the folder was taken"
expect 2 "neither" "$A" compare v2 slow
said "$T/err" "no folder 'v2', and no baseline of that name; did you mean 'v1'?"
for name in ../x .x -x 'a b' a/b ''; do
    expect 2 "baseline '$name'" "$A" baseline "$name" a
done
expect 2 "baseline of nothing" "$A" baseline v3 none
expect 2 "baseline without a folder" "$A" baseline v3
said "$T/err" "baseline takes a name and a folder"
cd "$OLDPWD" || exit 1

# ---- wrong words
expect 2 "one run" "$A" compare "$T/a"
said "$T/err" "compare takes two runs"
expect 2 "three runs" "$A" compare "$T/a" "$T/a" "$T/a"
expect 2 "an unknown option" "$A" compare "$T/a" "$T/a" --foo
said "$T/err" "unknown option '--foo'"
expect 2 "a threshold that is none" "$A" compare "$T/a" "$T/a" --threshold x
said "$T/err" "--threshold x: allowed is"
expect 2 "a value missing" "$A" compare "$T/a" "$T/a" --threshold
said "$T/err" "--threshold needs a value"
expect 0 "compare --help" "$A" compare --help
same "compare --help: transcript" tests/golden/compare-help.txt "$T/out"
expect 0 "baseline --help" "$A" baseline --help
finish
