#!/bin/sh
# run.sh -- runs fuzz targets: run.sh SECONDS TARGET...
#
# Each starts from what is committed in tests/fuzz/corpus and what earlier runs left in $B/corpus. What it finds is
# named, and stands in $B/found: give that file to the target, put it into the corpus, and mend the reader.
set -u
B=${B:-build/fuzz}
seconds=$1
shift
TMPDIR=$(mktemp -d "$(test -w /dev/shm && echo /dev/shm || echo /tmp)/fuzz-XXXXXX")
export TMPDIR
# The OpenMP of clang leaves a file of each process that ends in the middle.
tidy() {
    rm -rf "$TMPDIR"
    for left in /dev/shm/__KMP_REGISTERED_LIB_*; do
        process=${left#/dev/shm/__KMP_REGISTERED_LIB_}
        [ ! -O "$left" ] || [ -e "/proc/${process%%_*}" ] || rm -f "$left"
    done
}
trap tidy EXIT
trap 'exit 130' INT TERM
mkdir -p "$B/found"
failed=0

# The sum of the executions, the last coverage: of the lines that libFuzzer writes, one process or several.
summary() {
    grep -aE '^#[0-9]+[:[:blank:]].*cov: ' "$1" | tail -n 1 | sed -E 's/^#([0-9]+).*cov: ([0-9]+) ft: [0-9]+ corp: ([0-9]+).*/\1 executions, \2 edges covered, \3 inputs kept/'
}

for target in "$@"; do
    log=$B/$target.log
    grown=$B/corpus/$target
    mkdir -p "$grown"
    # A script of a config that stays in a function of C ends the process, by its promise, with exit code 2: so this
    # target runs in processes of its own (-fork), for which that is no finding. It needs the timer for itself.
    case $target in
    config) options="-fork=1 -timeout=0 -ignore_timeouts=1 -timeout_exitcode=2" ;;
    *) options="-timeout=20" ;;
    esac
    # shellcheck disable=SC2086 # the words of $options are meant to be words
    "$B/tests/fuzz/fuzz_$target" $options -close_fd_mask=1 -max_total_time="$seconds" -max_len=8192 \
        -dict="tests/fuzz/$target.dict" -rss_limit_mb=4096 -artifact_prefix="$B/found/$target-" \
        "$grown" "tests/fuzz/corpus/$target" >"$log" 2>&1
    code=$?
    if [ "$code" = 0 ]; then
        echo "fuzz $target: nothing found in $seconds s; $(summary "$log")"
    else
        failed=1
        echo "fuzz $target: FOUND something (exit code $code)"
        grep -aE 'ERROR: |runtime error|does not hold|^attnbench: |SUMMARY: ' "$log" | head -n 5
        file=$(grep -aoE 'written to [^ ;]+' "$log" | tail -n 1 | sed 's/written to //')
        echo "  reproduce: $B/tests/fuzz/fuzz_$target ${file:-(see $log)}"
    fi
done
exit "$failed"
