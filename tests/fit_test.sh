# fit_test.sh -- `attnbench fit` on a committed run, and on folders that are none.
. "$(dirname "$0")/lib.sh"
R=results/reference/complexity

# folder NAME: one in $T whose points.jsonl is what comes on stdin
folder() {
    mkdir -p "$T/$1"
    cat >"$T/$1/points.jsonl"
}

# ---- the committed run
expect 0 "the committed run" "$A" fit $R
cp "$T/out" "$T/table"
holds "nothing on stderr" [ ! -s "$T/err" ]
holds "the folder is left alone" [ ! -e $R/fit.json ]
name="its answers"
said "$T/table" "no result: 18 rows"
said "$T/table" "unsupported: the sets of the Sparse Transformer are causal"
said "$T/table" "local                 faster from the shortest length on (n = 512)"
said "$T/table" "full                  slower up to n = 16384"
holds "FAVOR+ crosses flash between 512 and 1024 without a mask, between 2048 and 4096 with one" \
    [ "$(sed -n 's/^ *performer .*crosses at \([0-9]*\) .*/\1/p' "$T/table" |
        awk 'NR == 1 && $1 > 512 && $1 < 1024 || NR == 2 && $1 > 2048 && $1 < 4096' | wc -l)" = 2 ]
# every curve of the table of times: its verdict behind the interval
curves() { awk '/^  time / { on = 1; next } /^  memory / { on = 0 } on' "$T/table"; }
holds "a verdict on 27 curves" [ "$(curves | grep -cE ' (confirmed|contradicted|undecided) ')" = 27 ]
holds "flash, local, linear and performer are confirmed under both masks" \
    [ "$(curves | grep -E '^  (flash|local|linear|performer) ' | grep -c ' confirmed ')" = 8 ]
curves | awk '/ contradicted / { print $1 }' >"$T/contradicted"
printf 'sparse,pattern=strided\nsparse,pattern=fixed\n' >"$T/sparse"
same "contradicted: sparse, whose costs for a row weigh in at these lengths" "$T/sparse" "$T/contradicted"
holds "memory is as declared everywhere" \
    [ "$(awk '/^  memory / { on = 1; next } /^  against / { on = 0 } on' "$T/table" | grep -c ' confirmed ')" = 27 ]
holds "no line is wider than a page but those of reasons" \
    [ "$(sed '/^no result/,$d' "$T/table" | awk 'length > 110' | wc -l)" = 0 ]
expect 0 "again" "$A" fit $R
same "the same, byte for byte" "$T/table" "$T/out"
expect 1 "--strict: sparse contradicts" "$A" fit $R --strict
same "the same table" "$T/table" "$T/out"
grep -v '"variant":"sparse"' $R/points.jsonl | folder dense
expect 0 "--strict: nothing contradicts" "$A" fit "$T/dense" --strict

# ---- the noise floor
sed 's/"aa":{"label":"\([^"]*\)","process_ratios":\[[^]]*\]/"aa":{"label":"\1","process_ratios":[999,999,999]/' \
    results/reference/families/points.jsonl | folder floor
expect 0 "a run in which a variant is 999 times as fast as itself" "$A" fit "$T/floor"
said "$T/out" "Noise floor 99800.0 %, one variant against itself over 18 groups: no smaller difference is one."
holds "no curve is faster or slower than its baseline" \
    [ "$(awk '/^  against/ { on = 1; next } /^  not beaten/ { on = 0 } on' "$T/out" | grep -vc 'unclear: the noise covers the difference$')" = 0 ]
holds "and none is beaten" sh -c "! grep -q 'beaten: ' $T/out"

# ---- another baseline
expect 0 "--baseline" "$A" fit --baseline full "$T/dense"
said "$T/out" "against full"
said "$T/out" "flash                 faster from the shortest length on (n = 512)"
expect 2 "an unknown baseline" "$A" fit "$T/dense" --baseline flahs
said "$T/err" "--baseline flahs: no timed curve has this label; did you mean 'flash'?"

# ---- one document
expect 0 "--json" "$A" fit "$T/dense" --json
same "stdout and fit.json" "$T/dense/fit.json" "$T/out"
for key in growth crossovers front roofline not_ok interval verdict local exponent fixed_ns words members; do
    said "$T/out" "\"$key\":"
done
holds "no draft is left" [ "$(ls "$T/dense")" = "$(printf 'fit.json\npoints.jsonl')" ]
rm -rf "$T/dense/fit.json"
mkdir "$T/dense/fit.json"
expect 2 "fit.json cannot be written" "$A" fit "$T/dense" --json
said "$T/err" "cannot write $T/dense/fit.json"

# ---- what is not there
expect 2 "no folder" "$A" fit "$T/none"
said "$T/err" "cannot read $T/none/points.jsonl"
expect 2 "no argument" "$A" fit
said "$T/err" "fit takes one folder"
expect 2 "two folders" "$A" fit $R $R
expect 2 "an unknown option" "$A" fit $R --jsno
said "$T/err" "unknown option '--jsno'; see 'attnbench fit --help'"
expect 2 "a value missing" "$A" fit $R --baseline
said "$T/err" "--baseline needs a value"
sed '3s/"schema"/schema/' $R/points.jsonl | folder broken
expect 2 "a broken line" "$A" fit "$T/broken"
said "$T/err" "points.jsonl:3: not a row"
grep unsupported $R/points.jsonl | folder untimed
expect 2 "no times" "$A" fit "$T/untimed"
said "$T/err" "no row with a time at nq = nk, so there is nothing to fit"
folder empty </dev/null
expect 2 "no rows" "$A" fit "$T/empty"
sed 's/"time":{/"tine":{/' $R/points.jsonl | folder other
expect 2 "times of another name" "$A" fit "$T/other"
{ cat $R/points.jsonl && printf '{"id":"half'; } | folder torn
cp $R/manifest.json "$T/torn"
expect 0 "a torn last line is left out" "$A" fit "$T/torn"
said "$T/err" "its last line is torn"
same "and changes nothing" "$T/table" "$T/out"
rm "$T/torn/manifest.json"
holds "what copies of short tensors are held against is a cache" grep -qE '^  copy +[0-9.]+% c .* b$' "$T/table"
expect 0 "no manifest" "$A" fit "$T/torn"
holds "then caches are not known" grep -qE '^  copy +[0-9.]+% b .* b$' "$T/out"
said "$T/table" "below 3.27 us: the noise covers it"
# rows of the right names and the wrong kinds: no crash, whatever is said
sed 's/"process_medians_ns":\[[^]]*\]/"process_medians_ns":["x",null,-1]/; s/"ci_ns":\[[^]]*\]/"ci_ns":{}/
     s/"state_bytes":[0-9]*/"state_bytes":"many"/; s/"label":"full"/"label":7/' $R/points.jsonl | folder odd
expect 0 "fields of the wrong kind" "$A" fit "$T/odd"
said "$T/out" "unclear: the noise covers the difference"

# ---- fewer lengths
grep -E '"nq":(512|1024|2048|4096),' $R/points.jsonl | folder short
expect 0 "two lengths from 2048 on" "$A" fit "$T/short" --strict
holds "are too few for every exponent, said once a series" \
    [ "$(grep -c 'Too few lengths: an exponent takes three from n = 2048 on' "$T/out") $(grep -c 'too few' "$T/out")" = "2 0" ]
cells() { awk '/^  (time|memory) / { on = 1; next } /^  against / { on = 0 } on' "$T/out"; } # of times and memory
holds "no exponent and no verdict in 54 lines" \
    [ "$(cells | wc -l) $(cells | grep -cE '^  [^ ]+ +[-0-9.]+ +- +(-  )?- ')" = "54 54" ]
holds "and for no verdict" [ "$(grep -cE 'confirmed|contradicted|undecided' "$T/out")" = 0 ]
grep -E '"nq":(512|1024),' $R/points.jsonl | folder two
expect 0 "two lengths" "$A" fit "$T/two"
holds "nor a fixed time" [ "$(grep -ci 'too few' "$T/out")" = 2 ]
grep -E '"nq":(512|1024|2048|4096),|"label":"flash".*"nq":8192,' $R/points.jsonl | folder some
expect 0 "enough for one curve" "$A" fit "$T/some"
holds "is said of each of the others" [ "$(cells | grep -c ' too few lengths ')" = 50 ]
# ---- layer types
L=results/reference/layer-types
expect 0 "a run with sizes of heads" "$A" fit $L
said "$T/out" "Layer types: gauss,s=1, mask none, batch 1, 2 heads, 2 threads, avx512"
said "$T/out" "  time grows as n^x at head size 256, as d^y at n = 16384"
sed -n '/^Layer types/,$p' "$T/out" >"$T/types"
holds "a table for each mask" [ "$(grep -c '^Layer types' "$T/types")" = 2 ]
holds "attention grows with n^2 d, a recurrence and a convolution with n d^2" \
    awk '$1 == "flash" && $2 == "self-attention" { if ($3 < 1.8 || $3 > 2.2 || $8 < 0.7 || $8 > 1.2) bad++; n++ }
         $1 ~ /^(rnn|conv)$/ && $2 ~ /recurrent|convolution/ { if ($3 < 0.8 || $3 > 1.2 || $8 < 1.7 || $8 > 2.2) bad++; n++ }
         END { exit n != 5 || bad }' "$T/types"
said "$T/types" "rnn       n                          n                          n dv^2"
said "$T/types" "linear    n / chunk                  n / chunk                  n dk dv"
expect 0 "and one without" "$A" fit $R
holds "has no such table" sh -c "! grep -q 'Layer types' '$T/out'"
finish
