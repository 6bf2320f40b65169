# published_test.sh -- published numbers beside those of a run: at its end, by fit, on its page, after --resume.
. "$(dirname "$0")/lib.sh"

cat >"$T/paper.lua" <<'LUA'
-- Does the paper hold?
sweep {
  shape     = { heads = 1, dk = 8, n = { 64, 128 } },
  threads   = 1,
  seed      = { 1, 2 },
  variants  = { "full", { "local", window = 4 }, { "sinkhorn", landmarks = 8, optional = true } },
  measure   = { what = { "memory", "accuracy" }, rows = 16 },
  published = {
    source = "Nobody: Nothing, table 0",
    claims = {
      { order = { "full", "local,window=4" }, metric = "error", at = { n = 128 } },
      { growth = "full", metric = "footprint", published = 30 },
      { ratio = { of = "full", over = "local,window=4" }, metric = "memory", at = { n = 64 }, published = 2,
        unlike = "that was a model" },
      { ratio = { of = "full", over = "sinkhorn,landmarks=8" }, metric = "memory", at = { n = 64 }, published = 3 },
      { growth = "local,window=4", metric = "time", published = 1, name = "what was not timed" },
    },
  },
}
LUA
R=$T/paper
expect 0 "a run" "$A" run "$T/paper.lua" -o "$R"
cp "$T/out" "$T/run"
name="its end"
said "$T/run" "Left out, for want of a variant of that name: sinkhorn"
said "$T/run" "Published: Nobody: Nothing, table 0"
said "$T/run" "1 of 5 agree, 1 differs, 3 not comparable; differs most: growth of footprint, full, n = 64 to 128:"
sed -n '/^Published/,/differs most/p' "$T/run" >"$T/table"
verdict() { grep -cE "^    $1 .* $2" "$T/table"; }
holds "an order agrees" [ "$(verdict 'full < local,window=4' 'agrees$')" = 1 ]
holds "a growth differs" [ "$(verdict full 'exact  differs, -2[0-9.]*$')" = 1 ]
holds "another thing" [ "$(verdict 'full over local,window=4' 'not comparable \[1\]')" = 1 ]
holds "a variant that is missing" [ "$(verdict 'full over sinkhorn,landmarks=8' 'not comparable \[2\]')" = 1 ]
holds "a metric that is missing" [ "$(verdict 'what was not timed' 'not comparable \[3\]')" = 1 ]
name="reasons"
said "$T/table" "[1] that was a model"
said "$T/table" "[2] no variant of that name in this build"
said "$T/table" "[3] no time was measured"
holds "no line of them is long" [ "$(grep -E '^  (\[|[A-Z0-9])' "$T/table" | awk 'length > 110' | wc -l)" = 0 ]

# ---- again, from the folder alone
expect 0 "fit, though nothing was timed" "$A" fit "$R"
holds "the same table" sh -c "sed -n '/^Published/,/differs most/p' $T/out | cmp -s - $T/table"
expect 0 "fit --json" "$A" fit "$R" --json
for key in source rules tolerance counts summary claims verdict reason off_words published_exponent words; do
    said "$T/out" "\"$key\":"
done
same "stdout and fit.json" "$R/fit.json" "$T/out"
holds "the page has it" grep -q '"summary":"[0-9] of 5 agree' "$R/report.html"
expect 0 "resume" "$A" run "$T/paper.lua" -o "$R" --resume --no-plots
said "$T/out" "8 of 8 points"
holds "judges again" sh -c "sed -n '/^Published/,/differs most/p' $T/out | cmp -s - $T/table"
expect 0 "a filter" "$A" run "$T/paper.lua" -o "$T/some" --no-plots --filter '^full/'
said "$T/out" "n = 128 was not measured"
expect 0 "overrides" "$A" run "$T/paper.lua" -o "$T/few" --no-plots --set shape.n=64 --set seed=1 --set isa=generic
said "$T/out" "it takes two lengths, and there are 1"

# a manifest of the right names and the wrong kinds: no crash, whatever is said
mkdir "$T/odd"
cp "$R/points.jsonl" "$T/odd"
cat >"$T/odd/manifest.json" <<'JSON'
{"absent": 3, "published": {"source": 4, "claims": [7, {}, {"kind": 5}, {"kind": "order"}, {"kind": "growth", "labels": 1},
 {"kind": "growth", "labels": ["full"], "metric": "footprint", "published": {"64": "x", "y": 1, "128": -1}},
 {"kind": "rising", "labels": [1, 2], "metric": 3, "published": {}}, {"kind": "ratio", "labels": ["full"], "metric": "memory",
 "at": {"n": 64}, "published": "x"}]}}
JSON
expect 0 "fields of the wrong kind" "$A" fit "$T/odd"
expect 0 "on the page as well" "$A" report "$T/odd"

# ---- a run without
sed -i '/^  published/,/^  },$/d; s/optional = true/tile = 1/' "$T/paper.lua"
expect 2 "a variant that is not optional" "$A" run "$T/paper.lua" --dry-run
said "$T/err" "unknown variant 'sinkhorn'"
sed -i 's/, { "sinkhorn".*} }/ }/' "$T/paper.lua"
expect 0 "no published numbers" "$A" run "$T/paper.lua" -o "$T/plain" --no-plots
holds "nothing is said of any" sh -c "! grep -qE 'Published|Left out' $T/out"
expect 2 "and nothing to fit" "$A" fit "$T/plain"
said "$T/err" "no row with a time at nq = nk, so there is nothing to fit"
finish
