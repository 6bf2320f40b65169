# plugin_test.sh -- variants out of shared objects: what is loaded, what is refused, what a bad one may do.
. "$(dirname "$0")/lib.sh"
small='measure = { replicates = 2, max_seconds = 0.1 }'

# build NAME [FLAGS...]: a plugin from the source on stdin
build() {
    out=$T/$1.so
    shift
    ${CC:-gcc} -std=c11 -Ivariants -Itests/plugin/broken -fPIC -shared "$@" -x c - -o "$out" -lm
}

# ---- with every command
expect 0 "list" "$A" list --plugin "$PLUGINS/late.so"
said "$T/out" "broken_late"
expect 0 "before the command, and twice the same" "$A" --plugin "$PLUGINS/late.so" list --plugin="$PLUGINS/late.so" --json
holds "listed once" [ "$(grep -c '"name": "broken_late"' "$T/out")" = 1 ]
expect 0 "describe" "$A" describe broken_late --plugin "$PLUGINS/late.so"
said "$T/out" "softmax attention with one fault: late"
expect 2 "not without it" "$A" describe broken_late

# ---- in a sweep
mkdir "$T/sub"
cp "$PLUGINS/late.so" "$T/sub/mine.so"
cat >"$T/p.lua" <<LUA
sweep { shape = { heads = 2, dk = 8, n = 16 }, threads = 1, plugins = { "sub/mine.so" }, variants = { "flash", "broken_late" },
        $small, }
LUA
R=$T/r
expect 3 "a plugin named relative to the config" "$A" run "$T/p.lua" -o "$R" --no-plots
digest=$(sha256sum "$T/sub/mine.so" | cut -d' ' -f1)
holds "its digest is in the manifest" grep -q "\"sha256\": \"$digest\"" "$R/manifest.json"
holds "its path is in the row" grep -q "\"plugin\":{\"path\":\"$T/sub/mine.so\"" "$R/points.jsonl"
expect 3 "resumed" "$A" run "$T/p.lua" -o "$R" --no-plots --resume
echo >>"$T/sub/mine.so"
expect 2 "resumed with another build" "$A" run "$T/p.lua" -o "$R" --no-plots --resume
said "$T/err" "another build of a plugin"

# plain.c keeps every promise; it is timed in a worker of its own, beside flash
echo '#include "honest.h"
BROKEN(nowhere, .kind = ATTN_EXACT);' | build plain
expect 0 "an honest one" "$A" run --plugin "$T/plain.so" "$T/p.lua" -o "$R" --overwrite --no-plots --set 'plugins={}' \
    --set variants=flash,broken_nowhere
holds "its row says how it compares" grep -q '"beside":{"label":"flash","ratio":[0-9]' "$R/points.jsonl"
holds "that of flash does not" sh -c "! grep '\"id\":\"flash/' $R/points.jsonl | grep -q beside"
again=$(sed -n 's/.*"id":"broken_nowhere.*"repro":"\([^"]*\)".*/\1/p' "$R/points.jsonl")
holds "repro names the plugin" sh -c "echo \"\$0\" | grep -q -- '--plugin $T/plain.so'" "$again"
again="$PWD/$A${again#attnbench}"
(cd "$T" && eval "${again%%-o *} -o $T/again" >/dev/null 2>&1)
holds "and works" grep -q '"id":"broken_nowhere' "$T/again/points.jsonl"

# spoils.c survives, and ruins whoever is called after it in the same process
echo '#include <sys/mman.h>
#include "honest.h"
static void forward(const struct attn_call *c) {
    honest_forward(c);
    mprotect((void *)((size_t)c->q.data & ~(size_t)4095), 4096, PROT_NONE);
}
BROKEN(spoils, .forward = forward);' | build spoils -D_DEFAULT_SOURCE
expect 3 "one that ruins its neighbours" "$A" run --plugin "$T/spoils.so" "$T/p.lua" -o "$R" --overwrite --no-plots \
    --set 'plugins={}' --set variants=flash,local,broken_spoils
holds "ruins its own row" sh -c "grep '\"id\":\"broken_spoils/' $R/points.jsonl | grep -q '\"status\":\"crashed\"'"
holds "and no other" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 2 ]

# ---- what cannot be loaded
refused() { # refused NAME FILE TEXT
    expect 2 "$1" "$A" list --plugin "$2"
    said "$T/err" "$3"
}
refused "no file" "$T/none.so" "plugin $T/none.so: cannot be read: No such file or directory"
refused "a folder" "$T" "plugin $T: is no file"
refused "a text" README.md "cannot be loaded: invalid ELF header"
expect 2 "no name" "$A" list --plugin
said "$T/err" "--plugin needs a file"

echo 'int answer = 42;' | build stranger
refused "another shared object" "$T/stranger.so" "it has no symbol attn_plugin; end its source with ATTN_PLUGIN("
echo '#include "honest.h"
void no_such_helper(const struct attn_call *);
BROKEN(needy, .forward = no_such_helper);' | build needy
refused "a symbol that is not there" "$T/needy.so" "undefined symbol: no_such_helper"

header() { # header NAME MAGIC ABI SIZES: a plugin with a head of its own
    echo "#include \"attn.h\"
    static const struct attn_variant *const none[] = {NULL};
    ATTN_EXPORT const struct attn_plugin attn_plugin;
    const struct attn_plugin attn_plugin = {$2, $3, $4, none};" | build "$1"
}
header magic 1 ATTN_ABI ATTN_PLUGIN_SIZES
refused "another magic" "$T/magic.so" "has the magic 0x00000001, not 0x4e545441"
header old ATTN_MAGIC 0 ATTN_PLUGIN_SIZES
refused "an old one" "$T/old.so" "is too old: built for ABI 0, and this program has 1; build it again"
header new ATTN_MAGIC 2 ATTN_PLUGIN_SIZES
refused "a new one" "$T/new.so" "is too new: built for ABI 2, and this program has 1; use a newer attnbench"
header grown ATTN_MAGIC ATTN_ABI 'sizeof(struct attn_plugin), sizeof(struct attn_variant), sizeof(struct attn_problem),
    sizeof(struct attn_call) + 8, sizeof(struct attn_param), sizeof(struct attn_tensor)'
refused "grown structures" "$T/grown.so" "built with a newer attn.h (struct attn_call has"
header empty ATTN_MAGIC ATTN_ABI ATTN_PLUGIN_SIZES
refused "an empty one" "$T/empty.so" "holds no variant"
echo '#include "honest.h"
BROKEN(half, .forward = NULL);' | build half
refused "an incomplete one" "$T/half.so" "variant 1: forward() is missing"
echo '#include "honest.h"
BROKEN(twin, .name = "flash");' | build twin
refused "a name that is taken" "$T/twin.so" "the name 'flash' is taken by a variant of the program; rename one of them"
echo '#include "honest.h"
__attribute__((constructor)) static void start(void) { abort(); }
BROKEN(bomb, .kind = ATTN_EXACT);' | build bomb
refused "one that dies when it is loaded" "$T/bomb.so" "plugin $T/bomb.so: could not even be loaded: signal 6"
sed 's#sub/mine.so#bomb.so#' "$T/p.lua" >"$T/bomb.lua"
expect 2 "the same in a config" "$A" run "$T/bomb.lua"
said "$T/err" "planning failed with plugin $T/bomb.so: signal 6"
sed 's#sub/mine.so#none.so#' "$T/p.lua" >"$T/none.lua"
expect 2 "no file in a config" "$A" run "$T/none.lua"
said "$T/err" "none.lua:1: plugins: plugin $T/none.so: cannot be read"
holds "its variant is no second mistake" [ "$(wc -l <"$T/err")" = 1 ]
sed 's#{ "sub/mine.so" }#7#' "$T/p.lua" >"$T/seven.lua"
expect 2 "a number in a config" "$A" run "$T/seven.lua"
said "$T/err" 'seven.lua:1: plugins: 7 is no file; give plugins = { "FILE.so" }'

# ---- C++
if command -v g++ >/dev/null; then
    cat >"$T/cpp.cc" <<'CPP'
#include <attn.h>
static void size(const attn_problem *, const void *, attn_need *) {}
static void forward(const attn_call *) {}
static void reference(const attn_call *, int, int, const int *, int, double *, double *, double *) {}
static void cost(const attn_problem *, const void *, const attn_view *, attn_cost *) {}
static attn_variant make() {
    attn_variant v = attn_variant();
    v.magic = ATTN_MAGIC, v.abi = ATTN_ABI, v.struct_size = sizeof v;
    v.name = "plus", v.brief = "from C++", v.formula = v.cite = v.time.formula = v.memory.formula = "none";
    v.kind = ATTN_CONTROL, v.caps = ATTN_CAP_NO_MASK | ATTN_CAP_NO_OUTPUT;
    v.size = size, v.forward = forward, v.reference = reference, v.cost = cost;
    return v;
}
static const attn_variant attn_variant_plus = make();
ATTN_PLUGIN(&attn_variant_plus);
CPP
    expect 0 "the header is C++ as well" g++ -std=c++11 -Wall -Wextra -Werror -Ivariants -fPIC -shared "$T/cpp.cc" -o "$T/cpp.so"
    expect 0 "a plugin in C++" "$A" list --plugin "$T/cpp.so"
    said "$T/out" "from C++"
else
    skip "a plugin in C++" "no g++"
fi
finish
