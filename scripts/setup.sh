#!/bin/sh
# setup.sh -- installs what is missing on Debian or Ubuntu; does nothing where all is there.
#
#   scripts/setup.sh run       what building and running needs
#   scripts/setup.sh test      that, and what the tests need
#   scripts/setup.sh emulate   what `make check-emulated` needs
#   scripts/setup.sh tsan      what `make check-tsan` needs
#   scripts/setup.sh memcheck  what `make check-memcheck` needs
#   scripts/setup.sh fuzz      what `make fuzz` needs
#   scripts/setup.sh browser   what `make check-browser` needs
#   scripts/setup.sh lint      what `make lint` needs
#   scripts/setup.sh peers     what scripts/peers/run.py needs; torch, node: what the peers need, each for itself
set -eu

case "${1:-}" in
run | test | emulate | tsan | memcheck | fuzz | browser | lint | peers | torch | node) ;;
*) echo "usage: scripts/setup.sh run|test|emulate|tsan|memcheck|fuzz|browser|lint|peers|torch|node" >&2; exit 2 ;;
esac

missing=""
why=""

# need PACKAGE REASON COMMAND...: notes the package unless the command succeeds.
need() {
    package=$1
    reason=$2
    shift 2
    "$@" >/dev/null 2>&1 && return 0
    missing="$missing $package"
    why="$why  $package: $reason
"
}

has() { command -v "$1"; }
header() { echo "#include <$1>" | ${2:-${CC:-gcc}} -E -x c -; }
openblas() { ls /usr/lib/*/openblas-openmp/libopenblas.so || { pkg-config --exists openblas && ! has apt-get; }; }

# Does clang find the library of -fsanitize=fuzzer?
fuzzer() { echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | clang -fsanitize=fuzzer,address -x c -o /dev/null -; }

# The interpreter that Debian's modules belong to, whichever python3 stands first in the path.
python() { /usr/bin/python3 -c "import $1"; }

compiling() {
    need gcc "compiles" has "${CC:-gcc}"
    need libc6-dev "headers of the C library" header stdlib.h
    need make "builds" has make
}

running() {
    compiling
    need pkg-config "finds the libraries" has pkg-config
    need libopenblas-openmp-dev "matrix products of the baseline, and LAPACK" openblas
    need libfftw3-dev "Fourier transforms of long convolutions" pkg-config --exists fftw3f
    need liblua5.4-dev "reads the configs" pkg-config --exists lua5.4
    need libjansson-dev "reads and writes the results" pkg-config --exists jansson
    need nettle-dev "digests of plugins" pkg-config --exists nettle
    need librandom123-dev "random numbers that depend on a counter alone" header Random123/philox.h
    need gnuplot-nox "draws the curves" has gnuplot
}

case "$1" in
run) running ;;
test)
    running
    need libcmocka-dev "runs the unit tests" pkg-config --exists cmocka
    ;;
emulate)
    compiling
    need gcc-aarch64-linux-gnu "compiles for aarch64" has aarch64-linux-gnu-gcc
    need libc6-dev-arm64-cross "its C library" header stdlib.h aarch64-linux-gnu-gcc
    need qemu-user "runs programs of other CPUs" eval 'has qemu-aarch64 && has qemu-x86_64'
    ;;
tsan)
    running
    need clang "has a thread sanitizer that knows OpenMP" has clang
    need libomp-dev "its OpenMP" eval 'ls /usr/lib/llvm-*/lib/libarcher.so'
    ;;
memcheck)
    running
    need valgrind "watches every access to memory" has valgrind
    ;;
fuzz)
    running
    need clang "has libFuzzer" has clang
    need libclang-rt-dev "libFuzzer itself, and the sanitizers" fuzzer
    need libomp-dev "OpenMP of clang" header omp.h clang
    ;;
browser)
    running
    need chromium "opens the page of a run" eval 'has chromium || has chromium-browser || has google-chrome'
    need nodejs "drives it" has node
    ;;
lint) need clang-format "checks the formatting" has clang-format ;;
peers) need python3-numpy "makes and compares the tensors" python numpy ;;
torch) need python3-torch "PyTorch, a peer" python torch ;;
node)
    need nodejs "runs onnxruntime, a peer" has node
    need npm "installs onnxruntime" has npm
    ;;
esac
[ -n "$missing" ] || exit 0

echo "Some packages are missing:"
printf '%s' "$why"
line="apt-get install -y --no-install-recommends$missing"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this is not Debian or Ubuntu; install what these packages hold:$missing" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    root=""
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    root="sudo"
else
    echo "setup: no right to install; as root, run: $line" >&2
    exit 2
fi
echo "Installing them: $root $line"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # the words of $line are meant to be words
if { $root env DEBIAN_FRONTEND=noninteractive $line || { $root apt-get update && $root env DEBIAN_FRONTEND=noninteractive $line; }; } >"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 15 "$log" >&2
    rm -f "$log"
    echo "setup: the packages could not be installed; as root, run: apt-get update && $line" >&2
    exit 2
fi
