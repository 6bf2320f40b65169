# cli_test.sh -- what the commands print, and what they say to a wrong word.
. "$(dirname "$0")/lib.sh"
G=tests/golden

expect 2 "no command" "$A"
expect 0 "help" "$A" --help
same "help: transcript" $G/help.txt "$T/out"
expect 0 "version" "$A" --version
holds "version: one line" grep -qE '^attnbench [^ ]+$' "$T/out"
expect 2 "unknown command" "$A" rnu
same "unknown command: message" $G/unknown-command.txt "$T/err"

expect 0 "list" "$A" list
sed -n 's/^VARIANT(\(.*\))$/\1/p' variants/list.h >"$T/roster"
tail -n +2 "$T/out" | cut -d' ' -f1 >"$T/listed"
same "list: those of variants/list.h, in its order" "$T/roster" "$T/listed"
grep -E '^(variant|flash|sparse|performer|mean_v) ' "$T/out" >"$T/some"
same "list: transcript of some" $G/list.txt "$T/some"
expect 0 "list --json" "$A" list --json
for key in '"name": "flash"' '"kind": "subset_softmax"' '"caps": [' '"cite":' '"growth": {' '"params": [' '"tensors": ['; do
    said "$T/out" "$key"
done
expect 2 "list --jsno" "$A" list --jsno
said "$T/err" "unknown option '--jsno'; list takes --json only"
expect 0 "describe" "$A" describe linear
same "describe: transcript" $G/describe-linear.txt "$T/out"
expect 2 "describe nothing" "$A" describe
expect 2 "describe unknown" "$A" describe lienar
said "$T/err" "no variant 'lienar'; did you mean 'linear'?"

for command in list describe run apply check compare baseline plot fit report doctor; do expect 0 "$command --help" "$A" "$command" --help; done
same "run --help: transcript" $G/run-help.txt "$("$A" run --help >"$T/run-help"; echo "$T/run-help")"
same "report --help: transcript" $G/report-help.txt "$("$A" report --help >"$T/report-help"; echo "$T/report-help")"
expect 2 "run without a config" "$A" run
said "$T/err" "run needs a config"
expect 2 "run with two" "$A" run a.lua b.lua
said "$T/err" "'b.lua' is one too many"
expect 2 "unknown option" "$A" run a.lua --foo
said "$T/err" "unknown option '--foo'"
expect 2 "a value missing" "$A" run a.lua --threads
said "$T/err" "--threads needs a value"
expect 2 "a wrong value" "$A" run a.lua --threads x
said "$T/err" "--threads x: allowed is a whole number from 1 to 1024"
expect 2 "a wrong size" "$A" run a.lua --mem-limit 2X
said "$T/err" "--mem-limit 2X: give it as 512M or 4G"
expect 2 "a wrong time" "$A" run a.lua --budget soon
said "$T/err" "--budget soon: give it as 30m or 2h"
expect 2 "resume and overwrite" "$A" run a.lua --resume --overwrite
expect 2 "plot of nothing" "$A" plot "$T/none"
said "$T/err" "cannot read $T/none/points.jsonl"
expect 2 "a worker by hand" "$A" worker </dev/null
said "$T/err" "for the program's own use"

# ---- doctor: what it says follows from what it is shown
expect 0 "doctor" "$A" doctor
for topic in cores load BLAS threads 'peak memory' clock presets memory gnuplot; do
    holds "it looks at $topic" grep -qE "^(ok|note|warn) +$topic +" "$T/out"
done
holds "every warning and note with something to do has a remedy" awk '/^warn/ { w++ } /^ +-> / { r++ } END { exit !(r >= w) }' "$T/out"
OMP_NUM_THREADS=7 expect 0 "doctor with a preset" "$A" doctor
said "$T/out" "note  presets      OMP_NUM_THREADS=7: cleared in workers"
PATH=/none expect 0 "doctor without gnuplot" "$PWD/$A" doctor
said "$T/out" "warn  gnuplot      is missing"
said "$T/out" "-> apt-get install gnuplot-nox"
expect 0 "doctor on one core" taskset -c 0 "$A" doctor
holds "it counts one" grep -qE '^(note  cores +1 of [0-9]+ may|ok    cores +all 1 )' "$T/out"
expect 0 "doctor --json" "$A" doctor --json
said "$T/out" '"topic": "clock"'
expect 2 "doctor --jsno" "$A" doctor --jsno
said "$T/err" "unknown option '--jsno'; doctor takes --json only"
echo 'sweep { shape = { n = 8, heads = 1, dk = 4 }, variants = "null", measure = { replicates = 1, max_seconds = 0.01 } }' >"$T/one.lua"
PATH=/none expect 0 "run says what would spoil it" "$PWD/$A" run "$T/one.lua" -o "$T/one" --no-plots
said "$T/err" "attnbench: gnuplot: is missing: there will be no pictures; apt-get install gnuplot-nox"

ATTNBENCH_ISA=zmm expect 2 "an unknown instruction set" "$A" run configs/quick.lua --dry-run
said "$T/err" "ATTNBENCH_ISA=zmm: not usable here"
finish
