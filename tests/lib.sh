# lib.sh -- helpers of the shell tests: TAP, a folder of their own, expectations on a command.
#
#   expect CODE NAME COMMAND...   runs it; stdout goes to $T/out, stderr to $T/err
#   said FILE TEXT                adds to the last test: the file contains the text
set -u
B=${B:-build/release}
A=$B/attnbench
PLUGINS=$PWD/$B/tests/plugin # shared objects with one fault each
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
number=0

pass() { number=$((number + 1)); echo "ok $number - $1"; }
fail() {
    number=$((number + 1))
    echo "not ok $number - $1"
    shift
    for line in "$@"; do printf '%s\n' "$line" | sed 's/^/# /'; done
}
skip() { number=$((number + 1)); echo "ok $number - # SKIP $1: $2"; }

expect() {
    want=$1
    name=$2
    shift 2
    "$@" >"$T/out" 2>"$T/err"
    code=$?
    if [ "$code" = "$want" ]; then pass "$name"; else
        fail "$name" "exit code $code, expected $want: $*" "$(tail -n 20 "$T/out")" "$(tail -n 20 "$T/err")"
    fi
}

said() {
    if grep -qF -- "$2" "$1"; then pass "$name: says '$2'"; else
        fail "$name: says '$2'" "it said:" "$(tail -n 20 "$1")"
    fi
}

# holds NAME COMMAND...: the command succeeds.
holds() {
    name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "$*"; fi
}

same() { # same NAME FILE FILE
    if diff -u "$2" "$3" >"$T/diff" 2>&1; then pass "$1"; else fail "$1" "$(head -n 40 "$T/diff")"; fi
}

# wait_for FILE: until it is there and not empty, half a minute at most.
wait_for() {
    for _ in $(seq 150); do
        [ -s "$1" ] && return 0
        sleep 0.2
    done
    return 1
}

# The workers of the program that are alive; of one parent alone where its number is given.
workers() {
    for process in /proc/[0-9]*; do
        [ "$(tr '\0' ' ' 2>/dev/null <"$process/cmdline")" = "attnbench worker " ] || continue
        grep -q "^PPid:[[:blank:]]*${1:-[0-9]*}\$" "$process/status" 2>/dev/null && echo "${process#/proc/}"
    done
}

# copy_tree DIR: the sources and what is built of the program, as if they had been cloned and built there.
copy_tree() {
    mkdir -p "$1/$B" "$1/tests/plugin"
    cp -pr Makefile configs harness scripts variants "$1"
    cp -pr tests/plugin/efficient "$1/tests/plugin"
    cp -pr "$B/flags" "$B/version" "$B/attnbench" "$B/harness" "$B/variants" "$B/scripts" "$1/$B"
}

finish() { echo "1..$number"; }
