# blocks_test.sh -- functions of blocks in configs: the rows that the same layout out of a file gives, names, plans,
# and the message for every mistake.
. "$(dirname "$0")/lib.sh"

NPY=$B/tests/npy
small='measure = { replicates = 2, max_seconds = 0.1, rows = 64 }'
mkdir -p "$T/c/data"

# ---- a function and a file
# [7, 5]: queries 200, keys 150, blocks of 32; one more with [3, 7, 5] for three heads
one=11010010011000111100101001101010110
three=${one}01101110010111010001110010110001001${one#?}1
"$NPY" bits "$T/c/data/one.npy" 7,5 $one
"$NPY" bits "$T/c/data/three.npy" 3,7,5 $three
cat >"$T/c/x.lua" <<LUA
local one, three = "$one", "$three"
local function at(bits, x) return bits:sub(x + 1, x + 1) == "1" end
sweep { shape = { batch = 2, heads = 3, kv_heads = 1, dk = 16, nq = 200, nk = 150 }, threads = 1, $small,
        mask = { "none", "causal" },
        variants = {
          { "blocksparse", block = 32, tensors = { layout = "data/one.npy" } },
          { "blocksparse", block = 32, pattern = function(i, j, nb) return at(one, i * nb + j) end },
          { "blocksparse", block = 32, tensors = { layout = "data/three.npy" } },
          { "blocksparse", block = 32, tensors = { layout = function(i, j, nb, h) return at(three, (h * 7 + i) * nb + j) end } },
          { "blocksparse", block = 32, pattern = function(i, j, nb, ...) return at(one, i * nb + (select("#", ...) == 0 and j or 0)) end },
          { "blocksparse", block = 32, pattern = function(i, j, nb) return not at(one, i * nb + j) end },
        } }
LUA
R=$T/same
expect 0 "functions beside files" "$A" run "$T/c/x.lua" -o "$R" --no-plots
holds "a row for each" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 12 ]

# figures MASK LABEL: what a row says of work, memory and accuracy; memory seen by the system is no exact figure
figures() {
    grep "\"variant\":\"blocksparse\",\"label\":\"blocksparse,block=32,layout=$2\"" "$R/points.jsonl" | grep "\"mask\":\"$1\"" |
        sed 's/.*"isa":"[a-z0-9]*"//; s/"flags":\[[^]]*\],//; s/"tensors":{[^}]*}*,//; s/"hwm_bytes":[0-9]*//; s/"timed_hwm_bytes":[0-9]*//; s/"probe_ns":[0-9.e+]*//; s/"repro":"[^"]*"//; s/"time":{"median.*//'
}
for mask in none causal; do
    for pair in "data/one.npy f(i,j)" "data/three.npy f2(i,j)" "data/one.npy f3(i,j)"; do
        figures $mask "${pair% *}" >"$T/want"
        figures $mask "${pair#* }" >"$T/got"
        holds "$mask, ${pair#* }: a row with work, memory and error" \
            grep -q '"flops":[0-9].*"bytes":.*"scratch_bytes":.*"arena_peak_bytes":.*"rel_fro":.*"cosine_p01":' "$T/want"
        same "$mask, ${pair#* }: the row of the file, to the last digit" "$T/want" "$T/got"
    done
    figures $mask "f4(i,j)" >"$T/got"
    holds "$mask: another layout has other figures" sh -c "! cmp -s $T/want $T/got"
done

# ---- rows and plans
layout() { grep "\"variant\":\"blocksparse\",\"label\":\"blocksparse,block=32,layout=$1\"" "$2" | grep '"mask":"none"' | sed 's/.*"tensors":\({"layout":[^}]*}\?}\?\).*/\1/'; }
digest=$(layout 'f(i,j)' "$R/points.jsonl" | sed 's/.*"digest":"\([0-9a-f]*\)".*/\1/')
holds "a row has digest, sizes and share" sh -c "printf '%s' '$(layout 'f(i,j)' "$R/points.jsonl")' | grep -q '^{\"layout\":{\"digest\":\"[0-9a-f]\{16\}\",\"sizes\":\[1,7,5\],\"share\":0.5142857142857[0-9]*}}\$'"
holds "the heads of one with four parameters" sh -c "printf '%s' '$(layout 'f2(i,j)' "$R/points.jsonl")' | grep -q '\"sizes\":\[3,7,5\]'"
holds "the blocks are in the plan" grep -qF '"blocks":"0-1,3;1,4;0,4;0-2;0,2;0-1,3;0,2-3"' "$R/plan.jsonl"
holds "and in no row" sh -c "! grep -q '\"blocks\"' $R/points.jsonl"
holds "a row of a file names it" [ "$(layout data/one.npy "$R/points.jsonl")" = "{\"layout\":\"$T/c/data/one.npy\"}" ]
said "$R/points.jsonl" "\"id\":\"blocksparse,block=32,layout=f:$digest/b2h3g1q200k150d16/none/gauss,s=1/t1/s1\""
said "$R/points.jsonl" "\"id\":\"blocksparse,block=32,layout=f3:$digest/b2h3g1q200k150d16/none/gauss,s=1/t1/s1\""
repro=$(grep '"variant":"blocksparse","label":"blocksparse,block=32,layout=f2(i,j)"' "$R/points.jsonl" | grep '"mask":"causal"' | sed 's/.*"repro":"[^ ]* \([^"]*\) -o [^"]*".*/\1/')
expect 0 "the repro line of a function" sh -c "$A $repro -o $T/repro --no-plots"
holds "measures that point alone" [ "$(sed 's/.*"id":"\([^"]*\)".*/\1/' "$T/repro/points.jsonl")" = "$(grep -o '"id":"[^"]*layout=f2:[^"]*/causal/[^"]*"' "$R/points.jsonl" | sed 's/"id":"\(.*\)"/\1/')" ]

expect 0 "resume with the same functions" "$A" run "$T/c/x.lua" -o "$R" --resume --no-plots
holds "no row twice" [ "$(wc -l <"$R/points.jsonl")" = 12 ]
sed -i 's/return not at(one, i \* nb + j)/return not at(one, i * nb + j) or i == 6/' "$T/c/x.lua"
expect 2 "resume with a changed function" "$A" run "$T/c/x.lua" -o "$R" --resume --no-plots
said "$T/err" "holds a run of another plan"

# ---- axes, names, overrides
ids() { sed 's/.*"id":"\([^"]*\)".*/\1/; s/:[0-9a-f]*\//:DIGEST\//' "$T/out"; }
labels() { sed 's/.*"label":"\([^"]*\)".*/\1/' "$T/out"; }
cat >"$T/c/axes.lua" <<'LUA'
local function first(i, j) return i == j or j == 0 end
sweep { shape = { heads = 2, n = { 96, 128 } }, threads = 1, mask = { "none", "causal" },
        variants = { { "blocksparse", block = { 32, 64 }, pattern = first },
                     { "blocksparse", block = function(n) return n // 4 end, pattern = first },
                     { "blocksparse", block = 16, pattern = function(i, j, nb) return (i + j) % nb == 0 end },
                     { "blocksparse", block = 16, pattern = function(i, j, nb) return (i + j) % nb == 0 end } } }
LUA
expect 0 "block as an axis and as a function of n" "$A" run "$T/c/axes.lua" --dry-run
holds "every point once" [ "$(ids | sort -u | wc -l)" = 18 ] # n = 128 with block = 32 is there by two ways
sizes() { grep "\"id\":\"blocksparse$1" "$T/out" | grep "h2n$2d" | grep '/none/' | sed 's/.*"sizes":\(\[[0-9,]*\]\).*"blocks":"\([^"]*\)".*/\1 \2/'; }
holds "block 32" [ "$(sizes ,block=32,layout=f: 96)" = "[1,3,3] 0;0-1;0,2" ]
holds "block 32, longer" [ "$(sizes ,block=32,layout=f: 128)" = "[1,4,4] 0;0-1;0,2;0,3" ]
holds "block 64" [ "$(sizes ,layout=f: 96)" = "[1,2,2] 0;0-1" ]
holds "block of n" [ "$(sizes ,block=24,layout=f: 96)" = "[1,4,4] 0;0-1;0,2;0,3" ]
holds "nb" [ "$(sizes ,block=16,layout=f2: 96)" = "[1,6,6] 0;5;4;3;2;1" ]
labels | sort -u >"$T/got"
printf 'blocksparse,block=%s(i,j)\n' '16,layout=f2' '16,layout=f3' '32,layout=f' '64,layout=f' 'f(n),layout=f' | LC_ALL=C sort >"$T/want"
LC_ALL=C sort -o "$T/got" "$T/got"
same "curves have names of their own" "$T/want" "$T/got"
holds "two functions that agree are two points" [ "$(ids | grep -c '^blocksparse,block=16,layout=f[23]:DIGEST/b1h2n96d64/none/')" = 2 ]
"$A" run "$T/c/axes.lua" --dry-run >"$T/again"
same "the same plan every time" "$T/again" "$T/out"
expect 0 "an override" "$A" run "$T/c/axes.lua" --dry-run --set 'variants={ "blocksparse", pattern = function(i, j) return j < i end }'
holds "brings its own function" [ "$(sizes ,layout=f: 128)" = "[1,2,2] ;0" ]
expect 0 "other settings are overridden as ever" "$A" run "$T/c/axes.lua" --dry-run --set shape.n=64 --set mask=causal
holds "the function sees them" sh -c "grep -q '\"sizes\":\[1,4,4\]' $T/out && ! grep -q h2n96 $T/out"

cat >"$T/c/once.lua" <<'LUA'
sweep { shape = { heads = { 2, 3 }, n = 128 }, threads = 1, mask = { "none", "causal" }, seed = { 1, 2 },
        variants = { { "blocksparse", pattern = function(i, j, nb, h) print("asked", i, j, nb, h) return i + j == h end } } }
LUA
expect 0 "heads as an axis" "$A" run "$T/c/once.lua" --dry-run
printf 'asked\t%s\n' "0	0	2	0" "0	1	2	0" "1	0	2	0" "1	1	2	0" "0	0	2	1" "0	1	2	1" "1	0	2	1" "1	1	2	1" \
    "0	0	2	0" "0	1	2	0" "1	0	2	0" "1	1	2	0" "0	0	2	1" "0	1	2	1" "1	0	2	1" "1	1	2	1" \
    "0	0	2	2" "0	1	2	2" "1	0	2	2" "1	1	2	2" >"$T/want"
same "each size is asked for once" "$T/want" "$T/err"
holds "two heads in four points" [ "$(grep -c '"sizes":\[2,2,2\],"share":0.375,"blocks":"0;;1;0"' "$T/out")" = 4 ]
holds "three in the others" [ "$(grep -c '"sizes":\[3,2,2\],"share":0.33333333333333331,"blocks":"0;;1;0;;1"' "$T/out")" = 4 ]

# ---- plans stay small
printf 'sweep { shape = { n = 65536, heads = 4 }, variants = { { "blocksparse", pattern = %s } } }' 'function(i, j) return j <= i end' >"$T/c/long.lua"
expect 0 "a causal pattern of 65536 tokens" "$A" run "$T/c/long.lua" --dry-run
holds "takes a few bytes a row" [ "$(wc -c <"$T/out")" -lt 12000 ]
expect 0 "random blocks for each head" "$A" run "$T/c/long.lua" --dry-run --set 'variants={ "blocksparse", pattern = function(i, j, nb, h) return math.random() < 0.3 end }'
holds "take a bit each" [ "$(wc -c <"$T/out")" -lt 1200000 ]
holds "in four heads" grep -q '"sizes":\[4,1024,1024\],"share":0.[23]' "$T/out"

# ---- mistakes: wrong NAME ENTRY MESSAGE, on a second line of the config
wrong() {
    printf 'sweep { shape = { n = { 128 }, heads = 2 }, threads = 1,\n  variants = { { %s } } }\n' "$2" >"$T/x.lua"
    printf '%s\n' "$3" | sed "s|CONFIG|$T/x.lua|g; s|^|attnbench: |" >"$T/want"
    expect 2 "$1" timeout 20 "$A" run "$T/x.lua" -o "$T/results"
    same "$1: message" "$T/want" "$T/err"
    holds "$1: nothing written" [ ! -e "$T/results" ]
}
bool='allowed are true and false: compare, as in i == j'
raised='which has to give true or false'
example='function(i, j, nb) return i == j end'

wrong "a number" '"blocksparse", pattern = function(i, j) return j - i end' \
    "CONFIG:2: variants: blocksparse: pattern(0, 0, 2) = 0; $bool"
wrong "a number at a later block" '"blocksparse", pattern = function(i, j) return i ~= 1 or j end' \
    "CONFIG:2: variants: blocksparse: pattern(1, 0, 2) = 0; $bool"
wrong "a number of one head" '"blocksparse", pattern = function(i, j, nb, h) if h == 1 then return 2.5 end end' \
    "CONFIG:2: variants: blocksparse: pattern(0, 0, 2, 1) = 2.5; $bool"
wrong "a string" '"blocksparse", tensors = { layout = function(i, j) return "no" end }' \
    "CONFIG:2: variants: blocksparse: layout(0, 0, 2) = \"no\"; $bool"
wrong "a table" '"blocksparse", pattern = function(i, j) return {} end' \
    "CONFIG:2: variants: blocksparse: pattern(0, 0, 2) = a table; $bool"
wrong "no return" '"blocksparse", pattern = function(i, j) local x = i == j end' \
    "CONFIG:2: variants: blocksparse: pattern gave neither true nor false for any block; is its 'return' missing?"
wrong "an error raised" '"blocksparse", pattern = function(i, j)
    if j == 1 then error("no such block") end return true end' \
    "CONFIG:3: no such block; raised in pattern(0, 1, 2) of blocksparse, $raised"
wrong "an error without a place" '"blocksparse",
    pattern = function(i, j) error({}) end' \
    "CONFIG:3: an error without a message; raised in pattern(0, 0, 2) of blocksparse, $raised"
wrong "a head that is not declared" '"blocksparse", pattern = function(i, j, nb, ...) return i < ... end' \
    "CONFIG:2: attempt to compare number with nil; raised in pattern(0, 0, 2) of blocksparse, $raised"
wrong "a name that is not there" '"blocksparse", pattern = function(i, j) return i == jj end' \
    "CONFIG:2: 'jj' is not defined; allowed: sweep, pow2, range, math, string, table, utf8, print; raised in pattern(0, 0, 2) of blocksparse, $raised"
wrong "no function" '"blocksparse", pattern = "layout.npy"' \
    "CONFIG:2: variants: blocksparse: pattern = \"layout.npy\": did you mean 'layout'?"
wrong "a list of functions" '"blocksparse", pattern = { function() return true end }' \
    "CONFIG:2: variants: blocksparse: pattern takes a function of blocks: pattern = $example"
wrong "neither file nor function" '"blocksparse", tensors = { layout = 3 }' \
    "CONFIG:2: variants: blocksparse: tensor layout takes the name of a file or a function of blocks: $example"
wrong "both" '"blocksparse", pattern = function() return true end, tensors = { layout = function() return true end }' \
    "CONFIG:2: variants: blocksparse: pattern and tensors.layout are the same tensor; give one"
wrong "no tensor over blocks" '"linformer", rank = 4, pattern = function(i, j) return true end' \
    "CONFIG:2: variants: linformer takes no pattern: none of its tensors is over blocks; such variants: blocksparse"
wrong "a function for another tensor" '"linformer", tensors = { e = function(i, j) return true end }' \
    "CONFIG:2: variants: linformer: tensor e is [rank nk if projection=gaussian and sharing!=none], and takes the name of a file; functions are for shapes of blocks"
wrong "a parameter called pattern" '"sparse", pattern = function(i, j) return true end' \
    "CONFIG:2: variants: sparse: pattern takes one of the words of its list, not a function; 'attnbench describe sparse' has the list"
wrong "a slip of the pen" '"blocksparse", patern = function(i, j) return true end' \
    "CONFIG:2: variants: blocksparse has no parameter 'patern'; did you mean 'pattern'?"
wrong "the same function twice" '"blocksparse", pattern = math.ult }, { "blocksparse", pattern = math.ult' \
    "CONFIG:2: the point blocksparse,layout=f:07f88d07b4ba0025/b1h2n128d64/none/gauss,s=1/t1/s1 is there twice; remove one of its entries"
wrong "a forged function" '"blocksparse", pattern = { ["$function"] = 99 }' \
    "CONFIG: '\$function' is no name for a setting; remove it"
wrong "a memory bomb" '"blocksparse", pattern = function(i, j)
    return ("x"):rep(1 << 30) == "" end' \
    "CONFIG:3: the config takes more than 64 MiB of memory; it may only describe a sweep"
still='the config still runs after 4 seconds; it may only describe a sweep: look for an endless loop or a string pattern that backtracks'
wrong "an endless loop" '"blocksparse", pattern = function(i, j)
    while true do i = i + 1 end end' "CONFIG:3: $still"

printf '%s\n' 'local function far(i, j)' '  return i - j' 'end' \
    'sweep { shape = { n = 64 }, variants = { { "blocksparse", pattern = far } } }' >"$T/x.lua"
expect 2 "a function defined elsewhere" "$A" run "$T/x.lua" --dry-run
said "$T/err" "x.lua:1: variants: blocksparse: pattern(0, 0, 1) = 0; $bool"

# short calls, hundreds of evaluations: the clock goes on from one to the next
cat >"$T/x.lua" <<'LUA'
sweep { shape = { nq = 64, nk = range(64, 64 * 250, 64) }, threads = 1, variants = { { "blocksparse",
  pattern = function(i, j) for x = 1, 200000 do i = i + x end return true end } } }
LUA
expect 2 "many that are slow" timeout 25 "$A" run "$T/x.lua" --dry-run
printf 'attnbench: %s:2: %s\n' "$T/x.lua" "$still" >"$T/want"
same "many that are slow: message" "$T/want" "$T/err"

printf 'sweep { shape = { n = 8192, heads = 2 }, variants = { { "blocksparse", block = 1, pattern = math.ult } } }' >"$T/x.lua"
expect 2 "too many blocks" "$A" run "$T/x.lua" --dry-run
said "$T/err" "x.lua:1: variants: blocksparse: pattern would be called for 67108864 blocks; at most 16777216: take larger blocks"
printf 'sweep { shape = { n = 65536 }, seed = range(1, 300), variants = { { "blocksparse", pattern = function() return math.random() < 0.5 end } } }' >"$T/x.lua"
expect 2 "a plan that gets too long" "$A" run "$T/x.lua" --dry-run
said "$T/err" "x.lua:1: the functions of blocks take more than 64 MiB in the plan: take larger blocks, or fewer points"
finish
