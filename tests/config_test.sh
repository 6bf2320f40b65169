# config_test.sh -- configs that are wrong, with the message each must give: exit code 2, place and
# remedy, within seconds, and nothing written.
. "$(dirname "$0")/lib.sh"

# wrong NAME TEXT-OF-CONFIG MESSAGE: the config fails and stderr is exactly the message (CONFIG is its path)
wrong() {
    name=$1
    printf '%s' "$2" >"$T/x.lua"
    printf '%s\n' "$3" | sed "s|CONFIG|$T/x.lua|g; s|^|attnbench: |" >"$T/want"
    expect 2 "$name" timeout 20 "$A" run "$T/x.lua" -o "$T/results"
    same "$name: message" "$T/want" "$T/err"
    holds "$name: nothing written" [ ! -e "$T/results" ]
}

head='sweep {
  shape = { n = 64 },
  variants = { "flash" },
'

wrong "unknown key" "$head  maks = \"causal\",
}" "CONFIG:4: sweep: unknown key 'maks'; did you mean 'mask'?"

wrong "unknown key in shape" 'sweep {
  shape = {
    n = 64,
    hedas = 4,
  },
  variants = { "flash" },
}' "CONFIG:4: shape: unknown key 'hedas'; did you mean 'heads'?"

wrong "wrong type" "$head  threads = \"two\",
}" "CONFIG:4: threads = \"two\"; allowed is a whole number from 1 to 1024"

wrong "out of range" 'sweep { shape = { n = { 64, -3 } }, variants = "flash" }' \
    "CONFIG:1: n = -3; allowed is a whole number from 1 to 16777216"

wrong "not whole" 'sweep { shape = { n = 64.5 }, variants = "flash" }' \
    "CONFIG:1: n = 64.5; allowed is a whole number from 1 to 16777216"

wrong "unknown variant" 'sweep {
  shape = { n = 64 },
  variants = {
    "full",
    "flahs",
  },
}' "CONFIG:5: variants: unknown variant 'flahs'; did you mean 'flash'?"

wrong "unknown parameter" 'sweep {
  shape = { n = 64 },
  variants = { { "local",
    windw = 3 } },
}' "CONFIG:4: variants: local has no parameter 'windw'; did you mean 'window'?"

wrong "parameter out of range" 'sweep { shape = { n = 64 },
  variants = { { "local", window = -1 } } }' \
    "CONFIG:2: variants: local: window = -1: allowed is a whole number from 0 to 1073741824"

wrong "unknown choice" 'sweep { shape = { n = 64 }, variants = { { "full", materialise = "al" } } }' \
    "CONFIG:1: variants: full: materialise = \"al\": did you mean 'all'?"

wrong "unknown mask" "$head  mask = { \"none\", \"casual\" } }" "CONFIG:4: mask = \"casual\"; did you mean 'causal'?"

wrong "unknown input" "$head  input = \"gaus\" }" "CONFIG:4: input: \"gaus\" is no input; did you mean 'gauss'?"

wrong "unknown setting of an input" "$head  input = { \"gauss\", sigma = 1 } }" \
    "CONFIG:4: input: unknown key 'sigma'; allowed: s, mean_v"

wrong "unknown case of an input" "$head  input = { \"numerics\", case = { \"key_norms\", \"logits_1e5\" } } }" \
    "CONFIG:4: case = \"logits_1e5\"; did you mean 'logits_1e2'?"

wrong "a case that is no word" "$head  input = { \"numerics\", case = 4 } }" \
    "CONFIG:4: case = 4; allowed: logits_1e2, logits_1e4, key_norms, equal_keys, zero_vectors, masked_nan"

wrong "half a sink" "$head  input = { \"sink\", tokens = 1.5 } }" \
    "CONFIG:4: tokens = 1.5; allowed is a whole number from 1 to 1024"

wrong "a mass that nothing is left of" "$head  input = { \"sink\", mass = 1 } }" \
    "CONFIG:4: mass = 1; allowed is a number from 0.001 to 0.999"

wrong "setting of another input" "$head  input = { \"heavy\", spread = 1 } }" \
    "CONFIG:4: input: unknown key 'spread'; allowed: alpha, s"

wrong "missing tensor file" "$head  input = { \"file\", path = \"no.safetensors\" } }" \
    "CONFIG:4: input: cannot read $T/no.safetensors: No such file or directory"

wrong "several errors at once" 'sweep {
  shape = { n = 64 },
  mask = "up",
  variants = { "flahs" },
  trheads = 2,
}' "CONFIG:5: sweep: unknown key 'trheads'; did you mean 'threads'?
CONFIG:4: variants: unknown variant 'flahs'; did you mean 'flash'?
CONFIG:3: mask = \"up\"; allowed: none, causal, causal_top_left"

wrong "function that gives no number" 'sweep { shape = { n = 64 },
  variants = { { "local", window = function(n) return "x" end } } }' \
    "CONFIG: a function of n gave a string; it must give a number"

wrong "function out of range" 'sweep { shape = { n = 64 },
  variants = { { "local", window = function(n) return -n end } } }' \
    "CONFIG:2: window = -64 (its function at n = 64); allowed is a whole number from 0 to 1073741824"

wrong "kv_heads" 'sweep { shape = { n = 64, heads = 8, kv_heads = 3 }, variants = { "flash" } }' \
    "CONFIG:1: kv_heads = 3 does not divide heads = 8"

wrong "the same point twice" 'sweep { shape = { n = 64 }, threads = 1, variants = { "flash", "flash" } }' \
    "CONFIG:1: the point flash/b1h8n64d64/none/gauss,s=1/t1/s1 is there twice; remove one of its entries"

wrong "endless loop" 'local x = 0
while true do x = x + 1 end' "CONFIG:2: the config still runs after 4 seconds; it may only describe a sweep: look for an endless loop or a string pattern that backtracks"

wrong "memory bomb" 'local t = "x"
for i = 1, 60 do t = t .. t end' "CONFIG:2: the config takes more than 64 MiB of memory; it may only describe a sweep"

wrong "memory bomb in a C function" 'x = string.rep("x", 1000000000)' \
    "CONFIG:1: the config takes more than 64 MiB of memory; it may only describe a sweep"

wrong "tables that multiply" 'local t = { 1, 2, 3, 4, 5, 6, 7, 8 }
for i = 1, 12 do t = { t, t, t, t, t, t } end
sweep { shape = t }' "CONFIG: more than 100000 values in the sweep"

wrong "a text that multiplies" 'local s, t = string.rep("x", 1 << 22), {}
for i = 1, 1000 do t[i] = s end
sweep { variants = t }' "CONFIG: more than 64 MiB of text in the sweep"

wrong "a table of too many names" 'local t = {}
for i = 1, 2000 do t["k" .. i] = i end
sweep(t)' "CONFIG: a table of more than 1000 names in the sweep"

long=$(printf 'k%.0s' $(seq 70))
wrong "a name that is too long" "sweep { $long = 1 }" "CONFIG: '$long' is no name for a setting; remove it"

wrong "an endless loop that is caught" 'pcall(function()
  while true do end end)
sweep { shape = { n = 8 }, variants = "flash" }' "CONFIG:2: the config still runs after 4 seconds; it may only describe a sweep: look for an endless loop or a string pattern that backtracks"

wrong "catastrophic pattern" 'local s = string.rep("a", 40)
x = s:find(string.rep("a*", 30) .. "b")' "CONFIG:2: the config still runs after 4 seconds; it may only describe a sweep: look for an endless loop or a string pattern that backtracks"

wrong "os.execute" '
os.execute("touch /tmp/x")' "CONFIG:2: 'os' is not available: a config describes a sweep and touches nothing else; remove the call"

wrong "io" 'io.open("x", "w")' "CONFIG:1: 'io' is not available: a config describes a sweep and touches nothing else; remove the call"

wrong "load" 'load("x = 1")()' "CONFIG:1: 'load' is not available: a config describes a sweep and touches nothing else; remove the call"

wrong "undefined name" 'sweep { shape = { n = pov2(4, 5) }, variants = "flash" }' \
    "CONFIG:1: 'pov2' is not defined; did you mean 'pow2'?"

wrong "syntax error" 'sweep {
  shape = { n = 64 ,
  variants = { "flash" }
}' "CONFIG:4: '}' expected (to close '{' at line 1) near <eof>"

wrong "bytecode" "$(printf '\033Lua')" "CONFIG: attempt to load a binary chunk (mode is 't')"

wrong "nothing in it" "" 'CONFIG: it never calls sweep{...}; the least is sweep { shape = { n = 512 }, variants = { "flash" } }'

wrong "no length" 'sweep { shape = { heads = 2 }, variants = { "flash" } }' \
    "CONFIG:1: shape: n is missing; for example n = pow2(9, 12)"

wrong "no variants" 'sweep { shape = { n = 2 } }' \
    "CONFIG:1: variants is missing; for example variants = { \"full\", \"flash\" }"

wrong "a parameter without a name" 'sweep { shape = { n = 2 }, variants = { { "local", 8 } } }' \
    "CONFIG:1: variants: { \"local\", ... } takes parameters by name: { \"local\", parameter = value }"

wrong "an empty list" 'sweep { shape = { n = 2 }, variants = { { "local", window = {} } } }' \
    "CONFIG:1: variants: local: window is an empty list"

wrong "a function for an input" 'sweep { shape = { n = 2 }, variants = { "flash" }, input = { "gauss", s = function(n) return n end } }' \
    "CONFIG:1: input: s takes numbers; only parameters of variants and shapes are functions of n"

wrong "a function for a case" 'sweep { shape = { n = 2 }, variants = { "flash" }, input = { "numerics", case = function(n) return n end } }' \
    "CONFIG:1: input: case takes words; only parameters of variants and shapes are functions of n"

wrong "the same length twice" 'sweep { shape = { n = { 64, 64 } }, threads = 1, variants = { "flash" } }' \
    "CONFIG:1: the point flash/b1h8n64d64/none/gauss,s=1/t1/s1 is there twice; remove one of its entries"

wrong "too many heads" 'sweep { shape = { n = 64, batch = 65536, heads = 65536 }, variants = { "flash" } }' \
    "CONFIG:1: batch * heads = 4294967296; at most 16777216"

wrong "two sweeps" 'sweep { shape = { n = 2 }, variants = { "flash" } }
sweep { }' "CONFIG:2: a second sweep{}; a config holds one, and its lists are its axes"

expect 2 "missing file" "$A" run "$T/none.lua" -o "$T/results"
said "$T/err" "cannot read $T/none.lua: No such file or directory; 'ls configs' shows the configs that come with the program"
expect 2 "a folder" "$A" run "$T" -o "$T/results"
said "$T/err" "Is a directory"
holds "nothing written" [ ! -e "$T/results" ]

# overrides
printf 'sweep { shape = { n = 64, heads = 2 }, threads = 1, variants = { "flash", "full" } }' >"$T/x.lua"
expect 0 "an override" "$A" run "$T/x.lua" --dry-run --set shape.n=32,48 --set mask=causal --set variants=local
holds "an override makes an axis" [ "$(grep -c '"id":"local/' "$T/out")" = 2 ]
said "$T/out" '"id":"local/b1h2n32d64/causal/gauss,s=1/t1/s1"'
expect 2 "a wrong override" "$A" run "$T/x.lua" --dry-run --set shape.m=3
said "$T/err" "shape: unknown key 'm'"
expect 2 "no override" "$A" run "$T/x.lua" --dry-run --set shape
said "$T/err" "give it as KEY=VALUE"
expect 0 "a filter" "$A" run "$T/x.lua" --dry-run --filter '^flash/'
holds "a filter chooses" [ "$(wc -l <"$T/out")" = 1 ]
expect 2 "a filter that leaves nothing" "$A" run "$T/x.lua" --dry-run --filter zebra
expect 2 "a filter that is no expression" "$A" run "$T/x.lua" --dry-run --filter '('

expect 0 "an override that is an expression" "$A" run "$T/x.lua" --dry-run --set 'shape.n=pow2(4,6)'
holds "three lengths" [ "$(wc -l <"$T/out")" = 6 ]

# values that are not finite would make every mechanism look right
printf '\223NUMPY\001\000\166\000%-117s\n\000\000\200\077\000\000\300\177' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 1), }" >"$T/q.npy"
cp "$T/q.npy" "$T/k.npy"
cp "$T/q.npy" "$T/v.npy"
wrong "a tensor with NaN" 'sweep { shape = { n = 2 }, variants = { "flash" }, input = { "file", q = "q.npy", k = "k.npy", v = "v.npy" } }' \
    "CONFIG:1: input: $T/q.npy: '$T/q.npy' is not finite in float at element 1"
printf 'print("hello", 1) sweep { shape = { n = 64, heads = 2 }, threads = 1, variants = { "flash", "full" } }' >"$T/x.lua"
expect 0 "print" "$A" run "$T/x.lua" --dry-run
said "$T/err" "hello	1"

# functions of n, axes of parameters, lengths that differ
printf 'sweep { shape = { n = pow2(4, 6) }, threads = 1, variants = { { "local", window = { 2, function(n) return n // 4 end } } } }' >"$T/x.lua"
expect 0 "a function of n" "$A" run "$T/x.lua" --dry-run
holds "six points" [ "$(wc -l <"$T/out")" = 6 ]
said "$T/out" '"id":"local,window=16/b1h8n64d64/none/gauss,s=1/t1/s1"'
said "$T/out" '"label":"local,window=f(n)"'
printf 'sweep { shape = { nq = 1, nk = { 64, 128 } }, threads = 1, variants = { "flash" } }' >"$T/x.lua"
expect 0 "one query" "$A" run "$T/x.lua" --dry-run
said "$T/out" '"id":"flash/b1h8q1k64d64/none/gauss,s=1/t1/s1"'

# an input that a shape is too small for is a row, not a mistake; labels name what is asked for
refused() { # refused INPUT SHAPE REASON
    printf 'sweep { shape = { %s }, threads = 1, variants = { "flash" }, input = { %s } }' "$2" "$1" >"$T/x.lua"
    expect 0 "refused: $1" "$A" run "$T/x.lua" --dry-run
    said "$T/out" "\"status\":\"unsupported\",\"reason\":\"$3\""
}
refused '{ "sink", tokens = 64 }' 'n = 64' 'input sink: tokens = 64 are all of 64 keys'
refused '"sink"' 'n = 64, dk = 1' 'input sink keeps a bias beside the content of a vector: dk = 1; at least 2'
refused '"heavy"' 'n = 64, dk = 1' 'input heavy keeps a bias beside the content of a vector: dk = 1; at least 2'
refused '{ "cluster", clusters = 65 }' 'n = 64' 'input cluster: clusters = 65 are more than 64 keys'
refused '{ "lowrank", rank = 9 }' 'n = 64, dk = 8' 'input lowrank: rank = 9 is more than dk = 8'
refused '"numerics"' 'n = 64, dk = 1' 'input numerics keeps large logits beside small ones: dk = 1; at least 2'
refused '{ "numerics", case = "masked_nan" }' 'n = 64' 'input numerics: every key is seen by a query; mask causal_top_left with nk above nq, or causal with causal_shift below 0, leaves some'
printf 'sweep { shape = { n = 64 }, threads = 1, variants = { "flash" }, input = {
    { "gauss", mean_v = { 0, 2 } }, "sink", "heavy", "cluster", "lowrank",
    { "numerics", case = { "logits_1e2", "zero_vectors" } } } }' >"$T/x.lua"
expect 0 "made inputs" "$A" run "$T/x.lua" --dry-run
holds "eight points" [ "$(wc -l <"$T/out")" = 8 ]
for label in gauss,s=1 gauss,s=1,mean_v=2 sink,tokens=4,mass=0.7,s=1 heavy,alpha=1,s=1 \
    cluster,clusters=16,spread=0.5,gain=6 lowrank,rank=8,s=1 numerics,case=logits_1e2 numerics,case=zero_vectors; do
    said "$T/out" "\"id\":\"flash/b1h8n64d64/none/$label/t1/s1\""
done

# numbers of a paper
claims() { # claims NAME CLAIMS MESSAGE
    wrong "published: $1" "sweep { shape = { n = 64 }, variants = { \"full\", \"flash\" },
  published = { source = \"a paper\", claims = {
    $2 } } }" "$3"
}
where='metric = "time", at = { n = 64 }'

wrong "published: no table" "$head  published = 3 }" "CONFIG:4: published takes a table of names: published = { ... }"
wrong "published: nothing in it" "$head  published = { },
}" "CONFIG:4: published takes a table of names: published = { ... }"
wrong "published: unknown key" "$head  published = { source = \"a paper\", cliams = { } },
}" "CONFIG:4: published: unknown key 'cliams'; did you mean 'claims'?
CONFIG:4: published: claims is missing; for example claims = { { growth = \"full\", metric = \"time\", published = 2 } }"
wrong "published: no source" "$head  published = { claims = { { growth = \"flash\", metric = \"time\", published = 2 } } },
}" "CONFIG:4: published: source is missing; say where the numbers are from: source = \"authors, title, year, table\""
claims "no kind" '{ metric = "time" }' \
    "CONFIG:2: published: claim 1 has none of ratio, growth, rising and order; it takes one of them"
claims "two kinds" '{ growth = "full", rising = "full", metric = "time" }' \
    "CONFIG:2: published: claim 1 has several of ratio, growth, rising and order; it takes one of them"
claims "no table in the list" '7' \
    "CONFIG:2: published: claim 1 has none of ratio, growth, rising and order; it takes one of them"
claims "unknown key of a claim" "{ order = { \"flash\", \"full\" }, $where, nmae = \"x\" }" \
    "CONFIG:3: published: claim 1: order: unknown key 'nmae'; did you mean 'name'?"
claims "an order has no number" "{ order = { \"flash\", \"full\" }, $where, published = 2 }" \
    "CONFIG:3: published: claim 1: order: unknown key 'published'; allowed: order, metric, at, name, note, unlike"
claims "unknown label" "{ growth = \"full\", metric = \"time\", published = 2 },
    { ratio = { of = \"full\", over = \"flahs\" }, $where, published = 2 }" \
    "CONFIG:4: published: claim 2: no curve of this sweep has the label 'flahs'; did you mean 'flash'?"
claims "a ratio of one" "{ ratio = \"full\", $where, published = 2 }" \
    "CONFIG:3: published: claim 1: ratio = \"full\"; for example ratio = { of = \"full\", over = \"local\" }"
claims "a ratio over nothing" "{ ratio = { of = \"full\" }, $where, published = 2 }" \
    "CONFIG:3: published: claim 1: nothing is no label; for example ratio = { of = \"full\", over = \"local\" }"
claims "an order of one" "{ order = { \"full\" }, $where }" \
    "CONFIG:3: published: claim 1: order = [\"full\"]; for example order = { \"local\", \"full\" }"
claims "a number as a label" "{ order = { \"full\", 3 }, $where }" \
    "CONFIG:3: published: claim 1: 3 is no label; for example order = { \"local\", \"full\" }"
claims "unknown metric" '{ growth = "full", metric = "tiem", published = 2 }' \
    "CONFIG:3: published: claim 1: metric = \"tiem\"; did you mean 'time'?"
claims "no metric" '{ growth = "full", published = 2 }' \
    "CONFIG:3: published: claim 1: metric = nothing; allowed: time, memory, footprint, error"
claims "no length" '{ order = { "flash", "full" }, metric = "time" }' \
    "CONFIG:3: published: claim 1: the length is missing; for example at = { n = 512 }"
claims "a length of another type" '{ order = { "flash", "full" }, metric = "time", at = { n = "long" } }' \
    "CONFIG:3: published: claim 1: n = \"long\"; allowed is a length, 1 or more"
claims "a place of another type" '{ growth = "full", metric = "time", published = 2, at = 512 }' \
    "CONFIG:3: published: claim 1: at = 512; give at = { n = 512 }"
claims "a growth has no one length" "{ growth = \"full\", $where, published = 2 }" \
    "CONFIG:3: published: claim 1: at: unknown key 'n'; allowed: mask, input, positions, batch, heads, dk, threads, seed"
claims "a mask of another type" '{ growth = "full", metric = "time", published = 2, at = { mask = 1, heads = "x" } }' \
    "CONFIG:3: published: claim 1: mask = 1; allowed is a word, as rows have it
CONFIG:3: published: claim 1: heads = \"x\"; allowed is a number"
claims "from of another type" '{ growth = "full", metric = "time", published = 2, from = 0 }' \
    "CONFIG:3: published: claim 1: from = 0; allowed is a length, 1 or more"
claims "no number" "{ ratio = { of = \"full\", over = \"flash\" }, $where }" \
    "CONFIG:3: published: claim 1: published is missing: a number above 0"
claims "a number out of range" "{ ratio = { of = \"full\", over = \"flash\" }, $where, published = -1 }" \
    "CONFIG:3: published: claim 1: published = -1; allowed is a number above 0"
claims "values that are no lengths" '{ growth = "full", metric = "time", published = { 1, 2 } }' \
    "CONFIG:3: published: claim 1: published = [1,2]; allowed is an exponent, or values above 0 by length: { [512] = 0.8, [1024] = 2.4 }"
claims "values out of range" '{ rising = "full", metric = "time", published = { [512] = 0 } }' \
    "CONFIG:3: published: claim 1: published = {\"512\":0}; allowed is values above 0 by length: { [512] = 0.8, [1024] = 2.4 }"
claims "a note of another type" "{ order = { \"flash\", \"full\" }, $where, note = 3 }" \
    "CONFIG:3: published: claim 1: note = 3; allowed is text"
wrong "optional of another type" 'sweep { shape = { n = 64 },
  variants = { "full", { "flash", optional = "yes" } } }' \
    "CONFIG:2: variants: flash: optional = \"yes\"; allowed: true, false"

printf 'sweep { shape = { n = 64 }, threads = 1, variants = { { "flash", optional = true }, { "flahs", tile = 7, optional = true } },
        published = { source = "a paper", claims = { { growth = "flahs,tile=7", metric = "time", published = 1 } } } }' >"$T/x.lua"
expect 0 "a variant that may be missing" "$A" run "$T/x.lua" --dry-run
holds "the others are planned" [ "$(grep -o '"variant":"[^"]*"' "$T/out")" = '"variant":"flash"' ]
printf 'sweep { shape = { n = 64 }, threads = 1, variants = { "full", "flash" }, published = { source = "a paper",
        claims = { { growth = "full", metric = "time", published = 1 } } } }' >"$T/x.lua"
expect 0 "a filter leaves claims alone" "$A" run "$T/x.lua" --dry-run --filter '^flash/'
expect 0 "an override of the variants does" "$A" run "$T/x.lua" --dry-run --set variants=flash
expect 0 "an instruction set does" "$A" run "$T/x.lua" --dry-run --set isa=generic

for config in configs/*.lua configs/papers/*.lua; do
    expect 0 "$config is a plan" "$A" run "$config" --dry-run
    holds "$config opens with its question" sh -c "head -n 5 $config | grep -q '?'"
done
printf 'local t = {} for i = 1, 5000 do t[i] = "m" .. i end sweep { shape = { n = 8 }, mask = t, variants = "flash" }' >"$T/x.lua"
expect 2 "more mistakes than anybody reads" "$A" run "$T/x.lua" --dry-run
said "$T/err" "attnbench: and more; put these right first"
# the whole roster: what a config that means every mechanism does not measure, it says it leaves out
"$A" list | awk 'NR > 1 { print $1 }' >"$T/roster"
for config in families accuracy; do
    missing=""
    while read -r mechanism; do
        case $mechanism in copy | null) continue ;; esac
        grep -qw -- "$mechanism" configs/$config.lua || missing="$missing $mechanism"
    done <"$T/roster"
    holds "configs/$config.lua knows every mechanism$missing" [ -z "$missing" ]
done
absent() { sed -n 's/.*{ "\([a-z_]*\)", optional = true }.*/\1/p' configs/papers/*.lua | sort -u; }
holds "what papers have and we lack is not in the roster" [ -z "$(absent | grep -xf "$T/roster")" ]
holds "and there is some" [ "$(absent | wc -l)" -ge 4 ]
finish
