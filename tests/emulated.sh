# emulated.sh -- the test of the kernels on CPUs that are not here, as make check-emulated builds it for them.
#
# Each CPU has to be seen for what it is, and the tests run with what is seen: the emulator ends a program that
# executes anything else, which is shown first.
. "$(dirname "$0")/lib.sh"
X86=build/x86_64/tests/test_kernels
ARM=build/aarch64/tests/test_kernels
STEP=1009 # of exp and tanh: four million floats, eight thousand in each power of two

# on CPU USABLE EMULATOR PROGRAM [OPTION...]: its tests count as tests of this script.
on() {
    cpu=$1
    usable=$2
    emulator=$3
    shift 3
    "$emulator" -cpu "$cpu" "$@" --step "$STEP" --expect "$usable" >"$T/out" 2>"$T/err"
    code=$?
    awk -v n="$number" -v cpu="$cpu" '/^(not )?ok /{sub(/ok [0-9]+ - /, "ok " ++n " - " cpu ", ")} /^(not )?ok |^#/' "$T/out"
    number=$((number + $(grep -cE '^(not )?ok ' "$T/out")))
    holds "$cpu: all tests are done" [ "$code" = 0 -a -n "$(sed -n '/^1\.\.[1-9]/p' "$T/out")" ]
    [ "$code" = 0 ] || sed 's/^/# /' "$T/err" | grep -v "TCG doesn't support"
}

# refuses CPU NAME: a loop of that instruction set dies of an illegal instruction.
refuses() { expect 132 "$1 executes no $2" sh -c "qemu-x86_64 -cpu $1 $X86 --execute $2; exit \$?"; }

on cortex-a53 "generic neon" qemu-aarch64 "$ARM"

refuses Nehalem avx2
on Nehalem generic qemu-x86_64 "$X86"

if [ "$(qemu-x86_64 -cpu max "$X86" --list)" = generic ]; then
    skip "CPUs with AVX2" "this qemu does not emulate it, 7.2 and later do"
else
    refuses Haswell avx512
    # the CPU reports AVX2 and FMA, but no system that saves their registers
    refuses Haswell,-xsave avx2
    on Haswell,-xsave generic qemu-x86_64 "$X86"
    refuses Haswell,-fma avx2
    on Haswell,-fma generic qemu-x86_64 "$X86"
    # qemu's masked loads touch what the mask leaves out, which the CPU does not
    on Haswell "generic avx2" qemu-x86_64 "$X86" --slack 16
fi
finish
