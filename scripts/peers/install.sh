#!/bin/sh
# install.sh FOLDER -- what the peers need, each for itself: one that cannot be installed is left out of the
# comparison and takes no other with it. Exit code 2 where the comparison itself lacks something.
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$1

"$here/../setup.sh" peers || exit 2
"$here/../setup.sh" torch || echo "peers: PyTorch is not there; its contestants are left out" >&2
"$here/../setup.sh" node || echo "peers: node and npm are not there" >&2

# The lock file pins every package by version and hash. No scripts: the library for Linux x64 lies in the package.
mkdir -p "$folder"
cmp -s "$here/package-lock.json" "$folder/node_modules/.installed-lock" && exit 0
cp "$here/package.json" "$here/package-lock.json" "$folder"
echo "Installing onnxruntime-node into $folder (about 300 MB)"
if (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$folder/npm.log" 2>&1; then
    cp "$here/package-lock.json" "$folder/node_modules/.installed-lock"
else
    tail -n 3 "$folder/npm.log" >&2
    echo "peers: onnxruntime-node could not be installed; its contestants are left out" >&2
fi
