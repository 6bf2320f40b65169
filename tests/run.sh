#!/bin/sh
# run.sh -- runs test programs, each of which speaks TAP, and counts: "N passed, N failed, N skipped".
# Comments that open with "# uncovered" or "# summary" are shown: what a test does not cover shall not hide.
set -u
passed=0
failed=0
skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export CMOCKA_MESSAGE_OUTPUT=TAP

for test in "$@"; do
    start=$(date +%s)
    case $test in
    *.sh) sh "$test" >"$log" 2>&1 ;;
    *) "$test" >"$log" 2>&1 ;;
    esac
    code=$?
    # cmocka 1.1.5 prints a skipped test as "not ok 7 # SKIP name"
    sed -i -E 's/^not (ok [0-9]+ # SKIP)/\1/' "$log"
    s=$(grep -cE '^ok .*# SKIP' "$log")
    p=$(($(grep -cE '^ok ' "$log") - s))
    f=$(grep -cE '^not ok ' "$log")
    # a program that dies says nothing of the tests it did not reach
    if [ "$code" != 0 ] && [ "$f" = 0 ] || [ $((p + s + f)) = 0 ]; then
        f=$((f + 1))
        echo "$test ended with exit code $code"
        tail -n 20 "$log"
    fi
    [ "$f" = 0 ] || grep -E -A 12 '^not ok ' "$log"
    [ "$s" = 0 ] || grep -E '^ok .*# SKIP' "$log"
    grep -E '^# (uncovered|summary)' "$log"
    echo "$(basename "$test"): $p passed, $f failed, $s skipped, $(($(date +%s) - start)) s"
    passed=$((passed + p))
    failed=$((failed + f))
    skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
