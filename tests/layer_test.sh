# layer_test.sh -- sweeps of a layer: rows with their parts, words and pictures, what a config may say.
. "$(dirname "$0")/lib.sh"

row() { grep "\"id\":\"$1" "$R/points.jsonl"; }
small='measure = { replicates = 2, max_seconds = 0.05, rows = 16 }'

# ---- self-attention
R=$T/self
cat >"$T/self.lua" <<LUA
-- Who takes the time?
sweep { shape = { n = { 32, 64 } }, layer = { d_model = 48, heads = 3 }, mask = { "none", "causal" }, threads = 2,
        variants = { "flash", { "local", window = 8 }, "linear", "null" }, $small }
LUA
expect 0 "a run of a layer" "$A" run "$T/self.lua" -o "$R"
cp "$T/out" "$T/table"
said "$T/table" "16 of 16 points in $R"
said "$T/table" "batch 1, 3 heads, head size 16, 2 threads, layer,d_model=48"
said "$T/table" "operator's share"
holds "words name each mechanism once in each of two slices, and no control" [ "$(grep -E \
    '^  (The operator takes|Around half)' "$T/table" | grep -oE 'flash|local,window=8|linear|null' | sort | uniq -c |
    tr -s ' \n' ' ')" = " 2 flash 2 linear 2 local,window=8 " ]
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 16 ]
holds "ids say so at their end" sh -c "[ $(grep -c '"id":"[^"]*/s1/layer,d_model=48"' "$R/points.jsonl") = 16 ]"
for key in '"layer":{' '"bias":true' '"cross":false' '"d_model":48' '"parts":{' '"project_in":{' '"operator":{' \
    '"project_out":{' '"share_ci":[' '"parts_over_whole":' '"peak_fraction":' '"projections":{'; do
    holds "rows have $key" sh -c "grep '\"id\":\"flash/b1h3n64' $R/points.jsonl | grep -qF '$key'"
done
holds "no exponent is declared for a sum of parts" sh -c "! grep -q '\"growth\"' $R/points.jsonl"
# 2 * 64 * 48 * (3 * 48) into the layer, 2 * 64 * 48 * 48 out of it, 4 * 64 * 64 * 16 * 3 between
holds "operations of the parts add up to those of the row" sh -c "grep '\"id\":\"flash/b1h3n64d16/none' $R/points.jsonl |
    grep -F '\"project_in\":{' | grep -F '\"flops\":884736' | grep -F '\"flops\":294912' | grep -F '\"flops\":786432' |
    grep -qF '\"flops\":1966080,'"
holds "shares of the parts add up to one, but for being medians" sh -c "row=\$(grep '\"id\":\"flash/b1h3n64d16/none' \
    $R/points.jsonl); echo \"\$row\" | grep -o '\"share\":[0-9.e-]*' | cut -d: -f2 |
    awk '{ s += \$1 } END { exit !(NR == 3 && s > 0.8 && s < 1.2) }'"
for mask in none causal; do
    for ending in svg png gp csv; do
        holds "a picture of the parts, $mask, as $ending" [ -s "$R/plots/parts-$mask-gauss_s=1-b1h3d16-t2-layer_d_model=48.$ending" ]
    done
done
holds "the page has it" grep -q 'parts.operator.share\|projections, in and out' "$R/report.html"
holds "a summary has the parts" grep -q '^id,.*,parts.operator.median_ns,.*parts.operator.share,' "$R/summary.csv"
expect 0 "its rows are there" "$A" run "$T/self.lua" -o "$R" --resume
holds "and measured once" [ "$(wc -l <"$R/points.jsonl")" = 16 ]
sh -c "$(row 'local,window=8/b1h3n64d16/causal' | sed 's/.*"repro":"\(attnbench[^"]*\)".*/\1/' |
    sed "s|^attnbench|$A|; s|-o results/repro|-o $T/again|")" >"$T/out" 2>&1
holds "a row's command measures it again" grep -q '"id":"local,window=8/b1h3n64d16/causal/gauss,s=1/t2/s1/layer,d_model=48".*"status":"ok"' "$T/again/points.jsonl"
expect 0 "fit declares nothing of it" "$A" fit "$R"
expect 0 "compare matches its rows" "$A" compare "$R" "$R"

# ---- bare sweeps know nothing of it
echo 'sweep { shape = { n = 32, heads = 3 }, threads = 2, variants = { "flash" } }' >"$T/bare.lua"
expect 0 "a bare sweep" "$A" run "$T/bare.lua" --dry-run
holds "has the ids that it always had" grep -q "\"id\":\"flash/b1h3n32d64/none/gauss,s=1/t2/s1\"" "$T/out"

# ---- cross-attention
R=$T/cross
cat >"$T/cross.lua" <<LUA
sweep { shape = { batch = 2, n = { 8, 24 } }, threads = 2, input = { "gauss", s = 2 },
        layer = { d_model = 32, heads = 4, kv_heads = 2, dv = 10, bias = false, context = { n = 30, d_model = 20 } },
        variants = { "flash", { "local", window = 4 }, "linformer" }, $small }
LUA
expect 0 "a layer with a context" "$A" run "$T/cross.lua" -o "$R"
said "$T/out" "context of 30, batch 2, 4 heads (2 of keys), head size 8/10, 2 threads, layer,d_model=32,cross,d_context=20,bias=false"
said "$T/out" " n=8 "
holds "queries are those of x, keys of the context" grep -q '"id":"flash/b2h4g2q24k30d8v10/none/gauss,s=2/t2/s1/layer,d_model=32,cross,d_context=20,bias=false".*"status":"ok"' "$R/points.jsonl"
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 6 ]

# ---- positions
R=$T/positions
expect 0 "positions in a layer" "$A" run "$T/cross.lua" -o "$R" --set shape.n=24 --set 'variants={"flash"}' \
    --set 'positions={"rope","alibi","t5","sinusoidal","learned"}'
holds "of every kind" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 5 ]
holds "rotary ones are a part, others none" [ "$(grep -c '"parts":{"project_in":{.*"positions":{"flops"' "$R/points.jsonl")" = 1 ]
said "$T/out" "gauss,s=2, mask none, positions sinusoidal, context of 30"

# ---- files
"$B/tests/npy" normal "$T/x.npy" 40,32 1 && "$B/tests/npy" normal "$T/w.npy" 32,32 2
cat >"$T/files.lua" <<LUA
sweep { shape = { n = { 16, 40, 41 } }, layer = { d_model = 32, heads = 2, tensors = { x = "x.npy", wq = "w.npy" } },
        threads = 2, variants = { "flash" }, $small }
LUA
R=$T/files
expect 0 "x and a weight from files" "$A" run "$T/files.lua" -o "$R"
holds "as long as they last" sh -c "[ $(grep -c '"status":"ok"' "$R/points.jsonl") = 2 ]"
holds "and not longer" grep -q '"id":"flash/b1h2n41.*layer,d_model=32,wq=w.npy,x=x.npy".*"status":"unsupported","reason":"[^"]*has 40 rows, and 41 are asked for"' "$R/points.jsonl"

# ---- an input that stands in for what the projections make
cat >"$T/given.lua" <<LUA
sweep { shape = { n = 96 }, layer = { d_model = 32, heads = 2 }, positions = { "none", "sinusoidal" },
        input = { "sink", mass = 0.8 }, variants = { "flash", { "sink", tokens = 4, window = 8 } },
        measure = { replicates = 1, max_seconds = 0.05 } }
LUA
R=$T/given
expect 0 "given q, k and v" "$A" run "$T/given.lua" -o "$R"
holds "have parts, and an error of their own" sh -c "grep '\"id\":\"sink,window=8/b1h2n96d16/none/sink,.*\"status\":\"ok\"' '$R/points.jsonl' | grep '\"project_in\"' | grep -q '\"rel_fro\"'"
cat >"$T/captured.lua" <<LUA
sweep { shape = { n = 128 }, layer = { d_model = 256, heads = 4 }, mask = "causal",
        input = { "file", path = "$PWD/configs/data/bytes-lm.safetensors" }, variants = { "flash", { "rfa", features = 16 } },
        measure = { replicates = 1, max_seconds = 0.05, seeds = 2 } }
LUA
expect 0 "captured ones, and several seeds" "$A" run "$T/captured.lua" -o "$T/captured"
holds "both are ok" [ "$(grep -c '"status":"ok"' "$T/captured/points.jsonl")" = 2 ]
holds "with the parts of a layer, and a spread" sh -c "grep '\"seeds\":{\"n\":2' '$T/captured/points.jsonl' | grep -q '\"project_out\"'"
cat >"$T/crossed.lua" <<LUA
sweep { shape = { n = 40 }, layer = { d_model = 32, heads = 2, context = { n = 70 } }, input = { "local", scale = 8 },
        variants = { "flash" }, measure = { replicates = 1, max_seconds = 0.05 } }
LUA
expect 0 "in cross-attention" "$A" run "$T/crossed.lua" -o "$T/crossed"
holds "40 queries, 70 keys" grep -q '"id":"flash/b1h2q40k70d16/none/local,scale=8,.*"status":"ok"' "$T/crossed/points.jsonl"
cp "$R/points.jsonl" "$T/kept"
expect 0 "resumed" "$A" run "$T/given.lua" -o "$R" --resume
same "nothing is measured again" "$T/kept" "$R/points.jsonl"
holds "and no x for positions" [ "$(grep -c '"status":"unsupported","reason":"sinusoidal positions are added to the x of a layer that makes q, k and v' "$R/points.jsonl")" = 2 ]

# ---- mistakes, all at once
cat >"$T/bad.lua" <<LUA
sweep {
  shape = { n = 64, heads = 4 },
  layer = { d_model = 50, heads = 4, kvheads = 2, bias = 1, context = { m = 3 },
            tensors = { wz = "w.npy", wq = 3 } },
  input = { "gauss", mean_v = 1 },
  variants = { "flash" },
  measure = { cache = "cold" },
}
LUA
expect 2 "mistakes in a layer" "$A" run "$T/bad.lua" -o "$T/bad"
said "$T/err" "bad.lua:2: shape of x (heads and their sizes stand in layer): unknown key 'heads'"
said "$T/err" "bad.lua:3: layer: unknown key 'kvheads'; did you mean 'kv_heads'?"
said "$T/err" "bad.lua:3: layer: bias = 1; allowed: true, false"
said "$T/err" "bad.lua:3: layer: context: unknown key 'm'"
said "$T/err" "bad.lua:3: layer: context: n is missing; for example n = 1500"
said "$T/err" "bad.lua:4: layer: tensors: unknown key 'wz'"
said "$T/err" "bad.lua:4: layer: tensors: wq takes a file"
said "$T/err" "bad.lua:5: input: mean_v is of values, which a layer makes itself; leave it out"
said "$T/err" "bad.lua:7: measure: a layer is measured with cache = \"warm\" only"
holds "nothing was written" [ ! -e "$T/bad" ]
good='sweep { shape = { n = 64 }, variants = { "flash" }, layer ='
echo "$good { heads = 4 } }" >"$T/bad.lua"
expect 2 "no width" "$A" run "$T/bad.lua" -o "$T/bad"
said "$T/err" "bad.lua:1: layer: d_model is missing; for example d_model = 768"
echo "$good { d_model = 50, heads = 4 } }" >"$T/bad.lua"
expect 2 "a width that heads do not divide" "$A" run "$T/bad.lua" -o "$T/bad"
said "$T/err" "bad.lua:1: layer: heads = 4 does not divide d_model = 50; give dk"
echo "$good { d_model = 32, tensors = { wk = \"w.npy\", wo = \"none.npy\" }, heads = 2, dk = 8 } }" >"$T/bad.lua"
expect 2 "files that do not fit" "$A" run "$T/bad.lua" -o "$T/bad"
said "$T/err" "'wk' is [32, 32]; it has to be [32, 16] here, in and out; of files that hold [out, in] say transposed = true"
said "$T/err" "none.npy"
echo "$good 3 }" >"$T/bad.lua"
expect 2 "no table" "$A" run "$T/bad.lua" -o "$T/bad"
said "$T/err" "bad.lua:1: layer takes a table of names: layer = { ... }"

# ---- an operator that is wrong within a layer
cat >"$T/wrong.lua" <<LUA
sweep { shape = { n = 32 }, layer = { d_model = 32, heads = 2 }, threads = 2, plugins = { "$PLUGINS/unscaled.so" },
        scale = 1, variants = { "flash", "broken_unscaled" }, $small }
LUA
expect 1 "a wrong operator" "$A" run "$T/wrong.lua" -o "$T/wrong"
said "$T/out" "from its own definition; the bound is"
finish
