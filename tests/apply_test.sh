# apply_test.sh -- `attnbench apply`: layouts, past keys, outputs, and what it says to wrong input.
. "$(dirname "$0")/lib.sh"
N=$B/tests/npy
I=$T/in
O=$T/results
mkdir "$I" "$O"

# near NAME GOT WANT BOUND, by relative Frobenius distance; differ NAME ONE OTHER: by more than 1e-3.
near() {
    if "$N" close "$2" "$3" "$4" >"$T/out" 2>&1; then pass "$1"; else fail "$1" "$(cat "$T/out")"; fi
}

differ() {
    "$N" close "$2" "$3" 1e-3 >"$T/out" 2>&1
    if [ $? = 1 ]; then pass "$1"; else fail "$1" "$(cat "$T/out")"; fi
}

# run NAME WORD...: apply succeeds and, not asked for errors, says nothing.
run() {
    name=$1
    shift
    "$A" apply "$@" --rows 0 >"$T/out" 2>&1
    code=$?
    if [ $code = 0 ] && [ ! -s "$T/out" ]; then pass "$name"; else fail "$name" "exit code $code: $*" "$(cat "$T/out")"; fi
}

nothing_left() { # nothing_left NAME: the folder of results is empty
    left=$(ls -A "$O")
    if [ -z "$left" ]; then pass "$1: nothing is written"; else fail "$1: nothing is written" "$left"; fi
    rm -rf "$O"
    mkdir "$O"
}

# q [2, 6, 5, 8], k [2, 3, 9, 8], v [2, 3, 9, 4]
"$N" normal "$I/q.npy" 2,6,5,8 1
"$N" normal "$I/k.npy" 2,3,9,8 2
"$N" normal "$I/v.npy" 2,3,9,4 3
QKV="--q $I/q.npy --k $I/k.npy --v $I/v.npy"
for x in q k v; do "$N" tokens "$I/$x.npy" "$I/${x}3.npy"; done
QKV3="--q $I/q3.npy --k $I/k3.npy --v $I/v3.npy --heads 6 --kv-heads 3"

# shellcheck disable=SC2086 # QKV and QKV3 are words
layouts() {
    for variant in flash full linear additive; do
        run "$variant, [batch, heads, n, d]" $variant $QKV --causal -o "$O/o.npy"
        run "$variant, [batch, n, heads*d]" $variant $QKV3 --causal -o "$O/o3.npy"
        "$N" tokens "$O/o.npy" "$O/want.npy"
        near "$variant: both layouts agree" "$O/o3.npy" "$O/want.npy" 0
    done
    run "bottom-right by name" flash $QKV --causal=bottom-right -o "$O/named.npy"
    run "bottom-right by default" flash $QKV --causal -o "$O/o.npy"
    holds "the default diagonal is bottom-right" cmp -s "$O/named.npy" "$O/o.npy"
    run "top-left, shifted" flash $QKV --causal=top-left --causal-shift 4 -o "$O/named.npy"
    holds "top-left shifted by nk - nq is bottom-right" cmp -s "$O/named.npy" "$O/o.npy"
    run "a scale of its own" flash $QKV --causal --scale 0.3 -o "$O/scaled.npy"
    differ "the scale matters" "$O/scaled.npy" "$O/o.npy"
    run "a softcap" flash $QKV --causal --softcap 0.5 -o "$O/capped.npy"
    differ "the softcap matters" "$O/capped.npy" "$O/o.npy"
}
layouts

# shellcheck disable=SC2086
past() {
    "$N" rows "$I/k.npy" "$I/k_past.npy" 0 4
    "$N" rows "$I/k.npy" "$I/k_new.npy" 4 9
    "$N" rows "$I/v.npy" "$I/v_past.npy" 0 4
    "$N" rows "$I/v.npy" "$I/v_new.npy" 4 9
    "$N" tokens "$I/k_new.npy" "$I/k_new3.npy"
    "$N" tokens "$I/v_new.npy" "$I/v_new3.npy"
    P="--past-k $I/k_past.npy --past-v $I/v_past.npy"
    run "no past" flash $QKV --causal -o "$O/whole.npy"
    run "past" flash --q "$I/q.npy" --k "$I/k_new.npy" --v "$I/v_new.npy" $P --causal -o "$O/o.npy" \
        --out present_k="$O/k.npy" --out present_v="$O/v.npy"
    holds "past and new keys are the concatenation" cmp -s "$O/o.npy" "$O/whole.npy"
    near "present_k" "$O/k.npy" "$I/k.npy" 0
    near "present_v" "$O/v.npy" "$I/v.npy" 0
    run "past, [batch, n, heads*d]" flash --q "$I/q3.npy" --k "$I/k_new3.npy" --v "$I/v_new3.npy" --heads 6 \
        --kv-heads 3 $P --causal -o "$O/o3.npy" --out present_v="$O/v.npy"
    "$N" tokens "$O/whole.npy" "$O/want.npy"
    near "past in both layouts" "$O/o3.npy" "$O/want.npy" 0
    near "present_v of [batch, n, heads*d]" "$O/v.npy" "$I/v.npy" 0
}
past

# shellcheck disable=SC2086
outputs() {
    run "weights and lse of flash" flash $QKV --out weights="$O/w.npy" --out lse="$O/lse.npy" -o "$O/o.npy"
    holds "weights sum to 1" "$N" sums "$O/w.npy" 1e-6
    run "lse of full" full $QKV --out lse="$O/lse_full.npy" -o "$O/full.npy"
    near "lse of flash and full" "$O/lse.npy" "$O/lse_full.npy" 2e-6
    near "flash and full" "$O/o.npy" "$O/full.npy" 2e-6
    "$N" normal "$I/k1.npy" 2,3,1,8 2
    "$N" normal "$I/v1.npy" 2,3,1,4 3
    run "a single key" flash --q "$I/q.npy" --k "$I/k1.npy" --v "$I/v1.npy" --out weights="$O/w.npy" -o "$O/o.npy"
    holds "a single key has weight 1" "$N" sums "$O/w.npy" 0

    # a sequence in two calls, linear attention with its state carried, is the sequence in one
    for part in 0,4 4,9; do
        for x in q k v; do
            "$N" rows "$I/$x.npy" "$I/$x.${part%,*}.npy" "${part%,*}" "${part#*,}"
        done
    done
    "$N" normal "$I/ql.npy" 2,3,9,8 4
    "$N" rows "$I/ql.npy" "$I/q.0.npy" 0 4
    "$N" rows "$I/ql.npy" "$I/q.4.npy" 4 9
    for map in "--set eps=0.5" "--set feature_map=identity --set denominator=none"; do
        run "linear $map" linear --q "$I/ql.npy" --k "$I/k.npy" --v "$I/v.npy" --causal $map -o "$O/o.npy" \
            --out state_s="$O/s.npy"
        run "linear, early part" linear --q "$I/q.0.npy" --k "$I/k.0.npy" --v "$I/v.0.npy" --causal $map \
            -o "$O/early.npy" --out state_s="$O/s0.npy" --out state_z="$O/z0.npy"
        run "linear, late part" linear --q "$I/q.4.npy" --k "$I/k.4.npy" --v "$I/v.4.npy" --causal $map \
            -o "$O/late.npy" --tensor state_s="$O/s0.npy" --tensor state_z="$O/z0.npy" --out state_s="$O/s1.npy"
        "$N" rows "$O/o.npy" "$O/want.npy" 0 4
        near "linear $map: early rows" "$O/early.npy" "$O/want.npy" 1e-6
        "$N" rows "$O/o.npy" "$O/want.npy" 4 9
        near "linear $map: late rows" "$O/late.npy" "$O/want.npy" 1e-6
        near "linear $map: the state" "$O/s1.npy" "$O/s.npy" 1e-6
    done

    # a tensor with a row for each position comes in the layout of q
    "$N" normal "$I/gate.npy" 2,3,9,8 6
    for x in ql k v gate; do "$N" tokens "$I/$x.npy" "$I/$x.tokens.npy"; done
    gated="deltanet --causal --set gate=softplus --set share=1"
    run "deltanet, gates given" $gated --q "$I/ql.npy" --k "$I/k.npy" --v "$I/v.npy" --tensor gate="$I/gate.npy" \
        -o "$O/o.npy"
    tokens="--heads 3 --q $I/ql.tokens.npy --k $I/k.tokens.npy --v $I/v.tokens.npy"
    run "the same in [batch, n, heads*d]" $gated $tokens --tensor gate="$I/gate.tokens.npy" -o "$O/tokens.npy"
    "$N" tokens "$O/o.npy" "$O/want.npy"
    near "gates in both layouts" "$O/tokens.npy" "$O/want.npy" 0

    # weights of a variant: given or drawn from the seed
    "$N" normal "$I/w.npy" 6,8,8 5
    run "bilinear, drawn" bilinear $QKV -o "$O/o.npy" --seed 7
    run "bilinear, drawn again" bilinear $QKV -o "$O/again.npy" --seed 7
    holds "the seed decides" cmp -s "$O/o.npy" "$O/again.npy"
    run "bilinear, given" bilinear $QKV -o "$O/given.npy" --seed 7 --tensor w="$I/w.npy"
    differ "a given tensor matters" "$O/given.npy" "$O/o.npy"
}
outputs

# shellcheck disable=SC2086
masks() {
    "$N" integers "$I/lengths.npy" 9 6
    cp "$I/k.npy" "$I/k_nan.npy"
    cp "$I/v.npy" "$I/v_nan.npy"
    for at in 264 280 431; do "$N" put "$I/k_nan.npy" $at nan; done # in rows 6 and 8 of item 1
    for at in 132 143 215; do "$N" put "$I/v_nan.npy" $at nan; done
    for variant in flash full linear; do
        run "$variant, key lengths" $variant $QKV --key-lengths "$I/lengths.npy" -o "$O/o.npy"
        run "$variant, NaN behind the key lengths" $variant --q "$I/q.npy" --k "$I/k_nan.npy" --v "$I/v_nan.npy" \
            --key-lengths "$I/lengths.npy" -o "$O/nan.npy"
        holds "$variant: NaN in a masked key does no harm" cmp -s "$O/o.npy" "$O/nan.npy"
    done
    "$N" booleans "$I/bool.npy" 5,9 110101111
    "$N" normal "$I/float.npy" 1,9 1
    for at in 0 1 2 3 4 5 6 7 8; do "$N" put "$I/float.npy" $at 0; done
    for at in 2 4; do "$N" put "$I/float.npy" $at -inf; done
    run "a boolean bias" flash $QKV --bias "$I/bool.npy" -o "$O/bool.npy"
    run "a float bias of one row" flash $QKV --bias "$I/float.npy" -o "$O/float.npy"
    holds "-inf and false are the same" cmp -s "$O/bool.npy" "$O/float.npy"
    "$N" integers "$I/short.npy" 6 6
    "$N" booleans "$I/narrow.npy" 5,6 110101
    run "a bias as long as the longest item" flash $QKV --key-lengths "$I/short.npy" --bias "$I/narrow.npy" -o "$O/o.npy"
    run "the same at full length" flash $QKV --key-lengths "$I/short.npy" --bias "$I/bool.npy" -o "$O/bool.npy"
    holds "both are the same" cmp -s "$O/o.npy" "$O/bool.npy"
}
masks

# the scores that go into the softmax, and those on the way to it
# shellcheck disable=SC2086
scores() {
    "$N" normal "$I/mixed.npy" 5,9 8
    "$N" put "$I/mixed.npy" 3 -inf
    "$N" put "$I/mixed.npy" 13 -3.4028234e38
    all="--causal --softcap 2 --key-lengths $I/lengths.npy"
    for variant in full flash "local --set window=2" "sparse --set pattern=fixed --set stride=3 --set summary=1" \
        "longformer --set window=1" "blocksparse --set block=2"; do
        run "scores of $variant" $variant $QKV $all --bias "$I/mixed.npy" -o "$O/o.npy" \
            --out biased="$O/b.npy" --out weights="$O/w.npy"
        "$N" softmax "$O/b.npy" "$O/s.npy"
        near "$variant: weights are the softmax of biased" "$O/w.npy" "$O/s.npy" 1e-6
    done
    run "scores" flash $QKV $all --bias "$I/mixed.npy" --out logits="$O/l.npy" --out softcapped="$O/c.npy" \
        --out biased="$O/b.npy" -o "$O/o.npy"
    run "logits of others" local $QKV --out logits="$O/plain.npy" --out softcapped="$O/uncapped.npy" -o "$O/o.npy"
    holds "logits know no mask, bias or choice of keys" cmp -s "$O/l.npy" "$O/plain.npy"
    holds "without a softcap they stay" cmp -s "$O/plain.npy" "$O/uncapped.npy"
    differ "with one they do not" "$O/c.npy" "$O/l.npy"
    run "scale" flash $QKV --scale 0.5 --out logits="$O/half.npy" -o "$O/o.npy"
    run "scale" flash $QKV --scale 1 --out logits="$O/one.npy" -o "$O/o.npy"
    holds "logits are scaled" sh -c '! cmp -s "$1" "$2"' - "$O/half.npy" "$O/one.npy"
    run "an open window" local $QKV $all --bias "$I/mixed.npy" --set window=100 --out biased="$O/open.npy" -o "$O/o.npy"
    holds "a finite bias hides no key, however low" cmp -s "$O/open.npy" "$O/b.npy"
    run "NaN behind the key lengths" local --q "$I/q.npy" --k "$I/k_nan.npy" --v "$I/v_nan.npy" $all --bias "$I/mixed.npy" \
        --set window=100 --out biased="$O/nan.npy" -o "$O/o.npy"
    holds "it does no harm to biased" cmp -s "$O/nan.npy" "$O/b.npy"
}
scores

# one tensor of a .safetensors file: 8 bytes of length, the header, two rows of two numbers three times
safetensors() {
    head='{"q":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[0,16]},"keys":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[16,32]},"v":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[32,48]}}'
    "$N" normal "$I/tq.npy" 1,1,2,2 1
    "$N" normal "$I/tk.npy" 1,1,2,2 2
    "$N" normal "$I/tv.npy" 1,1,2,2 3
    {
        printf "\\$(printf %o ${#head})\\0\\0\\0\\0\\0\\0\\0%s" "$head"
        for x in q k v; do tail -c 16 "$I/t$x.npy"; done
    } >"$I/all.safetensors"
    run "three .npy files" flash --q "$I/tq.npy" --k "$I/tk.npy" --v "$I/tv.npy" -o "$O/o.npy"
    run "a .safetensors file" flash --q "$I/all.safetensors" --k "$I/all.safetensors:keys" \
        --v "$I/all.safetensors:v" -o "$O/again.npy"
    holds "both are the same" cmp -s "$O/o.npy" "$O/again.npy"
}
safetensors

# shellcheck disable=SC2086
environment() {
    run "full" full $QKV --threads 2 -o "$O/o.npy"
    expect 0 "full, OpenBLAS told otherwise" env OPENBLAS_CORETYPE=Nehalem OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=7 \
        "$A" apply full $QKV --threads 2 -o "$O/again.npy"
    holds "the environment changes no bit" cmp -s "$O/o.npy" "$O/again.npy"
    expect 0 "a forced instruction set" env ATTNBENCH_ISA=generic "$A" apply flash $QKV -o "$O/generic.npy"
    near "a forced instruction set: the result" "$O/generic.npy" "$O/o.npy" 2e-6
    mkdir "$T/plain" && rm -f "$O"/*.npy
    (umask 027 && "$A" apply flash $QKV -o "$T/plain/o.npy")
    holds "a result has the rights of a new file" test "$(stat -c %a "$T/plain/o.npy")" = 640
    holds "no draft is left" test "$(ls -A "$T/plain")" = o.npy
}
environment

# ---- the errors that are told ---------------------------------------------------------------------
# shellcheck disable=SC2086 # words
expect 0 "errors of an exact variant" "$A" apply flash $QKV --causal -o "$O/o.npy"
said "$T/out" "60 query rows judged"
holds "what the input is like" grep -qE "^input       logits' deviation [0-9.]+, perplexity [0-9.]+; the 8 heaviest keys hold [0-9.]+, those within 64 1, the first 4 [0-9.]+$" "$T/out"
said "$T/out" "from its own; a correct one is within 2e-06"
holds "and no skill of it" sh -c "! grep -q skill $T/out"
# shellcheck disable=SC2086
expect 0 "errors of a window" "$A" apply local $QKV --causal --set window=1 -o "$O/o.npy" --rows 24
said "$T/out" "24 query rows judged"
said "$T/out" "of the softmax mass kept, of its 1, 8 and 32 heaviest keys"
# shellcheck disable=SC2086
expect 0 "as JSON" "$A" apply local $QKV --set window=1 -o "$O/o.npy" --json
for key in '"definition":' '"rel_fro":' '"captured_mass":' '"row_errors":' '"descriptors":' '"window64_mass":'; do said "$T/out" "$key"; done
# shellcheck disable=SC2086
expect 1 "an output that misses its definition" "$A" --plugin "$B/tests/plugin/packed.so" apply broken_packed --q "$I/q3.npy" --k "$I/k3.npy" --v "$I/v3.npy" --heads 6 --kv-heads 3 -o "$O/o.npy"
said "$T/err" "misses its own definition by"
holds "is written all the same" [ -s "$O/o.npy" ]
rm -f "$O"/*

# ---- wrong input ---------------------------------------------------------------------------------

# wrong NAME MESSAGE WORD...: exit code 2, the message (FOLDER stands for the inputs), nothing written.
wrong() {
    title=$1
    message=$(echo "$2" | sed "s|FOLDER|$I|g")
    shift 2
    expect 2 "$title" "$A" apply "$@"
    if [ "$(cat "$T/err")" = "attnbench: $message" ]; then pass "$title: message"; else
        fail "$title: message" "expected: attnbench: $message" "said: $(cat "$T/err")"
    fi
    nothing_left "$title"
}

"$N" normal "$I/q2.npy" 5,8 1
"$N" normal "$I/k_wide.npy" 2,3,9,7 1
"$N" normal "$I/k_heads.npy" 2,4,9,8 1
"$N" normal "$I/k_batch.npy" 1,3,9,8 1
"$N" normal "$I/v_short.npy" 2,3,8,4 1
"$N" normal "$I/bias_wrong.npy" 4,9 1
"$N" normal "$I/bias_nan.npy" 5,9 1
"$N" put "$I/bias_nan.npy" 7 nan
"$N" integers "$I/long.npy" 9 10
"$N" integers "$I/negative.npy" -1 3
"$N" integers "$I/three.npy" 1 2 3
"$N" normal "$I/lengths_float.npy" 2 1
"$N" booleans "$I/q_bool.npy" 2,6,5,8 10
"$N" normal "$I/past.npy" 2,3,4,5 1
"$N" normal "$I/state.npy" 2,3,8,3 1
printf 'nonsense' >"$I/bad.npy"
o="-o $O/o.npy"

"$N" normal "$I/million.npy" 1,1,1000000,1 1
# shellcheck disable=SC2086
expect 2 "weights of a million rows" "$A" apply flash --q "$I/million.npy" --k "$I/million.npy" --v "$I/million.npy" $o --out weights="$O/w.npy"
said "$T/err" "attnbench: weights: it takes 3.6 TiB; "
nothing_left "weights of a million rows"
rm -f "$I/million.npy"

# shellcheck disable=SC2086
wrong_words() {
    wrong "no variant" "apply needs a variant, for example 'attnbench apply flash'; 'attnbench list' shows them" $QKV $o
    wrong "unknown variant" "no variant 'flahs'; did you mean 'flash'?" flahs $QKV $o
    wrong "two variants" "apply takes one variant; 'full' is one too many" flash full $QKV $o
    wrong "no q" "apply needs --q FILE; see 'attnbench apply --help'" flash --k "$I/k.npy" --v "$I/v.npy" $o
    wrong "no output" "apply needs -o FILE.npy; see 'attnbench apply --help'" flash $QKV
    wrong "unknown option" "unknown option '--mask'; see 'attnbench apply --help'" flash $QKV $o --mask x
    wrong "a value missing" "--scale needs a value; see 'attnbench apply --help'" flash $QKV $o --scale
    wrong "a wrong diagonal" "--causal=top-lef: did you mean 'top-left'?" flash $QKV $o --causal=top-lef
    wrong "a shift of nothing" "--causal-shift 3: there is no diagonal to move; add --causal" flash $QKV $o --causal-shift 3
    wrong "a wrong scale" "--scale -1: allowed is a number from 1e-06 to 1e+06" flash $QKV $o --scale -1
    wrong "a wrong count" "--threads 0: allowed is a whole number from 1 to 1024" flash $QKV $o --threads 0
    wrong "one past" "--past-k alone: give --past-k and --past-v together" flash $QKV $o --past-k "$I/k.npy"
    wrong "no NAME" "--tensor x.npy: give it as NAME=FILE" bilinear $QKV $o --tensor x.npy
    wrong "a tensor twice" "--tensor w=b.npy: 'w' is given twice" bilinear $QKV $o --tensor w=a.npy --tensor w=b.npy
    wrong "unknown tensor" "--tensor state: linear has no such tensor; did you mean 'state_s'?" linear $QKV $o --tensor state=x.npy
    wrong "a tensor far from all" "--tensor w: linear has no such tensor; allowed: state_s, state_z" linear $QKV $o --tensor w=x.npy
    wrong "a tensor of none" "--tensor w: flash has no tensors" flash $QKV $o --tensor w=x.npy
    wrong "unknown output" "--out weihgts: no such output of flash; did you mean 'weights'?" flash $QKV $o --out weihgts="$O/w.npy"
    wrong "no lse" "--out lse: linear has no log of a sum of exponentials; full and flash have" linear $QKV $o --out lse="$O/l.npy"
    for x in logits softcapped biased; do
        wrong "no $x" "--out $x: linear is no softmax of scaled q.k; variants of the kinds exact and subset_softmax are" \
            linear $QKV $o --out $x="$O/x.npy"
    done
    wrong "no logits of additive" "--out logits: additive is no softmax of scaled q.k; variants of the kinds exact and subset_softmax are" \
        additive $QKV $o --out logits="$O/x.npy"
    wrong "logits of other queries" "--out logits: with --tensor q_g some rows of longformer are no softmax of scaled q.k" \
        longformer $QKV $o --out logits="$O/x.npy" --tensor q_g="$I/q.npy"
    wrong "two results in one file" "output $O/o.npy: two results cannot share a file" flash $QKV $o --out lse="$O/o.npy"
    wrong "a result of another type" "output $O/o.txt: results are .npy files; end its name in .npy" flash $QKV -o "$O/o.txt"
    wrong "no output at all" "null computes no output, so there is nothing to write" null $QKV $o
    wrong "unknown parameter" "--set windo=3: local has no parameter 'windo'; did you mean 'window'?" local $QKV $o --set windo=3
    wrong "a wrong parameter" "--set eps=2: eps = 2: allowed is a number from 0 to 1" linear $QKV $o --set eps=2
    wrong "no VALUE" "--set eps: give it as KEY=VALUE" linear $QKV $o --set eps
    wrong "parameters that do not go together" "feature_map = identity gives a denominator of signed terms, which may vanish; add denominator = none" \
        linear $QKV $o --set feature_map=identity
    wrong "a capability that is not there" "linear does not take a softcap" linear $QKV $o --softcap 2
    wrong "a bias where none is taken" "linear does not take a bias" linear $QKV $o --bias "$I/bool.npy"
    ATTNBENCH_ISA=zmm wrong "an unknown instruction set" "ATTNBENCH_ISA=zmm: not usable here; allowed: $isas" flash $QKV $o
}
isas=$(ATTNBENCH_ISA=zmm "$A" run configs/quick.lua --dry-run 2>&1 | sed -n 's/.*allowed: //p')
wrong_words

# shellcheck disable=SC2086
wrong_files() {
    kv="--k $I/k.npy --v $I/v.npy"
    qv="--q $I/q.npy --v $I/v.npy"
    wrong "a missing file" "--q: cannot read $I/none.npy: No such file or directory" flash --q "$I/none.npy" $kv $o
    mkfifo "$T/pipe.npy"
    wrong "a pipe that nobody writes to" "--q: $T/pipe.npy: not a regular file" flash --q "$T/pipe.npy" $kv $o
    wrong "no .npy file" "--q: FOLDER/bad.npy: not a .npy file" flash --q "$I/bad.npy" $kv $o
    wrong "a wrong rank" "--q FOLDER/q2.npy: shape [5, 8]; [batch, heads, n, d], or [batch, n, heads*d] with --heads, is needed" \
        flash --q "$I/q2.npy" --k "$I/q2.npy" --v "$I/q2.npy" $o
    wrong "a wrong type" "--q FOLDER/q_bool.npy: it has type BOOL; F32, F16, BF16 or F64 is needed" flash --q "$I/q_bool.npy" $kv $o
    wrong "no --heads" "--q FOLDER/q3.npy: shape [2, 5, 48] is [batch, n, heads*d]; say with --heads how many heads that is" \
        flash --q "$I/q3.npy" --k "$I/k3.npy" --v "$I/v3.npy" $o
    wrong "no --kv-heads" "--k FOLDER/k3.npy: shape [2, 9, 24] is 3 heads of q's size 8; add --kv-heads 3" \
        flash --q "$I/q3.npy" --k "$I/k3.npy" --v "$I/v3.npy" --heads 6 $o
    wrong "--heads that do not divide" "--q FOLDER/q3.npy: --heads 5 does not divide 48, the last size of [2, 5, 48]" \
        flash --q "$I/q3.npy" --k "$I/k3.npy" --v "$I/v3.npy" --heads 5 $o
    wrong "--heads against the shape" "--q FOLDER/q.npy: shape [2, 6, 5, 8] has 6 heads, --heads says 5" flash $QKV --heads 5 $o
    wrong "two layouts" "--k FOLDER/k3.npy: shape [2, 9, 24], and q has [2, 6, 5, 8]; one layout for all three is needed" \
        flash --q "$I/q.npy" --k "$I/k3.npy" --v "$I/v.npy" $o
    wrong "two head sizes" "--k FOLDER/k_wide.npy: keys of size 7, queries of size 8; they must agree" flash $qv --k "$I/k_wide.npy" $o
    wrong "heads that do not group" "--k FOLDER/k_heads.npy: 4 heads; those of q, 6, must be a multiple" flash $qv --k "$I/k_heads.npy" $o
    wrong "two batches" "--k FOLDER/k_batch.npy: a batch of 1 in shape [1, 3, 9, 8], of 2 in q's [2, 6, 5, 8]" flash $qv --k "$I/k_batch.npy" $o
    wrong "fewer values than keys" "--v FOLDER/v_short.npy: shape [2, 3, 8, 4], and k has [2, 3, 9, 8]; a value for each key is needed" \
        flash --q "$I/q.npy" --k "$I/k.npy" --v "$I/v_short.npy" $o
    wrong "a past of another size" "--past-k FOLDER/past.npy: shape [2, 3, 4, 5]; [2, 3, past, 8] is needed" \
        flash $QKV $o --past-k "$I/past.npy" --past-v "$I/v.npy"
    wrong "two pasts" "--past-v FOLDER/v_past.npy: shape [2, 3, 4, 4], and --past-k has [2, 3, 5, 8]; as many rows are needed" \
        flash $QKV $o --past-k "$I/k_new.npy" --past-v "$I/v_past.npy"
    wrong "a key length too long" "--key-lengths FOLDER/long.npy: 10 keys in batch item 1; allowed is 0 to 9" flash $QKV $o --key-lengths "$I/long.npy"
    wrong "a negative key length" "--key-lengths FOLDER/negative.npy: -1 keys in batch item 0; allowed is 0 to 9" flash $QKV $o --key-lengths "$I/negative.npy"
    wrong "key lengths for another batch" "--key-lengths FOLDER/three.npy: shape [3]; [2], one length for each batch item, is needed" flash $QKV $o --key-lengths "$I/three.npy"
    wrong "key lengths as floats" "--key-lengths FOLDER/lengths_float.npy: it has type F32; integers are needed" flash $QKV $o --key-lengths "$I/lengths_float.npy"
    wrong "a bias of another shape" "--bias FOLDER/bias_wrong.npy: shape [4, 9] does not broadcast to [batch, heads, nq, nk] = [2, 6, 5, 9]" flash $QKV $o --bias "$I/bias_wrong.npy"
    wrong "a bias that is too narrow" "--bias FOLDER/narrow.npy: shape [5, 6] does not broadcast to [batch, heads, nq, nk] = [2, 6, 5, 9]" \
        flash $QKV $o --bias "$I/narrow.npy" --key-lengths "$I/lengths.npy"
    wrong "a bias of rank 1" "--bias FOLDER/lengths_float.npy: shape [2] does not broadcast to [batch, heads, nq, nk] = [2, 6, 5, 9]; it needs 2 to 4 dimensions" \
        flash $QKV $o --bias "$I/lengths_float.npy"
    wrong "a bias of integers" "--bias FOLDER/lengths.npy: it has type I64; booleans (true may attend) or floats (added) are needed" flash $QKV $o --bias "$I/lengths.npy"
    wrong "a bias of NaN" "--bias FOLDER/bias_nan.npy: NaN at element 7; finite numbers add, -inf masks" flash $QKV $o --bias "$I/bias_nan.npy"
    wrong "a tensor of another shape" "--tensor FOLDER/state.npy: shape [2, 3, 8, 3]; 'state_s' is [b hk dk dv] = [2, 3, 8, 4] here, or 1 for all items and heads alike" \
        linear $QKV $o --tensor state_s="$I/state.npy"
    wrong "gates of another shape" "--tensor FOLDER/k_new3.npy: shape [2, 5, 24]; 'gate' is [b hk nk dk/share], and beside q of [batch, n, heads*d] that is [2, 9, 24] here, or 1 for all items and 8 for all heads alike" \
        deltanet --heads 3 --q "$I/ql.tokens.npy" --k "$I/k.tokens.npy" --v "$I/v.tokens.npy" --causal --set share=1 \
        $o --tensor gate="$I/k_new3.npy"
    wrong "a missing tensor in a file" "--q: FOLDER/all.safetensors: no tensor 'x'; it has: q, keys, v" flash --q "$I/all.safetensors:x" $kv $o
    wrong "a missing folder" "cannot write $O/none/o.npy: No such file or directory; make its folder first" flash $QKV -o "$O/none/o.npy"
    wrong "a missing folder for the second" "cannot write $O/none/l.npy: No such file or directory; make its folder first" \
        flash $QKV $o --out lse="$O/none/l.npy"
    mkdir "$I/folder.npy"
    wrong "a folder as result" "cannot write FOLDER/folder.npy: it exists and is no regular file" flash $QKV -o "$I/folder.npy"
}
wrong_files

# ---- what happens half way -------------------------------------------------------------------------

# shellcheck disable=SC2086,SC3045 # files of at most one block of 512 bytes
limited() { (ulimit -f 1 && "$A" apply flash $QKV -o "$O/o.npy" --out lse="$O/lse.npy"); }
quietly_limited() { (trap '' XFSZ && limited); }
expect 3 "killed while it writes" limited
said "$T/err" "nothing was written: signal 25"
nothing_left "killed while it writes"
expect 2 "no room for a result" quietly_limited
said "$T/err" "cannot write $O/o.npy: File too large"
nothing_left "no room for a result"

echo precious >"$O/o.npy"
expect 2 "a failure over an old result" quietly_limited
holds "an old result survives a failure" test "$(cat "$O/o.npy")" = precious
rm "$O/o.npy"
nothing_left "a failure over an old result"

expect 3 "a variant that crashes" "$A" --plugin "$PLUGINS/crash.so" apply broken_crash --q "$I/k.npy" --k "$I/k.npy" --v "$I/k.npy" -o "$O/o.npy"
said "$T/err" "nothing was written: signal 6"
nothing_left "a variant that crashes"

# long enough to be stopped: 4096 rows of weights in double, on one thread
"$N" normal "$I/big.npy" 1,8,4096,64 1
"$A" apply flash --q "$I/big.npy" --k "$I/big.npy" --v "$I/big.npy" -o "$O/o.npy" --out weights="$O/w.npy" --threads 1 \
    >"$T/out" 2>"$T/err" &
running=$!
for _ in $(seq 100); do
    [ -n "$(ls -A "$O")" ] && break
    sleep 0.05
done
holds "a draft stands beside its result" test -n "$(find "$O" -name '*.part')"
kill -TERM $running
wait $running
holds "interrupted: exit code 130" test $? = 130
nothing_left "interrupted"

expect 0 "apply --help" "$A" apply --help
same "apply --help: transcript" tests/golden/apply-help.txt "$T/out"
finish
