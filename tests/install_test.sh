# install_test.sh -- make install out of a copy of the tree that is then gone: the program, a plugin built with what
# was installed, and nothing left after make uninstall.
. "$(dirname "$0")/lib.sh"
C=$T/clone
D=$T/root
copy_tree "$C"
tree() { make -s --no-print-directory -C "$C" B="$B" DESTDIR="$D" PREFIX=/opt/bench "$@"; }
files() { (cd "$D" && find . ! -type d | sort); }

# ---- install
mkdir -p "$D/opt/bench/share/attnbench/configs"
echo "-- mine" >"$D/opt/bench/share/attnbench/configs/own.lua"
find "$C" ! -path "$C/build*" | sort >"$T/before"
expect 2 "no whole path" tree install PREFIX=bench
said "$T/err" "PREFIX=bench: give a whole path"
expect 2 "nothing to remove" tree uninstall
said "$T/err" "nothing to remove: $D/opt/bench/share/attnbench/installed is not there"
expect 0 "install" tree install
said "$T/out" "installed in $D/opt/bench"
expect 0 "and again" tree install
find "$C" ! -path "$C/build*" | sort >"$T/after"
same "the tree is as before" "$T/before" "$T/after"
{
    for file in bin/attnbench include/attnbench/attn.h lib/pkgconfig/attnbench.pc share/man/man1/attnbench.1 \
        share/attnbench/installed share/attnbench/configs/own.lua share/attnbench/example/Makefile \
        share/attnbench/example/efficient.c share/attnbench/example/mine.c; do echo "./opt/bench/$file"; done
    find configs -type f | sed 's#^#./opt/bench/share/attnbench/#'
} | sort >"$T/want"
files >"$T/have"
same "what is installed" "$T/want" "$T/have"
same "the header" variants/attn.h "$D/opt/bench/include/attnbench/attn.h"
holds "the page names the installed folders" grep -qx '.It Pa /opt/bench/share/attnbench/configs/' "$D/opt/bench/share/man/man1/attnbench.1"
holds "and no other" sh -c "! grep /usr/local '$D/opt/bench/share/man/man1/attnbench.1'"
holds "the package names them" grep -qx prefix=/opt/bench "$D/opt/bench/lib/pkgconfig/attnbench.pc"
holds "nothing is left of the template" sh -c "! grep @ '$D/opt/bench/lib/pkgconfig/attnbench.pc'"
holds "everybody may read" [ -z "$(find "$D/opt/bench" ! -name own.lua ! -perm -444)" ]
cp -r "$D" "$T/kept"
mv "$C" "$T/away"

# ---- the program without its tree, at its place
I=$T/kept/opt/bench
mkdir "$T/work" "$T/home"
# alone COMMAND...: in an empty folder, with an empty environment
alone() { (cd "$T/work" && env -i PATH="$I/bin:$PATH" HOME="$T/home" PKG_CONFIG_PATH="$I/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$T/kept" "$@"); }
expect 0 "version" alone attnbench --version
expect 0 "an installed config" alone attnbench run "$I/share/attnbench/configs/quick.lua" --filter '^flash/' --set shape.n=64,128 \
    --set measure.max_seconds=0.1 --set measure.replicates=2
for file in manifest.json points.jsonl summary.csv; do holds "writes $file" [ -s "$T/work/results/quick/$file" ]; done
holds "with its data" grep -q '"family":"file"' "$T/work/results/quick/points.jsonl"
holds "every row is ok" [ "$(grep -c '"status":"ok"' "$T/work/results/quick/points.jsonl")" = 8 ]
rm -r "$T/work/results/quick/plots"
expect 0 "plot" alone attnbench plot results/quick
holds "draws" [ -n "$(find "$T/work/results/quick/plots" -name '*.svg' -size +1k)" ]
for config in "$I"/share/attnbench/configs/[!o]*.lua; do
    expect 0 "$(basename "$config") can be planned" alone attnbench run "$config" --dry-run
done
F=$I/share/attnbench/configs/data/bytes-lm.safetensors
expect 0 "apply" alone attnbench apply flash --q "$F" --k "$F" --v "$F" --causal -o o.npy
holds "writes" [ -s "$T/work/o.npy" ]
expect 0 "check" alone attnbench check null zero

# ---- the example, built elsewhere with what was installed
if [ "$(pkg-config --version 2>/dev/null)" ]; then
    cp -r "$I/share/attnbench/example" "$T/work/example"
    expect 2 "no package, no header" alone env PKG_CONFIG_PATH= make -C example
    said "$T/err" "attnbench.pc"
    expect 0 "the example" alone make -C example
    holds "without a warning" [ ! -s "$T/err" ]
    expect 0 "the template is a plugin as well" alone attnbench --plugin example/mine.so check --every 20
    said "$T/out" "mine           ok"
    expect 0 "is checked" alone attnbench --plugin example/efficient.so check
    said "$T/out" "efficient      ok"
    mkdir "$T/work/mine"
    cat >"$T/work/mine/e.lua" <<'LUA'
sweep { shape = { heads = 2, dk = 16, n = { 64, 1024 } }, plugins = { "../example/efficient.so" },
        variants = { "flash", { "efficient", normalisation = { "softmax", "scaling" } } }, measure = { replicates = 2, max_seconds = 0.2 } }
LUA
    expect 0 "and measured beside flash" alone attnbench run mine/e.lua
    R=$T/work/results/e
    holds "every row is ok" [ "$(grep -c '"status":"ok"' "$R/points.jsonl")" = 6 ]
    holds "beside flash" [ "$(grep '"id":"efficient' "$R/points.jsonl" | grep -c '"beside":{"label":"flash"')" = 4 ]
    holds "its memory does not grow" [ "$(grep '"id":"efficient' "$R/points.jsonl" | grep -o '"scratch_bytes":[0-9]*' | sort -u | wc -l)" = 1 ]
    holds "with pictures" [ -n "$(find "$R/plots" -name 'time-*.svg' -size +1k)" ]
else skip "the example" "no pkg-config"; fi
if command -v man >/dev/null; then
    expect 0 "the page is shown" alone env MANPATH="$I/share/man" LC_ALL=C man attnbench
    said "$T/out" "measure attention mechanisms on this CPU"
else skip "the page is shown" "no man"; fi

# ---- uninstall
mv "$T/away" "$C"
expect 0 "uninstall" tree uninstall
files >"$T/have"
echo ./opt/bench/share/attnbench/configs/own.lua >"$T/want"
same "what others put there stays" "$T/want" "$T/have"
rm "$D/opt/bench/share/attnbench/configs/own.lua"
expect 0 "install once more" tree install
rm "$C/configs/rank.lua"
expect 0 "uninstall from another tree" tree uninstall
files >"$T/have"
same "no file is left" /dev/null "$T/have"
holds "and no folder of its own" [ -z "$(find "$D" -name '*attnbench*')" ]
finish
