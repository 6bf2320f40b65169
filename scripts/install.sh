#!/bin/sh
# install.sh install|uninstall -- copies the program and what goes with it to $DESTDIR$PREFIX, or takes it away.
#
# PROGRAM is the file to install, VERSION what it calls itself. Nothing is written to the tree: it may be root who
# installs what somebody else has built. The list of what was installed stays with it, so that uninstall removes
# that and nothing else, whatever the tree looks like by then; an installation of before goes first.
set -eu
cd "$(dirname "$0")/.."
root=${DESTDIR:-}$PREFIX
share=share/attnbench
list=$share/installed

refuse() {
    echo "install: $1" >&2
    exit 2
}

case $PREFIX in
/*) ;;
*) refuse "PREFIX=$PREFIX: give a whole path, for example PREFIX=\$HOME/attnbench" ;;
esac
case $PREFIX in
*[\|\&\\]* | *[[:space:]]*) refuse "PREFIX=$PREFIX: pkg-config and make cannot name such a folder; choose another" ;;
esac

# put MODE FILE PLACE [FILTER...]: FILE, as it is or through the filter, at $root/PLACE.
put() {
    mode=$1
    file=$2
    place=$3
    shift 3
    [ $# != 0 ] || set -- cat
    mkdir -p "$root/$(dirname "$place")"
    rm -f "$root/$place"
    "$@" <"$file" >"$root/$place"
    chmod "$mode" "$root/$place"
    echo "$place" >>"$root/$list"
}

remove() {
    while read -r place; do rm -f "$root/$place"; done <"$root/$list"
    rm -f "$root/$list"
    # our own folders, unless somebody has put something there
    for dir in $share/configs/data $share/configs/papers $share/configs/models $share/configs $share/example $share include/attnbench; do
        rmdir "$root/$dir" 2>/dev/null || true
    done
}

case ${1:-} in
install)
    [ ! -e "$root/$list" ] || remove
    umask 022
    mkdir -p "$root/$share"
    put 755 "$PROGRAM" bin/attnbench
    put 644 variants/attn.h include/attnbench/attn.h
    put 644 scripts/attnbench.pc.in lib/pkgconfig/attnbench.pc sed "s|@PREFIX@|$PREFIX|; s|@VERSION@|$VERSION|"
    put 644 harness/attnbench.1 share/man/man1/attnbench.1 sed "s|/usr/local|$PREFIX|g"
    for file in configs/*.* configs/*/*.*; do put 644 "$file" "$share/$file"; done
    for file in tests/plugin/efficient/*; do put 644 "$file" "$share/example/$(basename "$file")"; done
    put 644 scripts/variant.c.in "$share/example/mine.c" sed "s/@NAME@/mine/g"
    echo "installed in $root"
    ;;
uninstall)
    [ -e "$root/$list" ] || refuse "nothing to remove: $root/$list is not there; was it another PREFIX or DESTDIR?"
    remove
    echo "removed from $root"
    ;;
*) refuse "usage: PREFIX=... [DESTDIR=...] PROGRAM=... VERSION=... scripts/install.sh install|uninstall" ;;
esac
