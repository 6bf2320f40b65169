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

# Executions of all processes, and what the last of them had reached, out of the lines of libFuzzer.
summary() {
    awk '/^INFO: Running with/ { sum += last; last = 0 }
        /^#[0-9]+/ { last = substr($1, 2) + 0; reached = $0; gsub(/.*cov:|\/.*| lim:.*| exec.*/, "", reached) }
        END { print sum + last " executions, cov:" reached }' "$1"
}

for target in "$@"; do
    log=$B/$target.log
    grown=$B/corpus/$target
    mkdir -p "$grown"
    : >"$log"
    end=$(($(date +%s) + seconds))
    while :; do
        left=$((end - $(date +%s)))
        "$B/tests/fuzz/fuzz_$target" -timeout=30 -max_total_time="$((left > 0 ? left : 1))" -max_len=8192 \
            -close_fd_mask=3 -dict="tests/fuzz/$target.dict" -rss_limit_mb=4096 \
            -artifact_prefix="$B/found/$target-" "$grown" "tests/fuzz/corpus/$target" >>"$log" 2>&1
        code=$?
        # a script that stays in a function of C ends the process, as config.h says: that is no finding
        [ "$code" = 2 ] && [ "$left" -gt 0 ] || break
    done
    if [ "$code" = 0 ] || [ "$code" = 2 ]; then
        echo "fuzz $target: nothing found in $seconds s; $(summary "$log")"
    else
        failed=1
        echo "fuzz $target: FOUND something (exit code $code)"
        grep -aE 'ERROR: |runtime error|SUMMARY: | in .*(harness|variants|tests)/.*:[0-9]+' "$log" | head -n 8
        file=$(grep -aoE 'written to [^ ;]+' "$log" | tail -n 1 | sed 's/written to //')
        echo "  reproduce: $B/tests/fuzz/fuzz_$target ${file:-(see $log)}"
    fi
done
exit "$failed"
