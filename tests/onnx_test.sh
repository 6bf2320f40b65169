# onnx_test.sh -- `attnbench apply` against the vectors of the ONNX backend node tests (onnx_cases.txt).
#
# The vectors are not part of this project: they stand in the folder ATTNBENCH_ONNX, or in ../shared/onnx, with
# a cases.json that lists them. Outputs are compared by relative Frobenius distance, ||got - want|| / ||want||.
. "$(dirname "$0")/lib.sh"
A=$(pwd)/$A
N=$(pwd)/$B/tests/npy
table=$(dirname "$0")/onnx_cases.txt
V=${ATTNBENCH_ONNX:-../shared/onnx}

# The bound for an output of a case of this kind.
bound() { # bound KIND OUTPUT
    case $2 in present_*) echo 0 && return ;; esac # the past and what follows it are copied
    case $1 in
    # f32 on both sides: the bound that the suite holds exact variants to
    exact | rotary) echo 2e-6 ;;
    # sums of up to four signed products, in another order: as for exact
    linear | gated | delta) echo 2e-6 ;;
    # both sides read the same f16 numbers and the stored result is rounded to f16: by 2^-11 = 4.88e-4 of each
    # number at most, so of the norm at most, and our own error comes on top
    half | delta_half) echo 4.9e-4 ;;
    esac
}

# The lines of the table without comments, blanks around | taken away.
lines() { grep -v '^#' "$table" | grep . | sed 's/ *| */|/g'; }

count() { lines | grep -cE "^[^|]*\|($1)(\||\$)"; }

check_table() {
    "$N" cases "$V/cases.json" | sort >"$T/cases"
    holds "the cases are listed" test -s "$T/cases"
    lines | cut -d'|' -f1 | sort >"$T/known"
    same "the table has each case once" "$T/cases" "$T/known"
}

# Every file of a case is an input or compared.
check_files() {
    lines | grep -F "$1|" | grep -v '|uncovered|' >"$T/lines"
    for file in "$V/$1"/*.npy; do
        word=$(basename "$file")
        case $word in [QKV].npy) continue ;; esac
        grep -qE "[ =|]$word([ |]|\$)" "$T/lines" || fail "$1: $word is used" "no line of the table names it"
    done
}

# spell OPTIONS: the same, with a file that holds the number X in place of each @X.
spell() {
    for word in $1; do
        case $word in
        @*)
            "$N" bits "$T/$word.npy" 1,1 1 && "$N" put "$T/$word.npy" 0 "${word#@}"
            echo "$T/$word.npy"
            ;;
        *) echo "$word" ;;
        esac
    done
}

# run_case CASE KIND OPTIONS OUTPUTS VARIANT: one run and all its comparisons, one line of TAP. VARIANT may be
# variant,KEY=VALUE.
run_case() {
    case=$1 kind=$2 options=$3 outputs=$4 variant=$5
    outs=""
    for pair in $outputs; do
        [ "${pair%%=*}" = o ] || outs="$outs --out ${pair%%=*}=$T/${pair#*=}"
    done
    result=o.npy # unless it is compared
    case $outputs in o=*) result=${outputs%% *} && result=${result#o=} ;; esac
    rm -f "$T"/*.npy
    words=$(spell "$options")
    case $options in *"--q "*) inputs="" ;; *) inputs="--q Q.npy --k K.npy --v V.npy" ;; esac
    case $variant in *,*) words="$words --set ${variant#*,}" ;; esac
    # shellcheck disable=SC2086 # they are words
    if ! (cd "$V/$case" && "$A" apply "${variant%%,*}" $inputs $words -o "$T/$result" $outs) >"$T/out" 2>&1; then
        fail "$case, $variant" "$options" "$(cat "$T/out")"
        return
    fi
    for pair in $outputs; do
        most=$(bound "$kind" "${pair%%=*}")
        if ! "$N" close "$T/${pair#*=}" "$V/$case/${pair#*=}" "$most" >"$T/out" 2>&1; then
            fail "$case, $variant" "${pair#*=}, bound $most:" "$(cat "$T/out")"
            return
        fi
    done
    pass "$case, $variant"
}

run_all() {
    lines >"$T/table"
    while IFS='|' read -r case kind options outputs; do
        case $kind in
        exact | half) variants="full flash" ;;
        linear) variants=linear ;;
        gated) variants="gla gla,form=recurrent" ;;
        delta | delta_half) variants="deltanet deltanet,form=recurrent" ;;
        rotary) variants=full ;;
        uncovered) continue ;;
        *) fail "$case: kind" "'$kind' is none of exact, half, linear, gated, delta, delta_half, rotary, uncovered" && continue ;;
        esac
        check_files "$case"
        for variant in $variants; do run_case "$case" "$kind" "$options" "$outputs" "$variant"; done
    done <"$T/table"
}

covered=$(count 'exact|half|linear|gated|delta|delta_half|rotary')
skipped=0
if [ -r "$V/cases.json" ]; then
    check_table
    run_all
else
    skip "ONNX node tests" "no $V/cases.json; set ATTNBENCH_ONNX to the folder of the vectors"
    skipped=$covered
    covered=0
fi
lines | sed -n 's/^\([^|]*\)|uncovered|/# uncovered: \1: /p'
echo "# summary: ONNX cases: $covered covered, $skipped skipped, $(count uncovered) uncovered"
finish
