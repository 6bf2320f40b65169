# weights_test.sh -- `attnbench weights`: pictures, statistics, and what it says to wrong options.
. "$(dirname "$0")/lib.sh"
LM=configs/data/bytes-lm.safetensors

wrong() { # wrong NAME TEXT OPTION...
    name=$1
    text=$2
    shift 2
    expect 2 "$name" "$A" weights "$@"
    said "$T/err" "$text"
}

# ---- pictures
expect 0 "captured tensors" "$A" weights local --input $LM --causal -n 192 --set window=16 -o "$T/local.svg"
for ending in svg png csv gp json; do holds "there is local.$ending" [ -s "$T/local.$ending" ]; done
holds "the SVG holds its images" [ "$(grep -c 'data:image/png' "$T/local.svg")" -gt 0 ]
holds "and names no file" [ "$(grep -c "xlink:href='[^#d]" "$T/local.svg")" = 0 ]
holds "a block of numbers for each map" [ "$(grep -c '^# head' "$T/local.csv")" = 12 ]
holds "192 positions are 96 cells" [ "$(sed -n '2,/^$/p' "$T/local.csv" | grep -c ,)" = 96 ]
awk -F, '/^# head 0, softmax/ { on = 1; next } on && NF { sum = 0; for (i = 1; i <= NF; i++) sum += $i; if (sum < 0.999 || sum > 1.001) bad++; n++; } on && !NF { exit } END { print n, bad + 0 }' "$T/local.csv" >"$T/sums"
echo "96 0" >"$T/want"
same "pooled rows of softmax sum to one" "$T/want" "$T/sums"
rm "$T/local.svg"
holds "the script draws itself again" sh -c "cd '$T' && gnuplot local.gp && [ -s local.svg ]"

# ---- words
expect 0 "one head of made inputs" "$A" weights sink --input sink,mass=0.8 -n 64 --head 1 -o "$T/one"
said "$T/out" "head 1"
holds "and no other" [ "$(grep -c '^head' "$T/out")" = 1 ]
holds "the sinks hold their mass" awk '/on the first 4/ { ok = $6 > 70 && $7 > 70 } END { exit !ok }' "$T/out"
printf 'the\ncat\nsat\non\nthe\nmat\n' >"$T/tokens"
expect 0 "tokens" "$A" weights full --input gauss,s=2 -n 6 --heads 1 --tokens "$T/tokens" -o "$T/words"
said "$T/out" "'mat'"
said "$T/words.gp" 'token[6] = "mat"'
expect 0 "JSON" "$A" weights linear --input gauss --heads 2 -n 32 --json -o "$T/json"
said "$T/out" '"entropy":'
same "the same as the file" "$T/json.json" "$T/out"
holds "with the mechanism" grep -q '"mechanism": *"linear"' "$T/json.json"
expect 0 "weight elsewhere, a parameter, another scale" "$A" weights linformer --input gauss -n 40 --set rank=8 --scale 0.5 -o "$T/lin"
said "$T/out" "negative weight, %"

# ---- what is wrong
wrong "no variant" "weights needs a variant" --input gauss -o "$T/x"
wrong "an unknown one" "no variant 'lokal'; did you mean 'local'?" lokal --input gauss -o "$T/x"
wrong "no input" "weights needs --input WHAT" local -o "$T/x"
wrong "no name" "weights needs -o NAME" local --input gauss
wrong "no folder" "there is no folder $T/none; make it first" local --input gauss -o "$T/none/x"
wrong "a family" "--input gaus: no such input; did you mean 'gauss'?" local --input gaus -o "$T/x"
wrong "a setting" "--input sink: it has no setting 'mas'; did you mean 'mass'?" local --input sink,mas=1 -o "$T/x"
wrong "no value" "'mass' is no setting; give it as setting=value" local --input sink,mass -o "$T/x"
wrong "a value" "--input sink,mass 2: allowed is a number from 0.001 to 0.999" local --input sink,mass=2 -o "$T/x"
wrong "a word" "--input numerics,case=zero" local --input numerics,case=zero -o "$T/x"
wrong "a file" "none.safetensors" local --input none.safetensors -o "$T/x"
wrong "too long" "holds 1024 queries and 1024 keys" local --input $LM -n 4096 -o "$T/x"
wrong "a head" "--head 9: the input has 4, from 0 on" local --input gauss --head 9 -o "$T/x"
wrong "an item" "--item 1: the input has 1, from 0 on" local --input gauss --item 1 -o "$T/x"
wrong "no weights" "null has no attention rows to be shown" null --input gauss -o "$T/x"
wrong "a mask" "linformer" linformer --input gauss --causal -o "$T/x"
wrong "a parameter" "--set windw=3: local has no parameter 'windw'; did you mean 'window'?" local --input gauss --set windw=3 -o "$T/x"
wrong "a tensor" "local has no tensors" local --input gauss --tensor e=e.npy -o "$T/x"
wrong "no tokens" "none.txt" local --input gauss --tokens none.txt -o "$T/x"
wrong "an option" "unknown option '--haed'" local --haed 1
holds "nothing is written" [ -z "$(ls "$T" | grep '^x')" ]
finish
