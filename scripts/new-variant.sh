#!/bin/sh
# new-variant.sh NAME -- a new mechanism: variants/NAME.c from scripts/variant.c.in, and its line in variants/list.h.
set -eu
LC_ALL=C
cd "$(dirname "$0")/.."
name=${1:-}
list=variants/list.h

refuse() {
    echo "new-variant: $1" >&2
    exit 2
}

case $name in
"") refuse "give it a name: make new-variant NAME=mine" ;;
[!a-z]* | *[!a-z0-9_]*) refuse "'$name': a name has lower case letters, digits and underscores, and opens with a letter" ;;
esac
if grep -qx "VARIANT($name)" $list; then refuse "'$name' is taken by a mechanism of the program; choose another name"; fi
for file in variants/"$name".*; do
    if [ -e "$file" ]; then refuse "'$name' is taken: $file exists; choose another name"; fi
done

# Controls stand at the end of the roster; the new one goes before them.
last=""
for other in $(sed -n 's/^VARIANT(\(.*\))$/\1/p' $list); do
    grep -q 'kind = ATTN_CONTROL' "variants/$other.c" || last=$other
done
[ -n "$last" ] || refuse "$list names no mechanism but controls"

sed "s/@NAME@/$name/g" scripts/variant.c.in >"variants/$name.c"
sed "s/^VARIANT($last)\$/&\\
VARIANT($name)/" $list >"$list.new"
mv "$list.new" $list

cat <<END
variants/$name.c is there, and $list names it: softmax attention to begin with, in order as it stands.

  make                             build it in
  ./attnbench check $name
  ./attnbench describe $name

Then make it your mechanism: variants/$name.c says in each place what belongs there, and the check what does
not hold yet. In a config it is one of the variants:

  sweep { shape = { n = pow2(8, 12) }, variants = { "flash", "$name" } }
END
