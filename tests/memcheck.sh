# memcheck.sh -- a sample of the contract of every variant under valgrind: no read of what nobody set, no touch
# beside what was asked for, in the program as in its libraries. Valgrind knows no AVX-512: AVX2 kernels are seen.
. "$(dirname "$0")/lib.sh"
names=$("$A" list | tail -n +2 | cut -d' ' -f1)
echo '{"sample":29}' >"$T/job"
# The child of check itself, since a process that executes itself again cannot be followed; it finds its job on
# descriptor 0 and reports on 3. The program's malloc() is to be watched in place of the C library's.
export OMP_NUM_THREADS=3
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
echo "$names" | xargs -P 2 -I{} sh -c 'valgrind -q --error-exitcode=66 --soname-synonyms=somalloc=NONE \
    "$0" check-child {} <"$1/job" 3>"$1/{}.events" >"$1/{}.out" 2>&1; echo $? >"$1/{}.code"' "$A" "$T"
for variant in $names; do
    code=$(cat "$T/$variant.code")
    if [ "$code" = 0 ] && grep -q '"checks"' "$T/$variant.events"; then pass "$variant"; else
        fail "$variant" "exit code $code" "$(head -n 30 "$T/$variant.out")"
    fi
done

# it would be seen
valgrind -q --error-exitcode=66 --soname-synonyms=somalloc=NONE "$A" --plugin "$PLUGINS/uninit.so" check-child broken_uninit \
    <"$T/job" 3>/dev/null >"$T/out" 2>&1
holds "a planted read of what nobody set is seen" [ $? = 66 ]
finish
