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
expect 0 "describe without a name" "$A" describe
sed -n '/^| name | what it is | kind/,/^$/p' README.md | grep . >"$T/readme"
same "describe without a name: the table of the README" "$T/readme" "$T/out"
expect 2 "describe two" "$A" describe flash full
expect 2 "describe unknown" "$A" describe lienar
said "$T/err" "no variant 'lienar'; did you mean 'linear'?"

for command in list describe run apply weights check compare baseline plot fit report doctor; do expect 0 "$command --help" "$A" "$command" --help; done
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

# ---- a stdout that takes nothing
if [ -c /dev/full ]; then
    full() { "$A" "$@" >/dev/full; }
    reference=results/reference/complexity
    for words in "list" "list --json" "describe" "fit $reference" "compare $reference $reference --json" "doctor" "report $reference -o -" \
        "--help" "--version" "run --help" "run configs/quick.lua --dry-run"; do
        # shellcheck disable=SC2086 # they are words
        expect 2 "$words into a full disk" full $words
        said "$T/err" "attnbench: cannot write to stdout: "
    done
else skip "a stdout that takes nothing" "no /dev/full"; fi
expect 2 "a closed stdout" sh -c "$A list >&-"
expect 0 "a reader who leaves" sh -c "trap '' PIPE; { $A list --json; echo \$? >$T/code; } | head -c 1 >/dev/null; exit \$(cat $T/code)"

# ---- doctor: what it says follows from what it is shown
expect 0 "doctor" "$A" doctor
for topic in cores load BLAS threads 'peak memory' clock presets memory gnuplot; do
    holds "it looks at $topic" grep -qE "^(ok|note|warn) +$topic +" "$T/out"
done
holds "every warning and note with something to do has a remedy" awk '/^warn/ { w++ } /^ +-> / { r++ } END { exit !(r >= w) }' "$T/out"
OMP_NUM_THREADS=7 expect 0 "doctor with a preset" "$A" doctor
holds "it tells what it makes of it" grep -qE "^note  presets      (.* )?OMP_NUM_THREADS=7: cleared in workers" "$T/out"
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

# ---- colour: what is said stays the same to the byte, and files have none
escape=$(printf '\033')
plain() { sed "s/$escape\[[0-9;]*m//g" "$1"; }
coloured() { # coloured NAME FILE FILE: the second has escapes, and without them is the first
    plain "$3" >"$T/plain"
    same "$1: the words" "$2" "$T/plain"
    holds "$1: in colour" grep -q "$escape" "$3"
}
quiet() { holds "$1: no colour" sh -c '! grep -q "$1" "$2"' - "$escape" "$2"; } # quiet NAME FILE
for words in "rnu --color" "--color rnu" "--color=always rnu" "--color=never rnu --color=always"; do
    # shellcheck disable=SC2086 # they are words
    expect 2 "$words" "$A" $words
    coloured "$words" $G/unknown-command.txt "$T/err"
done
for words in "rnu" "rnu --color=auto" "--color=always --color=never rnu"; do
    # shellcheck disable=SC2086
    expect 2 "$words" "$A" $words
    same "$words: message" $G/unknown-command.txt "$T/err"
done
expect 2 "a wrong --color" "$A" list --color=no
said "$T/err" "attnbench: --color=no: allowed: auto, always, never"
R=results/reference/complexity
for words in "fit $R" "compare $R $R --all" "compare results/reference/quick $R" "check null --every 1000" "apply flahs --q q --k k --v v -o o.npy"; do
    # shellcheck disable=SC2086
    "$A" $words 2>&1 | sed 's/ checks in .*//' >"$T/want"
    # shellcheck disable=SC2086
    "$A" $words --color=always 2>&1 | sed 's/ checks in .*//' >"$T/got"
    coloured "$words" "$T/want" "$T/got"
done
for words in "list --json" "compare $R $R --json" "doctor --json"; do
    # shellcheck disable=SC2086
    expect 0 "$words" "$A" $words --color=always
    quiet "$words" "$T/out"
done
expect 0 "doctor --color" "$A" doctor --color=always
plain "$T/out" >"$T/plain"
holds "doctor: its columns stand" sh -c '! grep -qvE "^((ok|note|warn)  *[^ ]|  *-> |[0-9N].*measurement|\$)" "$1"' - "$T/plain"
holds "doctor: ok is green" grep -q "^$escape\[32mok$escape\[0m    [a-z]" "$T/out"
echo 'sweep { shape = { n = { 8, 65536 }, heads = 1, dk = 4 }, variants = { "null", "full" }, measure = { replicates = 1, max_seconds = 0.01 } }' >"$T/two.lua"
expect 0 "a run in colour" "$A" run "$T/two.lua" -o "$T/two" --no-plots --mem-limit 256M --color=always
expect 0 "its table" "$A" run "$T/two.lua" -o "$T/two" --no-plots --mem-limit 256M --resume
mv "$T/out" "$T/want"
expect 0 "the same in colour" "$A" run "$T/two.lua" -o "$T/two" --no-plots --mem-limit 256M --resume --color=always
coloured "the table of a run" "$T/want" "$T/out"
said "$T/out" "${escape}[33mno memory${escape}[0m"
holds "no file of a run is coloured" sh -c '! grep -rq "$1" "$2"' - "$escape" "$T/two"
if command -v script >/dev/null; then
    on_terminal() { script -qec "$PWD/$A rnu" /dev/null </dev/null | tr -d '\r' >"$T/out"; }
    TERM=xterm NO_COLOR='' on_terminal
    coloured "on a terminal" $G/unknown-command.txt "$T/out"
    TERM=xterm NO_COLOR=1 on_terminal
    same "NO_COLOR" $G/unknown-command.txt "$T/out"
    TERM=dumb NO_COLOR='' on_terminal
    same "TERM=dumb" $G/unknown-command.txt "$T/out"
else skip "colour on a terminal" "no script(1)"; fi

ATTNBENCH_ISA=zmm expect 2 "an unknown instruction set" "$A" run configs/quick.lua --dry-run
said "$T/err" "ATTNBENCH_ISA=zmm: not usable here"
finish
