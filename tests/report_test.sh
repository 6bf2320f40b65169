# report_test.sh -- the page of a run, without a browser: its structure, what is escaped, its size, messages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/report_pages.sh"

# The JSON of a page.
data() { sed -n '/<script type="application\/json"/,/<\/script>/p' "$1" | sed '1d;$d'; }
parts() { grep -o '<section id="[a-z]*"' "$1" | cut -d'"' -f2 | paste -sd' '; }

# ---- a whole run
page_whole "$T/whole"
cp "$T/whole/manifest.json" "$T/before.json"
expect 0 "a page" "$A" report "$T/whole"
P=$T/whole/report.html
said "$T/out" "$T/whole/report.html"
holds "nothing on stderr" [ ! -s "$T/err" ]
holds "it is there, and no half of it" sh -c "[ -s $P ] && [ ! -e $P.part ]"
holds "it is below 2 MB" [ "$(wc -c <"$P")" -lt 2000000 ]
holds "it opens as HTML" grep -qx '<!DOCTYPE html>' "$P"
holds "its parts, in order" [ "$(parts "$P")" = "verdicts curves weights warnings rows machine config" ]
holds "no hole of the template is left" sh -c "! grep -qE '^@[a-z]+@' $P"
holds "every row is in it" [ "$(data "$P" | grep -o '"repro":' | wc -l)" = 180 ]
holds "no samples are" sh -c "! grep -q 'samples_ns\":' $P"
holds "the pictures are" [ "$(data "$P" | grep -o 'viewBox' | wc -l)" = 6 ]
holds "the verdicts are" sh -c "grep -q '\"crossovers\":\[' $P"
sed '/<script type="application/,/<\/script>/d' "$P" | grep -vF 'http://www.w3.org/2000/svg' >"$T/page"
holds "nothing is fetched" sh -c "! grep -E 'https?:|<link [^>]*href=.[^d]|@import|src=|url\(' $T/page"
holds "the policy forbids it as well" grep -q "default-src 'none'" "$P"
same "the manifest is as before" "$T/before.json" "$T/whole/manifest.json"
if command -v node >/dev/null; then
    data "$P" >"$T/data.json"
    holds "its data is JSON" node -e 'JSON.parse(require("fs").readFileSync(0))' <"$T/data.json"
fi
expect 0 "report -o" "$A" report "$T/whole/" -o "$T/elsewhere.html"
holds "elsewhere" grep -qx '<!DOCTYPE html>' "$T/elsewhere.html"
(cd "$T" && "$OLDPWD/$A" report whole --output=here.html >/dev/null)
holds "a name without a folder" [ -s "$T/here.html" ]

# ---- attention weights that were drawn into the folder
page_weights "$T/weights"
expect 0 "weights are part of a page" "$A" report "$T/weights"
holds "in order, the statistics as well" [ "$(data "$T/weights/report.html" | grep -o '"mechanism":"[a-z]*"' | paste -sd' ')" = '"mechanism":"evil" "mechanism":"local"' ]
holds "nothing on stderr" [ ! -s "$T/err" ]
echo '{ torn' >"$T/weights/weights/torn.json"
echo '{}' >"$T/weights/weights/alone.json"
expect 0 "what cannot be read costs a warning" "$A" report "$T/weights"
said "$T/err" "weights/torn.json: "
said "$T/err" "weights/alone.svg is missing; alone.json is left out of the page"

# ---- names that would be markup
page_nasty "$T/nasty"
expect 0 "names that would be markup" "$A" report "$T/nasty"
P=$T/nasty/report.html
holds "no element is made of them" sh -c "! grep -q '<img' $P"
holds "the scripts are those of the template" [ "$(grep -c '</script>' "$P")" = "$(grep -c '</script>' scripts/report.html)" ]
data "$P" >"$T/data.json"
holds "the data has no <" sh -c "! grep -q '<' $T/data.json"
holds "no page writes markup" sh -c "! grep -qE 'innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(' scripts/report*.js"

# ---- runs of other kinds
page_empty "$T/empty"
page_accuracy "$T/accuracy"
page_many "$T/many"
for kind in empty accuracy many; do
    expect 0 "$kind" "$A" report "$T/$kind"
    holds "$kind: all parts" [ "$(parts "$T/$kind/report.html")" = "verdicts curves weights warnings rows machine config" ]
done
holds "the error over seeds is the median, and its skill that of it" [ "$(data "$T/accuracy/report.html" | grep -oE '"error":\{"value":1\.(4|39999)[^}]*,"skill":-0\.9[56]' | wc -l)" = 2 ]
holds "details of accuracy are in it" sh -c "grep -q '\"topk_recall\":{\"1\":1,\"8\":0.5}' $T/accuracy/report.html"
holds "5000 rows are below 6 MB" [ "$(wc -c <"$T/many/report.html")" -lt 6000000 ]
printf '{"id":"x"}\n{"id":' >"$T/empty/points.jsonl"
expect 0 "a torn last line" "$A" report "$T/empty"
said "$T/err" "its last line is torn"
rm "$T/empty/manifest.json"
expect 0 "no manifest" "$A" report "$T/empty/"
holds "the folder names it" sh -c "grep -q '\"name\":\"empty\"' $T/empty/report.html"

# ---- what cannot be
expect 2 "no folder" "$A" report
said "$T/err" "report needs a folder"
expect 2 "two folders" "$A" report a b
said "$T/err" "'b' is one too many"
expect 2 "an unknown option" "$A" report a --foo
said "$T/err" "unknown option '--foo'; report takes -o FILE.html only"
expect 2 "-o without a file" "$A" report a -o
said "$T/err" "-o needs a value"
expect 2 "no run in the folder" "$A" report "$T"
said "$T/err" "cannot read $T/points.jsonl"
printf 'x\n{"id":"y"}\n' >"$T/empty/points.jsonl"
expect 2 "no rows in the file" "$A" report "$T/empty"
said "$T/err" "points.jsonl:1: not a row"
expect 2 "a folder that is not there" "$A" report "$T/many" -o "$T/none/page.html"
said "$T/err" "cannot write $T/none/page.html: No such file or directory; make its folder first, or name another file with -o"
expect 2 "a folder as the file" "$A" report "$T/many" -o "$T/accuracy"
said "$T/err" "cannot write $T/accuracy: it exists and is no regular file; name another with -o, or - for stdout"
for own in points.jsonl plan.jsonl manifest.json; do
    cp "$T/whole/$own" "$T/own"
    expect 2 "$own of the run as the file" "$A" report "$T/whole" -o "$T/whole/../whole/$own"
    said "$T/err" "the page is made from it"
    ln -sf "whole/$own" "$T/link"
    expect 2 "the same by a link" "$A" report "$T/whole" -o "$T/link"
    same "$own is as before" "$T/own" "$T/whole/$own"
done
mkfifo "$T/pipe"
expect 2 "a pipe with a name" timeout 20 "$A" report "$T/whole" -o "$T/pipe"
holds "is one still" [ -p "$T/pipe" ]
ln -sf nowhere "$T/link"
expect 2 "a link to nothing" "$A" report "$T/whole" -o "$T/link"
said "$T/err" "cannot write $T/link: it is a link to no file; remove it, or name another with -o"
echo old >"$T/named.html"
ln -sf named.html "$T/link"
expect 0 "a link to a file" "$A" report "$T/whole" -o "$T/link"
holds "is one still" [ -L "$T/link" ]
same "the file has the page" "$T/whole/report.html" "$T/named.html"
expect 0 "stdout" "$A" report "$T/whole" -o -
same "has the page and nothing else" "$T/whole/report.html" "$T/out"
holds "no draft is left anywhere" [ -z "$(find "$T" -name '*.part')" ]
# ---- a run writes it
cat >"$T/tiny.lua" <<LUA
sweep { shape = { heads = 1, dk = 4, n = { 8, 16 } }, threads = 1, variants = { "flash", "full" },
        measure = { replicates = 1, max_seconds = 0.05 } }
LUA
expect 0 "a run" "$A" run "$T/tiny.lua" -o "$T/tiny"
said "$T/out" "2 pictures in $T/tiny/plots and $T/tiny/report.html"
holds "its page says that it is over" sh -c "grep -q '\"state\":\"finished\"' $T/tiny/report.html"
expect 0 "a run without" "$A" run "$T/tiny.lua" -o "$T/tiny" --overwrite --no-plots
holds "it says nothing of one" sh -c "! grep -q report.html $T/out"
holds "the page of the run before is gone" [ ! -e "$T/tiny/report.html" ]
finish
