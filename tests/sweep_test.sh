# sweep_test.sh -- whole runs: rows for every point, whatever happens to workers, parent, disk and files.
. "$(dirname "$0")/lib.sh"

# field ID KEY: the value behind "KEY": in the row whose id begins with ID
row() { grep "\"id\":\"$1" "$R/points.jsonl"; }
status() { row "$1" | sed 's/.*"status":"\([a-z_]*\)".*/\1/'; }
rows() { wc -l <"$R/points.jsonl"; }
ids() { sed 's/.*"id":"\([^"]*\)".*/\1/' "$1" | sort; }

small='measure = { replicates = 2, max_seconds = 0.1, rows = 16 }'

# ---- an ordinary run
R=$T/plain
cat >"$T/plain.lua" <<LUA
-- Which is faster?
sweep { shape = { heads = 2, dk = 16, n = { 64, 128 } }, mask = { "none", "causal" }, threads = 2,
        variants = { "full", "flash", { "local", window = 8 }, "linear", "null" }, $small }
LUA
expect 0 "a run" "$A" run "$T/plain.lua" -o "$R"
said "$T/out" "Which is faster?"
said "$T/out" "20 of 20 points in $R; 6 pictures in $R/plots"
said "$T/out" "Least error for its time at n = 128: "
said "$T/out" "Least error for its memory at n = 128: "
said "$T/out" "No better than the mean of V at n = 128: local,window=8"
said "$T/out" "logit deviation"
holds "a row for every point" [ "$(rows)" = 20 ]
holds "the plan has the same points" sh -c "[ $(rows) = $(wc -l <"$R/plan.jsonl") ]"
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 20 ]
holds "and says what type of layer it is, and what it declares" [ "$(grep -c '"family":"self-attention".*"growth":{"time":2,.*"operations":"n^2 (dk + dv)","steps":"1","path":"1"' "$R/points.jsonl")" -gt 0 ]
holds "a summary line for every row" [ "$(wc -l <"$R/summary.csv")" = 21 ]
holds "with what the inputs are like" grep -q '^id,.*,input.descriptors.entropy,' "$R/summary.csv"
holds "and with attention rows, oracles and seeds" grep -q '^id,.*,accuracy.softmax.tv_mean,.*,accuracy.oracle.rel_fro,.*,accuracy.seeds.variance$' "$R/summary.csv"
for key in '"median_ns":' '"ci_ns":[' '"process_medians_ns":[' '"samples_ns":[' '"setup_ns":' '"state_bytes":' \
    '"scratch_bytes":' '"arena_peak_bytes":' '"hwm_bytes":' '"gflops":' '"peak_fraction":' '"roofline_fraction":' \
    '"descriptors":{"logit_sd":' '"perplexity":' '"rank90":' '"disturbed":{"samples":' '"sentinel":{"first":' '"rel_fro":' '"bound":' '"skill":' '"cosine_p01":' '"flags":[' '"repro":"attnbench run '; do
    holds "rows have $key" sh -c "grep '\"id\":\"flash/b1h2n64' $R/points.jsonl | grep -qF '$key'"
done
holds "the fastest exact variant was timed twice, once in each replicate, in each of 4 groups" [ "$(grep -o \
    '"aa":{"label":"[a-z]*","process_ratios":\[[0-9.e+-]*,[0-9.e+-]*\]}' "$R/points.jsonl" | wc -l)" = 20 ]
holds "by itself" sh -c "! grep -o '\"aa\":{\"label\":\"[a-z]*' $R/points.jsonl | grep -vE 'f(ull|lash)'"
for key in '"state": "finished"' '"host":' '"cpu":' '"caches":' '"kernel":' '"compiler":' '"flags":' '"core":' \
    '"OMP_PROC_BIND":' '"fma_flops":' '"wall_seconds":' '"command":'; do
    holds "the manifest has $key" grep -qF "$key" "$R/manifest.json"
done
holds "the wall time is accounted for" awk -F': ' '/"other"/ { o = $2 + 0 } /"wall_seconds"/ { w = $2 + 0 } END { exit !(o < 0.05 * w) }' "$R/manifest.json"
for metric in time memory error; do
    for ending in svg png gp csv; do
        holds "a picture of $metric as $ending" [ -s "$R/plots/$metric-causal-gauss_s=1-b1h2d16-t2.$ending" ]
    done
done
rm "$R"/plots/*.svg
holds "a script draws its picture again" sh -c "cd $R/plots && gnuplot time-none-*.gp && [ -s time-none-gauss_s=1-b1h2d16-t2.svg ]"
expect 0 "plot draws them all again" "$A" plot "$R"
holds "svg again" [ "$(ls "$R"/plots/*.svg | wc -l)" = 6 ]

# ---- inputs that no cache holds
R=$T/cold
expect 0 "a run with cold inputs" "$A" run "$T/plain.lua" --set measure.cache=cold --filter none -o "$R"
holds "ids, rows and pictures say so" sh -c "[ $(grep -c '"id":"[^"]*/cold".*"cache":"cold"' "$R/points.jsonl") = 10 ] &&
    grep -q 'cold cache' $R/plots/time-none-gauss_s=1-b1h2d16-t2-cold.svg"
R=$T/plain

# ---- the same folder again
expect 2 "a second run into the folder" "$A" run "$T/plain.lua" -o "$R"
said "$T/err" "already holds a run (points.jsonl); --resume goes on with it, --overwrite replaces it, -o DIR writes elsewhere"
holds "nothing lost" [ "$(rows)" = 20 ]
expect 2 "resume with other replicates" "$A" run "$T/plain.lua" -o "$R" --resume --set measure.replicates=3
said "$T/err" "holds a run of another plan"
expect 2 "resume with another plan" "$A" run "$T/plain.lua" -o "$R" --resume --set shape.n=32
said "$T/err" "holds a run of another plan"
top() { grep "^  \"$1\":" "$R/manifest.json"; }
ceilings() { sed -n '/^  "ceilings"/,/^  }/p' "$R/manifest.json"; }
was=$(top started)
ceilings >"$T/ceilings"
holds "ceilings were measured" grep -q fma_flops "$T/ceilings"
sleep 1 # time in manifests is of seconds
expect 0 "resume of a finished run" "$A" run "$T/plain.lua" -o "$R" --resume
holds "no row twice" [ "$(rows)" = 20 ]
ceilings >"$T/now"
same "its ceilings are as before" "$T/ceilings" "$T/now"
holds "it started when it started" [ "$(top started)" = "$was" ]
holds "its command is the first one" sh -c "grep '^  \"command\":' $R/manifest.json | grep -qv resume"
holds "there were two sessions" [ "$(grep -c '"points_done"' "$R/manifest.json")" = 2 ]
holds "of which the second measured nothing" grep -q '"points_done": 0' "$R/manifest.json"
holds "times are sums" awk -F': ' '/^  "wall_seconds"/ { sum = $2 + 0 } /^      "wall_seconds"/ { x += $2 + 0; n++ }
    END { exit !(n == 2 && sum > x - 1e-3 && sum < x + 1e-3) }' "$R/manifest.json"
repro=$(row "flash/b1h2n64d16/none" | sed 's/.*"repro":"attnbench \([^"]*\) -o [^"]*".*/\1/')
expect 0 "a row's repro line" sh -c "$A $repro -o $T/repro"
holds "repro measures that point alone" [ "$(ids "$T/repro/points.jsonl")" = "flash/b1h2n64d16/none/gauss,s=1/t2/s1" ]
expect 2 "resume of nothing" "$A" run "$T/plain.lua" -o "$T/empty" --resume

# ---- another machine, another build
differs() { # differs SED TEXT: --resume of a run whose manifest was edited refuses, says so, and changes nothing
    rm -rf "$T/other"
    cp -r "$R" "$T/other"
    sed -i '$d' "$T/other/points.jsonl"
    printf '{"id":' >>"$T/other/points.jsonl"
    sed -i "$1" "$T/other/manifest.json"
    cp -r "$T/other" "$T/other.was"
    expect 2 "resume: $2" "$A" run "$T/plain.lua" -o "$T/other" --resume --no-plots
    said "$T/err" "$2"
    said "$T/err" "start anew with --overwrite or in another folder (-o), or go on all the same with --force"
    holds "nothing is changed" diff -r "$T/other" "$T/other.was"
    rm -r "$T/other.was"
}
differs '/"build": {/,/}/s/"version": .*/"version": "yesterday",/' "version of attnbench: yesterday then, "
differs 's/"flags": .*/"flags": "-O0",/' "flags of the compiler: -O0 then, "
differs 's/"blas_core": "auto"/"blas_core": "Nehalem"/' "--blas-core: Nehalem then, auto now"
differs '2,$d' "manifest.json is missing or torn"
differs 's/"cpu": .*/"cpu": "Z80",/' "holds a run that differs: CPU: Z80 then, "
expect 2 "--force alone" "$A" run "$T/plain.lua" -o "$T/other" --force
said "$T/err" "--force goes with --resume"
expect 0 "--force goes on" "$A" run "$T/plain.lua" -o "$T/other" --resume --force --no-plots
holds "all rows" [ "$(wc -l <"$T/other/points.jsonl")" = 20 ]
holds "the manifest says what differed" grep -q '"CPU: Z80 then, ' "$T/other/manifest.json"
holds "and that a row came of it" grep -q '"points_done": 1' "$T/other/manifest.json"
expect 0 "compare says so" "$A" compare "$T/other" "$T/other"
said "$T/out" "A was resumed with --force, its rows are mixed: CPU: Z80 then, "
rm "$T/other/manifest.json"
expect 2 "a manifest missing" "$A" run "$T/plain.lua" -o "$T/other" --resume
said "$T/err" "manifest.json is missing or torn"
expect 0 "--force goes on without it" "$A" run "$T/plain.lua" -o "$T/other" --resume --force --no-plots
said "$T/other/manifest.json" '"the manifest was missing or torn, so that it is not known what differs"'

# ---- a manifest that cannot be written at the end
"$A" run "$T/plain.lua" -o "$T/last" --no-plots >/dev/null 2>"$T/err" &
parent=$!
wait_for "$T/last/manifest.json"
mkdir "$T/last/manifest.json.part"
wait "$parent"
holds "leaves exit code 3" [ $? = 3 ]
said "$T/err" "cannot write $T/last/manifest.json: Is a directory"
holds "and all rows" [ "$(wc -l <"$T/last/points.jsonl")" = 20 ]
expect 2 "nor at the start" "$A" run "$T/plain.lua" -o "$T/last" --overwrite --no-plots
said "$T/err" "nothing was measured"

# ---- a torn last line
cp -r "$R" "$T/torn"
head -c 100 "$R/points.jsonl" | head -c 60 >>"$T/torn/points.jsonl"
expect 0 "a torn last line" "$A" run "$T/plain.lua" -o "$T/torn" --resume --no-plots
said "$T/err" "dropped a torn last line"
same "the rows are as before" "$R/points.jsonl" "$T/torn/points.jsonl"
sed -i '3s/.*/{"id":/' "$T/torn/points.jsonl"
expect 2 "a broken line within" "$A" run "$T/plain.lua" -o "$T/torn" --resume
said "$T/err" "points.jsonl:3: not a row"

# ---- variants that misbehave
R=$T/bad
cat >"$T/bad.lua" <<LUA
sweep { shape = { heads = 1, dk = 4, n = { 8, 16 } }, threads = 1, $small,
        plugins = { "$PLUGINS/crash.so", "$PLUGINS/late.so", "$PLUGINS/hang.so", "$PLUGINS/leaves.so", "$PLUGINS/garbage.so", "$PLUGINS/greedy.so", "$PLUGINS/outside.so" },
        variants = { "flash", "broken_crash", "broken_late", "broken_hang", "broken_leaves", "broken_garbage", "broken_greedy",
                     "broken_outside" } }
LUA
expect 1 "a sweep of misbehaving variants" "$A" run "$T/bad.lua" -o "$R" --point-timeout 1s --no-plots
holds "a row for every point, bad ones too" [ "$(rows)" = 16 ]
for want in flash:ok broken_crash:crashed broken_late:crashed broken_hang:timeout broken_leaves:crashed \
    broken_garbage:inaccurate broken_greedy:ok broken_outside:crashed; do
    holds "${want%:*} is ${want#*:}" [ "$(status "${want%:*}/b1h1n8d4")" = "${want#*:}" ]
done
holds "the crash is named" sh -c "grep '\"id\":\"broken_crash/' $R/points.jsonl | grep -q 'signal 6 (Aborted)'"
holds "the late crash is placed" sh -c "grep '\"id\":\"broken_late/' $R/points.jsonl | grep -q 'while it was timed'"
holds "a hang is predicted for the next length" sh -c "grep '\"id\":\"broken_hang/b1h1n16' $R/points.jsonl | grep -q '\"status\":\"skipped_time\"'"
holds "undeclared memory is flagged" sh -c "grep '\"id\":\"broken_greedy/b1h1n16' $R/points.jsonl | grep -q '\"undeclared_memory\"'"
holds "the time of wrong results is withheld" sh -c "! grep '\"id\":\"broken_garbage/' $R/points.jsonl | grep -q median_ns"
expect 3 "incomplete without wrong results" "$A" run "$T/bad.lua" -o "$T/bad3" --filter 'flash|broken_crash' --no-plots

# ---- memory that no probe sees, since it is touched while calls are timed
R=$T/late
cat >"$T/late.lua" <<LUA
sweep { shape = { heads = 1, dk = 4, n = 16 }, threads = 1, plugins = { "$PLUGINS/tardy.so", "$PLUGINS/mapper.so" },
        variants = { "flash", "broken_tardy", "broken_mapper" }, measure = { replicates = 2, max_seconds = 0.4, rows = 16 } }
LUA
expect 0 "a sweep of variants that take memory late" "$A" run "$T/late.lua" -o "$R" --no-plots
for who in tardy mapper; do
    holds "$who is flagged" sh -c "grep '\"id\":\"broken_$who/' $R/points.jsonl | grep -q '\"undeclared_memory\"'"
done
holds "an honest one is not" sh -c "! grep '\"id\":\"flash/' $R/points.jsonl | grep -q '\"undeclared_memory\"'"

# ---- a worker killed from outside
R=$T/killed
"$A" run "$T/bad.lua" -o "$R" --filter 'broken_hang.*n8d' --point-timeout 60s --no-plots >/dev/null 2>&1 &
parent=$!
before=""
for _ in 1 2; do # a killed worker gets a second try
    for _ in $(seq 600); do
        sleep 0.1
        worker=$(workers "$parent")
        [ -n "$worker" ] && [ "$worker" != "$before" ] && [ "$(cat "/proc/$worker/comm" 2>/dev/null)" = broken_hang ] && break
    done
    kill -9 "$worker"
    before=$worker
done
wait "$parent"
holds "a worker killed twice leaves exit code 3" [ $? = 3 ]
if grep -q '^oom_kill ' /proc/vmstat; then
    holds "and was killed by somebody, not by the kernel" grep -q '"status":"crashed","reason":"killed (signal 9), and not for want of memory"' "$R/points.jsonl"
else skip "killed by somebody" "the kernel does not count whom it kills"; fi

# ---- limits
R=$T/limits
cat >"$T/limits.lua" <<LUA
sweep { shape = { heads = 8, dk = 64, n = { 256, 2048 } }, threads = 2, variants = { "full", "flash" }, $small }
LUA
expect 0 "a memory limit" "$A" run "$T/limits.lua" -o "$R" --mem-limit 250M
holds "what does not fit is skipped" [ "$(status full/b1h8n2048)" = skipped_memory ]
holds "with the prediction" sh -c "grep '\"id\":\"full/b1h8n2048' $R/points.jsonl | grep -q '\"predicted\":{\"bytes\":'"
holds "the rest runs" [ "$(status flash/b1h8n2048)" = ok ]
said "$T/out" "no memory"
holds "the gap is marked in the picture" grep -q '^2048,' "$R/plots/time-none-gauss_s=1-b1h8d64-t2.marks.csv"
sed '/full/s/"status":"ok"/"status":"timeout"/' "$R/points.jsonl" >"$R/rows"
mv "$R/rows" "$R/points.jsonl"
expect 0 "a curve without a point" "$A" plot "$R"
holds "gnuplot does not mind" [ ! -s "$T/err" ]
holds "the curve is left out" sh -c "! grep -q '^label.*full' $R/plots/*.gp"
holds "and the legend says so" grep -q "full (did not run)" "$R/plots/time-none-gauss_s=1-b1h8d64-t2.gp"
rm -r "$R/plots"
sed 's/"status":"ok"/"status":"timeout"/' "$R/points.jsonl" >"$R/rows"
mv "$R/rows" "$R/points.jsonl"
expect 0 "no curve with a point" "$A" plot "$R"
said "$T/out" "0 pictures in"
holds "gnuplot is not asked" [ ! -s "$T/err" ]
expect 0 "a budget" "$A" run "$T/limits.lua" -o "$T/budget" --budget 0.0000001 --no-plots
holds "beyond the budget is skipped_time" [ "$(grep -c skipped_time "$T/budget/points.jsonl")" = 4 ]

expect 0 "what a budget left out runs on resume" "$A" run "$T/limits.lua" -o "$T/budget" --resume --no-plots
holds "and is then ok" [ "$(grep -c '"status":"ok"' "$T/budget/points.jsonl")" = 4 ]

# ---- settings that deserve a word
expect 0 "more threads than cores" "$A" run "$T/plain.lua" -o "$T/threads" --threads 99 --filter 'zero|flash/b1h2n64d16/none' --set variants=zero,flash --blas-core nonsense --no-plots
holds "are flagged" grep -q '"more_threads_than_cores"' "$T/threads/points.jsonl"
said "$T/err" "--blas-core nonsense: OpenBLAS runs its"

# ---- captured tensors
R=$T/file
cat >"$T/file.lua" <<LUA
sweep { shape = { n = { 64, 2048 } }, threads = 2, mask = "causal", variants = { "flash", "mean_v" },
        input = { "file", path = "$PWD/configs/data/bytes-lm.safetensors" }, $small }
LUA
expect 0 "captured tensors" "$A" run "$T/file.lua" -o "$R" --no-plots
holds "heads and sizes come from the file" [ "$(status flash/b1h4n64d64)" = ok ]
holds "a longer n is unsupported" [ "$(status flash/b1h4n2048)" = unsupported ]
said "$T/out" "bytes-lm.safetensors holds 1024 queries and 1024 keys"

# ---- tensors of a mechanism out of files
NPY=$B/tests/npy
mkdir -p "$T/tensors/data"
"$NPY" normal "$T/tensors/data/e.npy" 4,64 1
"$NPY" normal "$T/tensors/data/layout.npy" 2,2 3
cat >"$T/tensors/files.lua" <<LUA
sweep { shape = { heads = 2, dk = 16, n = { 32, 64 } }, threads = 2, $small,
        variants = { { "linformer", rank = 4 }, { "linformer", rank = 4, tensors = { e = "data/e.npy", f = "data/e.npy" } },
                     { "blocksparse", block = 32, tensors = { layout = "data/layout.npy" } } } }
LUA
R=$T/weights
expect 0 "tensors out of files" "$A" run "$T/tensors/files.lua" -o "$R" --no-plots
e=linformer,rank=4,e=data/e.npy,f=data/e.npy
error() { sed -n "s|^{\"schema\":1,\"id\":\"$1/.*\"softmax\":{\"rel_fro\":\([^,]*\),.*|\1|p" "$R/points.jsonl"; }
holds "are read" [ "$(error $e/b1h2n64d16)" != "$(error linformer,rank=4/b1h2n64d16)" ]
holds "and measured" [ "$(status $e/b1h2n64d16)" = ok ]
holds "one layout for all heads" [ "$(status blocksparse,block=32,layout=data/layout.npy/b1h2n64d16)" = ok ]
holds "a length that they do not fit is unsupported" [ "$(status $e/b1h2n32d16)" = unsupported ]
said "$R/points.jsonl" "'e' is [rank nk] = [4, 32] here"
expect 2 "no such file" "$A" run "$T/tensors/files.lua" -o "$T/none" --set 'variants={ "linformer", tensors = { e = "none.npy" } }'
said "$T/err" "files.lua"
said "$T/err" "none.npy: No such file"
expect 2 "no such tensor" "$A" run "$T/tensors/files.lua" -o "$T/none" --set 'variants={ "linformer", tensors = { g = "none.npy" } }'
said "$T/err" "linformer has no tensor 'g'"
expect 2 "no file name" "$A" run "$T/tensors/files.lua" -o "$T/none" --set 'variants={ "linformer", tensors = { e = 3 } }'
said "$T/err" "tensor e takes the name of a file"

# ---- forecasts come from calls that are long enough, hang-ups pass by a run under nohup
expect 0 "a short call forecasts nothing" "$A" run "$T/plain.lua" -o "$T/short" --set shape.n=1,4096 --filter 'flash.*none' --no-plots
holds "the long one runs" [ "$(grep -c '"status":"ok"' "$T/short/points.jsonl")" = 2 ]
(trap '' HUP; exec "$A" run "$T/plain.lua" -o "$T/nohup" --no-plots >/dev/null 2>&1) &
parent=$!
wait_for "$T/nohup/plan.jsonl"
kill -HUP "$parent"
wait "$parent"
holds "nohup" [ $? = 0 ]
mkdir -p "$T/foreign"
echo mine >"$T/foreign/manifest.json"
expect 2 "a folder with a file of another's" "$A" run "$T/plain.lua" -o "$T/foreign"
expect 2 "even with --overwrite" "$A" run "$T/plain.lua" -o "$T/foreign" --overwrite
holds "which is left alone" [ "$(cat "$T/foreign/manifest.json")" = mine ]

# ---- interrupted, killed, resumed
gone() { # gone WORKER...: none is alive within five seconds, which a busy machine may take to end one
    for _ in $(seq 25); do
        left=""
        for worker in "$@"; do workers | grep -qx "$worker" && left=$worker; done
        [ -z "$left" ] && return 0
        sleep 0.2
    done
    return 1
}
R=$T/cut
cat >"$T/cut.lua" <<LUA
sweep { shape = { heads = 1, dk = 8, n = range(16, 96, 8) }, threads = 1, variants = { "flash", "full", "linear" },
        measure = { replicates = 3, max_seconds = 0.3, rows = 16 } }
LUA
"$A" run "$T/cut.lua" -o "$R" --no-plots >/dev/null 2>&1 &
parent=$!
wait_for "$R/points.jsonl"
kill -INT "$parent"
wait "$parent"
holds "Ctrl-C exits with 130" [ $? = 130 ]
holds "what was measured is on disk" [ "$(rows)" -gt 0 ]
holds "the manifest says so" grep -q '"state": "interrupted"' "$R/manifest.json"
for moment in $(awk -v seed=$$ 'BEGIN { srand(seed); for (i = 0; i < 10; i++) printf "%.2f ", 0.02 + 0.9 * rand() }'); do
    "$A" run "$T/cut.lua" -o "$R" --resume --no-plots >/dev/null 2>&1 &
    parent=$!
    before=$(rows)
    sleep "$moment"
    orphan=$(workers "$parent")
    kill -9 "$parent"
    wait "$parent" 2>/dev/null
    # shellcheck disable=SC2086 # numbers
    holds "killed after $moment s: a worker dies with its parent" gone $orphan
    holds "and no row is lost" [ "$(grep -c '^{.*}$' "$R/points.jsonl")" -ge "$before" ]
done
expect 0 "resumed to the end" "$A" run "$T/cut.lua" -o "$R" --resume --no-plots
"$A" run "$T/cut.lua" -o "$T/uncut" --no-plots >/dev/null 2>&1
ids "$R/points.jsonl" >"$T/a"
ids "$T/uncut/points.jsonl" >"$T/b"
same "the same rows as without a break, ten times killed" "$T/a" "$T/b"
holds "all of them ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = "$(wc -l <"$T/b")" ]

# ---- a group that was cut short: what its workers have answered is not measured again
R=$T/half
cat >"$T/half.lua" <<LUA
sweep { shape = { heads = 1, dk = 8, n = 64 }, threads = 1, variants = { "flash", "full", "linear" },
        measure = { replicates = 6, max_seconds = 3, rows = 16 } }
LUA
"$A" run "$T/half.lua" -o "$R" --no-plots >/dev/null 2>&1 &
parent=$!
for _ in $(seq 300); do # three probes and two replicates
    [ -e "$R/journal.jsonl" ] && [ "$(grep -c '^{.*}$' "$R/journal.jsonl")" -ge 5 ] && break
    sleep 0.1
done
kill -9 "$parent"
wait "$parent" 2>/dev/null
cp "$R/journal.jsonl" "$T/notes"
holds "killed within the group: no row yet" [ "$(rows)" = 0 ]
expect 0 "the group is resumed" "$A" run "$T/half.lua" -o "$R" --resume --no-plots
grep '"times"' "$T/notes" | grep -o '"samples":{"ns":\[[^]]*\]' | sed 's/.*\[//; s/\]//' >"$T/samples"
holds "there were samples of two processes of three variants" [ "$(wc -l <"$T/samples")" -ge 6 ]
lost=0
while read -r samples; do grep -qF -- "$samples" "$R/points.jsonl" || lost=$((lost + 1)); done <"$T/samples"
holds "all of them are in the rows" [ "$lost" = 0 ]
holds "which are complete" [ "$(grep -c '"replicates":6' "$R/points.jsonl")" = 3 ]
holds "and the notes are gone" [ ! -e "$R/journal.jsonl" ]

# ---- a worker that somebody kills: the point is not to blame
R=$T/stray
"$A" run "$T/cut.lua" -o "$R" --no-plots >/dev/null 2>"$T/err" &
parent=$!
wait_for "$R/plan.jsonl"
for _ in 1 2 3 4 5; do
    sleep 0.3
    # shellcheck disable=SC2046 # numbers
    kill -9 $(workers "$parent") 2>/dev/null
done
wait "$parent"
holds "workers were killed five times, and the run is fine" [ $? = 0 ]
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = "$(wc -l <"$T/b")" ]

# ---- what the rows say of longer points is known after an interruption as well
R=$T/forecast
cat >"$T/forecast.lua" <<LUA
sweep { shape = { heads = 8, dk = 64, n = { 1024, 2048, 32768 } }, threads = 1, variants = { "flash" },
        measure = { what = { "accuracy" }, rows = 16 } }
LUA
expect 0 "a point that would take too long" "$A" run "$T/forecast.lua" -o "$R" --no-plots --point-timeout 4s
holds "is skipped" grep -q "skipped_time" "$R/points.jsonl"
of_points() { sed 's/.*"id":"\([^"]*\)".*"status":"\([^"]*\)".*/\1 \2/' "$R/points.jsonl"; grep -o '"predicted":{[^}]*}' "$R/points.jsonl"; }
of_points >"$T/a"
head -n 2 "$R/points.jsonl" >"$T/first"
cp "$T/first" "$R/points.jsonl"
expect 0 "and skipped again" "$A" run "$T/forecast.lua" -o "$R" --no-plots --point-timeout 4s --resume
of_points >"$T/b"
same "by the same forecast, when the run is resumed there" "$T/a" "$T/b"

# ---- killed while it starts a child, before that one has come to itself
ended() { # ended PROCESS: it is no more, or a zombie, within two seconds
    for _ in $(seq 20); do
        [ -z "$(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline")" ] && return 0
        sleep 0.1
    done
    return 1
}
kill_at() { # kill_at NUMBER: kills a run the moment it has started so many children; $child is the last of them
    "$A" run "$T/bad.lua" -o "$T/at$1" --overwrite --filter 'broken_hang.*n8d' --point-timeout 20s --no-plots >/dev/null 2>&1 &
    parent=$!
    child=""
    found=0
    while [ "$found" -lt "$1" ] && [ -d "/proc/$parent" ]; do
        now=""
        { read -r now _ <"/proc/$parent/task/$parent/children"; } 2>/dev/null
        [ -n "$now" ] && [ "$now" != "$child" ] && child=$now && found=$((found + 1))
    done
    kill -9 "$parent"
    wait "$parent" 2>/dev/null
}
if [ -e "/proc/$$/task/$$/children" ]; then
    for number_of_child in 1 4 5 6 6 6 6; do # the plan; ceilings, inputs and the probe, which hangs
        kill_at $number_of_child
        holds "killed as child $number_of_child appears: it dies with its parent" ended "$child"
        kill -9 "$child" 2>/dev/null
    done
else skip "killed as a child appears" "no /proc/PID/task/PID/children"; fi

# ---- a terminal: one line that changes and never wraps; none where it cannot go back
if command -v script >/dev/null; then
    terminal() { # terminal TERM: what a run says on a terminal of 40 columns
        TERM=$1 script -qec "stty cols 40; $PWD/$A run $T/plain.lua -o $T/terminal --overwrite --no-plots --filter flash >/dev/null" /dev/null \
            </dev/null >"$T/out"
    }
    "$A" run "$T/plain.lua" -o "$T/terminal" --no-plots --filter flash >/dev/null 2>&1
    terminal xterm
    tr '\r' '\n' <"$T/out" | grep -a "$(printf '^\033\\[K\\[.* ')" | sed 's/^...//' | grep -av ' points, ' >"$T/lines"
    holds "a terminal: a line that changes" grep -q "timing" "$T/lines"
    holds "and fits in" [ "$(wc -L <"$T/lines")" -le 39 ]
    terminal dumb
    holds "TERM=dumb: lines that stay" grep -q "points, " "$T/out"
    holds "and nothing else" sh -c "! grep -q '$(printf '\033')' $T/out"
else skip "progress on a terminal" "no script(1)"; fi

# ---- a reader who leaves
R=$T/left
{ "$A" run "$T/plain.lua" -o "$R" --no-plots 2>&1; echo $? >"$T/code"; } | head -c 1 >/dev/null
holds "a reader who leaves ends nothing" [ "$(cat "$T/code")" = 0 ]
holds "all rows are there" [ "$(rows)" = 20 ]
holds "the manifest says how it ended" grep -q '"state": "finished"' "$R/manifest.json"

# ---- two at once
"$A" run "$T/bad.lua" -o "$T/two" --filter broken_hang --point-timeout 60s --no-plots >/dev/null 2>&1 &
parent=$!
wait_for "$T/two/plan.jsonl"
expect 2 "two runs into one folder" "$A" run "$T/bad.lua" -o "$T/two" --overwrite
said "$T/err" "another run is writing to $T/two"
kill "$parent"
wait "$parent" 2>/dev/null

# ---- a full disk: a small one where we may mount it, and a limit on the size of files, which gives the same short writes
full() { # full NAME COMMAND...: the command runs into a full disk in $R, and goes on when there is room again
    kind=$1
    shift
    expect 3 "$kind" "$@"
    said "$T/err" "rows are safe there; make room and go on with --resume"
    holds "$kind: some rows" [ "$(rows)" -gt 0 ]
    holds "$kind: no torn row" sh -c "[ \$(tail -c 1 $R/points.jsonl | wc -l) = 1 ]"
    expect 0 "$kind: room again" "$A" run "$T/plain.lua" -o "$R" --resume --no-plots --set shape.n=8,16
    holds "$kind: all rows" [ "$(rows)" = 20 ]
    holds "$kind: none of them twice" [ -z "$(ids "$R/points.jsonl" | uniq -d)" ]
}
R=$T/full
full "a full disk" sh -c "ulimit -f 40; trap '' XFSZ; exec $A run $T/plain.lua -o $R --no-plots --set shape.n=8,16"
R=$T/small
mkdir "$R" "$T/disk"
cat >"$T/small.sh" <<SH # in a name space of its own, where the disk goes with its last process
mount -t tmpfs -o size=\${1}k tmpfs $T/disk || exit 77
$A run $T/plain.lua -o $T/disk --no-plots --set shape.n=8,16
code=\$?
cp $T/disk/* $R
exit \$code
SH
if unshare -m sh -c "mount -t tmpfs tmpfs $T/disk" 2>/dev/null; then
    full "a small disk" unshare -m sh "$T/small.sh" 40
    holds "a small disk: the manifest is whole" grep -qx '}' "$R/manifest.json"
else skip "a small disk" "it cannot be mounted here"; fi
expect 2 "a folder that cannot be made" "$A" run "$T/plain.lua" -o /proc/none
said "$T/err" "choose another folder with -o"
finish
