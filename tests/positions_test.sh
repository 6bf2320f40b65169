# positions_test.sh -- positions of sweeps and of apply: rows, refusals, and what they do to outputs.
. "$(dirname "$0")/lib.sh"
N=$B/tests/npy
small='measure = { replicates = 2, max_seconds = 0.05, rows = 16 }'

ids() { sed 's/.*"id":"\([^"]*\)".*/\1/' "$1"; }
row() { grep "\"id\":\"$1\"" "$R/points.jsonl"; }

# ---- a sweep
R=$T/sweep
cat >"$T/sweep.lua" <<LUA
-- Do positions matter?
sweep { shape = { heads = 2, dk = 16, n = 64 }, mask = "causal", threads = 2,
        positions = { "none", { "rope", style = { "interleaved", "half" }, base = 500, dims = 8 }, "alibi", "t5", "learned" },
        variants = { "full", "flash", "shaw", "performer", "linear", "mean_v" }, $small }
LUA
expect 0 "a sweep with positions" "$A" run "$T/sweep.lua" -o "$R"
said "$T/out" "gauss,s=1, mask causal, positions alibi, "
said "$T/out" "36 of 36 points"
holds "ids are distinct" [ "$(ids "$R/points.jsonl" | sort -u | wc -l)" = 36 ]
at=b1h2n64d16/causal/gauss,s=1
for id in "$at/t2/s1" "$at/rope,style=interleaved,base=500,dims=8/t2/s1" "$at/rope,style=half,base=500,dims=8/t2/s1" \
    "$at/alibi/t2/s1" "$at/t5,buckets=32,max_distance=128/t2/s1"; do
    holds "flash/$id is ok" sh -c "grep '\"id\":\"flash/$id\"' $R/points.jsonl | grep -q '\"status\":\"ok\"'"
done
holds "a control takes a bias by distance" sh -c "grep -F '\"id\":\"mean_v/$at/alibi/' $R/points.jsonl | grep -q '\"status\":\"ok\"'"
holds "without positions a row says nothing of them" sh -c "! grep '\"id\":\"flash/$at/t2/s1\"' $R/points.jsonl | grep -q positions"
row "flash/$at/rope,style=half,base=500,dims=8/t2/s1" >"$T/row"
holds "rows have the settings" grep -qF '"positions":{"kind":"rope","style":"half","base":500,"dims":8,"first":0},"positions_label":"rope,style=half,base=500,dims=8"' "$T/row"
refused() { # refused ID REASON
    holds "$1 is unsupported" sh -c "grep -F '\"id\":\"$1\"' $R/points.jsonl | grep -qF '\"status\":\"unsupported\",\"reason\":\"$2'"
}
refused "linear/$at/rope,style=half,base=500,dims=8/t2/s1" "linear is no softmax over products q.k: turned q and k"
refused "performer/$at/alibi/t2/s1" "performer does not take a bias"
refused "flash/$at/learned/t2/s1" "learned positions are added to the x of a layer"
before=$(md5sum <"$R/points.jsonl")
expect 0 "resume" "$A" run "$T/sweep.lua" -o "$R" --resume
holds "nothing is measured again" [ "$before" = "$(md5sum <"$R/points.jsonl")" ]
expect 0 "one of them again" sh -c "$(sed 's/.*"repro":"attnbench \(.*\) -o results.*/\1/; s/\\\\/\\/g' "$T/row" | sed "s|^|$A |") -o $T/again"
holds "by its repro" [ "$(ids "$T/again/points.jsonl")" = "$(ids "$T/row")" ]
holds "a picture for each" [ "$(find "$R/plots" -name 'time-*.svg' | grep -c 'rope_style\|alibi\|t5')" = 4 ]
expect 0 "fit tells them apart" "$A" fit "$R" --json
holds "by name" sh -c "! grep -q growth $T/out || grep -q positions $T/out"

# ---- packed documents: each is attention by itself, and what the bias hides counts for nothing
R=$T/packed
cat >"$T/packed.lua" <<LUA
sweep { shape = { heads = 2, dk = 16, n = 64 }, mask = { "none", "causal" }, threads = 2, input = { "gauss", s = 2 },
        positions = { "none", { "documents", count = { 1, 64 } } },
        variants = { "full", "flash", { "local", window = 8 }, "topk", "performer", "mean_v" }, $small }
LUA
expect 0 "packed documents" "$A" run "$T/packed.lua" -o "$R"
number() { sed "s/.*\"$1\":\([-0-9.e+]*\).*/\1/" "$T/row"; } # of the row last looked at
for mask in none causal; do
    here=b1h2n64d16/$mask/gauss,s=2
    row "flash/$here/t2/s1" >"$T/row" && alone=$(number perplexity)
    row "flash/$here/documents,count=1/t2/s1" >"$T/row"
    holds "one document of all changes nothing, $mask" [ "$(number perplexity)" = "$alone" ]
    for v in full flash local,window=8 topk; do
        row "$v/$here/documents,count=64/t2/s1" >"$T/row"
        holds "$v, $mask: a row" grep -q '"status":"ok"' "$T/row"
        holds "one token a document attends to itself" [ "$(number perplexity)" = 1 ]
        holds "which eight keys hold as well as all" sh -c "echo $(number 'softmax":{"rel_fro') | awk '{ exit !(\$1 < 1e-6) }'"
    done
    refused "performer/$here/documents,count=64/t2/s1" "performer does not take a bias"
    refused "mean_v/$here/documents,count=64/t2/s1" "mean_v does not take a bias"
done

R=$T/odd
cat >"$T/odd.lua" <<LUA
sweep { shape = { heads = 2, dk = 16, n = 64 }, mask = "causal", threads = 2, variants = { "flash" }, $small,
        positions = { { "rope", dims = { 7, 32 } }, { "t5", buckets = 6, max_distance = 3 }, { "shaw", clip = 4 } } }
LUA
expect 0 "what cannot be" "$A" run "$T/odd.lua" -o "$R"
refused "flash/$at/rope,style=interleaved,dims=7/t2/s1" "rope turns pairs of coordinates: dims = 7 is odd"
refused "flash/$at/rope,style=interleaved,dims=32/t2/s1" "rope: dims = 32 exceeds dk = 16"
refused "flash/$at/t5,buckets=6,max_distance=3/t2/s1" "t5: distances below 3 have buckets of their own; max_distance = 3 must be larger"
refused "flash/$at/shaw,clip=4/t2/s1" "shaw changes the key and the value of each pair: it is a mechanism, variants = "

# ---- published figures choose among them
cat >"$T/claims.lua" <<LUA
sweep { shape = { heads = 2, dk = 16, n = 64 }, mask = "causal", threads = 2, positions = { "none", "alibi" },
        variants = { "full", "flash" }, $small,
        published = { source = "somebody", claims = {
          { ratio = { of = "full", over = "flash" }, metric = "memory", at = { n = 64 }, published = 1 },
          { ratio = { of = "full", over = "flash" }, metric = "memory", at = { n = 64, positions = "alibi" }, published = 1 },
          { ratio = { of = "full", over = "flash" }, metric = "memory", at = { n = 64, positions = "none" }, published = 1 } } } }
LUA
expect 0 "claims on positions" "$A" run "$T/claims.lua" -o "$T/claims" --no-plots
said "$T/out" "[1] several rows at n = 64"
said "$T/out" "0 of 3 agree, 2 differ, 1 not comparable"

# ---- mistakes, all at once
cat >"$T/wrong.lua" <<'LUA'
sweep { shape = { n = 64 }, variants = { "flash" },
  positions = { "rop",
    { "rope", style = "halb" },
    { "t5", bucket = 8 },
    { "alibi", slope = 2 } } }
LUA
expect 2 "mistakes in positions" "$A" run "$T/wrong.lua" -o "$T/none"
said "$T/err" "wrong.lua:2: positions: \"rop\" is no kind of positions; did you mean 'rope'?"
said "$T/err" "wrong.lua:3: style = \"halb\"; did you mean 'half'?"
said "$T/err" "wrong.lua:4: positions: unknown key 'bucket'; did you mean 'buckets'?"
said "$T/err" "wrong.lua:5: positions: unknown key 'slope'"

# ---- apply: rotary
near() { holds "$1" "$N" close "$2" "$3" "$4"; }
run() { name=$1 && shift && expect 0 "$name" "$A" apply "$@"; }
"$N" normal "$T/q.npy" 2,4,9,8 1
"$N" normal "$T/k.npy" 2,2,9,8 2
"$N" normal "$T/v.npy" 2,2,9,8 3
for x in q k v; do "$N" tokens "$T/$x.npy" "$T/${x}3.npy"; done
QKV="--q $T/q.npy --k $T/k.npy --v $T/v.npy --causal"
rope=rope,style=half,dims=6
run "rotary" flash $QKV --positions $rope -o "$T/o.npy" --out q_rotated="$T/qr.npy" --out k_rotated="$T/kr.npy"
run "without" flash $QKV -o "$T/plain.npy"
holds "it matters" sh -c "! $N close $T/o.npy $T/plain.npy 1e-2"
run "on what was rotated" flash --q "$T/qr.npy" --k "$T/kr.npy" --v "$T/v.npy" --causal -o "$T/again.npy"
near "is the same" "$T/again.npy" "$T/o.npy" 0
# cosines and sines are rounded to floats, by 2^-25 each, in logits that are sums of 8 products: 1e-5 has room
run "elsewhere" flash $QKV --positions $rope,first=100000 -o "$T/far.npy"
near "distances alone matter" "$T/far.npy" "$T/o.npy" 1e-5
"$N" integers "$T/ids.npy" 5 6 7 8 9 10 11 12 13
run "positions by number" flash $QKV --positions $rope --position-ids "$T/ids.npy" -o "$T/ids_o.npy"
near "in a row are distances as well" "$T/ids_o.npy" "$T/o.npy" 1e-5
run "token-major" flash --q "$T/q3.npy" --k "$T/k3.npy" --v "$T/v3.npy" --heads 4 --kv-heads 2 --causal --positions $rope \
    -o "$T/o3.npy" --out k_rotated="$T/kr3.npy"
"$N" tokens "$T/o.npy" "$T/want.npy" && near "the same output" "$T/o3.npy" "$T/want.npy" 0
"$N" tokens "$T/kr.npy" "$T/want.npy" && near "rotated keys in its layout" "$T/kr3.npy" "$T/want.npy" 0
"$N" rows "$T/kr.npy" "$T/past_k.npy" 0 5
"$N" rows "$T/v.npy" "$T/past_v.npy" 0 5
for x in q k v; do "$N" rows "$T/$x.npy" "$T/new_$x.npy" 5 9; done
run "behind a past that is turned already" flash --q "$T/new_q.npy" --k "$T/new_k.npy" --v "$T/new_v.npy" --past-k "$T/past_k.npy" \
    --past-v "$T/past_v.npy" --causal --positions $rope -o "$T/late.npy" --out present_k="$T/present.npy"
"$N" rows "$T/o.npy" "$T/want.npy" 5 9
near "the last queries see the same" "$T/late.npy" "$T/want.npy" 2e-6
near "present_k is turned" "$T/present.npy" "$T/kr.npy" 0

"$N" integers "$T/lengths.npy" 6 6
for x in k v; do "$N" rows "$T/$x.npy" "$T/short_$x.npy" 0 6; done
run "key lengths" flash $QKV --positions $rope --key-lengths "$T/lengths.npy" -o "$T/o.npy" --out q_rotated="$T/qr.npy"
run "as many keys" flash --q "$T/q.npy" --k "$T/short_k.npy" --v "$T/short_v.npy" --causal --positions $rope -o "$T/short.npy" \
    --out q_rotated="$T/want.npy"
near "the last query stands at the last valid key" "$T/qr.npy" "$T/want.npy" 0
near "and sees the same" "$T/o.npy" "$T/short.npy" 2e-6

# ---- apply: biases
"$N" bits "$T/slopes.npy" 4 0000
run "slopes of zero" flash $QKV --positions alibi --slopes "$T/slopes.npy" -o "$T/o.npy"
near "are no bias" "$T/o.npy" "$T/plain.npy" 2e-6
run "ALiBi" flash $QKV --positions alibi -o "$T/o.npy" --out biased="$T/biased.npy" --out logits="$T/logits.npy"
holds "matters" sh -c "! $N close $T/o.npy $T/plain.npy 1e-2"
run "by full" full $QKV --positions alibi -o "$T/full.npy"
near "agrees" "$T/full.npy" "$T/o.npy" 4e-6
run "its logits as a dense bias" flash $QKV --scale 1e-6 --bias "$T/biased.npy" -o "$T/dense.npy"
near "give its output" "$T/dense.npy" "$T/o.npy" 1e-5 # but for q.k times 1e-6
run "T5" flash $QKV --positions t5 --seed 2 -o "$T/o.npy"
run "T5 of another seed" flash $QKV --positions t5 --seed 3 -o "$T/full.npy"
holds "has other numbers" sh -c "! $N close $T/o.npy $T/full.npy 1e-2"

# ---- weights
entropy() { sed -n 's/.*"entropy": *\([0-9.]*\).*/\1/p' "$1" | head -n 1; }
expect 0 "weights without" "$A" weights flash --input gauss,s=0 --causal -n 64 --heads 1 --json -o "$T/picture"
cp "$T/out" "$T/flat"
expect 0 "weights with ALiBi" "$A" weights flash --input gauss,s=0 --causal -n 64 --heads 1 --positions alibi --json -o "$T/picture"
# one head: the slope is 2^-8, and of equal logits the entropy of a row of n keys is ln n, ALiBi's is less
holds "are nearer to the query" awk -v a="$(entropy "$T/out")" -v b="$(entropy "$T/flat")" 'BEGIN { exit !(a > 0 && a < b) }'
holds "the picture says so" grep -q "positions alibi" "$T/picture.gp"

# ---- apply: what does not fit
no() { # no MESSAGE OPTIONS...
    message=$1 && shift
    expect 2 "refused" "$A" apply "$@" -o "$T/none.npy"
    said "$T/err" "$message"
    holds "nothing is written" [ ! -e "$T/none.npy" ]
}
"$N" normal "$T/cache.npy" 9,3 4
"$N" normal "$T/wide.npy" 9,5 4
"$N" integers "$T/far.npy" 0 1 2 3 4 5 6 7 9
no "--positions sinusoidal: sinusoidal positions are added to the x of a layer" flash $QKV --positions sinusoidal
no "--positions rope: linear is no softmax over products q.k" linear $QKV --positions rope
no "linear does not take a bias" linear $QKV --positions alibi
no "--positions rop: no such kind of positions; did you mean 'rope'?" flash $QKV --positions rop
no "--positions rope,dims 7.5: allowed is a whole number from 0 to 4096" flash $QKV --positions rope,dims=7.5
no "--positions rope: rope turns pairs of coordinates: dims = 7 is odd" flash $QKV --positions rope,dims=7
no "--slopes: it belongs to --positions alibi" flash $QKV --slopes "$T/slopes.npy"
no "--slopes $T/ids.npy: " flash $QKV --positions alibi --slopes "$T/ids.npy"
no "--rope-cos alone: give --rope-cos and --rope-sin together" flash $QKV --positions rope --rope-cos "$T/cache.npy"
no "shape [9, 5] turns 10 coordinates; dk = 8" flash $QKV --positions rope --rope-cos "$T/wide.npy" --rope-sin "$T/wide.npy"
no "has no row for position 9" flash $QKV --positions rope --rope-cos "$T/cache.npy" --rope-sin "$T/cache.npy" --position-ids "$T/far.npy"
no "--bias and --positions alibi are two biases" flash $QKV --positions alibi --bias "$T/biased.npy"
no "--out q_rotated: nothing is rotated; add --positions rope" flash $QKV --out q_rotated="$T/x.npy"
no "it says where the rows of q and of k stand, and they are 4 and 9" flash --q "$T/new_q.npy" --k "$T/k.npy" --v "$T/v.npy" \
    --positions rope --position-ids "$T/ids.npy"
finish
