# man_test.sh -- the manual page against the program: commands, options, exit codes, environment, keys of a config.
. "$(dirname "$0")/lib.sh"
PAGE=harness/attnbench.1

# section NAME: the lines of a .Ss
section() { awk -v name="$1" '/^\.S[hs]/ { on = $0 == ".Ss " name } on' $PAGE; }

# options_of_page: --name and -n out of the .It lines on stdin
options_of_page() {
    grep '^\.It Fl' | sed 's/Fl Fl \([a-z-]*\)/--\1/g; s/Fl \([a-z]\)/-\1/g' | grep -oE -- '-{1,2}[a-z][a-z-]*' | sort
}

# options_of_help: the same out of a --help on stdin; -h and --help every command has
options_of_help() {
    grep -E '^ {2,6}-' | sed 's/  *[A-Z].*//' | grep -oE -- '(^|[ ,])-{1,2}[a-z][a-z-]*' | tr -d ' ,' | grep -vxE -- '-h|--help' | sort
}

# ---- form
if command -v mandoc >/dev/null; then
    expect 0 "mandoc finds nothing" mandoc -T lint -W warning $PAGE
    holds "and says nothing" [ ! -s "$T/out" ]
elif command -v groff >/dev/null; then
    expect 0 "groff reads it" groff -mandoc -ww -z -Tutf8 $PAGE
    same "and says nothing" /dev/null "$T/err"
else skip "the form of the page" "neither mandoc nor groff"; fi

# ---- commands
"$A" --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p' >"$T/help"
sed -n '/^\.Sh COMMANDS/,/^\.Sh CONFIGS/s/^\.Ss //p' $PAGE >"$T/page"
holds "there are commands" [ "$(wc -l <"$T/help")" -ge 6 ]
same "every command, and no other" "$T/help" "$T/page"
for command in $(cat "$T/help"); do
    holds "the synopsis has $command" grep -qx ".Cm $command" $PAGE
done

# ---- options
for command in run apply weights; do
    "$A" $command --help | options_of_help >"$T/help"
    section $command | options_of_page >"$T/page"
    holds "$command has options" [ "$(wc -l <"$T/help")" -ge 12 ]
    same "every option of $command, and no other" "$T/help" "$T/page"
done
"$A" compare --help | options_of_help >"$T/help"
section compare | options_of_page >"$T/page"
same "those of compare" "$T/help" "$T/page"
"$A" list --help | grep -oE -- '--[a-z]+' | sort -u >"$T/help"
section list | options_of_page >"$T/page"
same "those of list" "$T/help" "$T/page"
"$A" check --help | grep -oE '^ +.*--(case|every|[a-z]+ )' | grep -oE -- '--[a-z]+' | grep -v help | sort -u >"$T/help"
section check | options_of_page >"$T/page"
same "those of check" "$T/help" "$T/page"
"$A" doctor --help | grep -oE -- '--[a-z]+' | sort -u >"$T/help"
section doctor | options_of_page >"$T/page"
same "those of doctor" "$T/help" "$T/page"
"$A" fit --help | options_of_help >"$T/help"
section fit | options_of_page >"$T/page"
holds "fit has options" [ "$(wc -l <"$T/help")" = 3 ]
same "those of fit" "$T/help" "$T/page"
"$A" report --help | options_of_help >"$T/help"
section report | options_of_page >"$T/page"
same "those of report" "$T/help" "$T/page"
for option in plugin color; do
    "$A" --help | grep -oE "^ +--$option" | tr -d ' ' >"$T/help"
    holds "--$option: the program" [ -s "$T/help" ]
    holds "--$option: the page" grep -q "^\.It Fl Fl $option " $PAGE
done

# ---- the rest
"$A" --help | sed -n '/Exit codes/,$p' | grep -oE '[0-9]+' >"$T/help"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It //p' $PAGE >"$T/page"
same "exit codes" "$T/help" "$T/page"
for variable in $(grep -ho 'getenv("[A-Z_]*")' harness/*.c | sed 's/.*"\(.*\)".*/\1/'); do
    holds "the environment has $variable" grep -qx ".It Ev $variable" $PAGE
done
sed -n '/^\.Sh CONFIGS/,/^\.Sh PLUGINS/s/^\.It Ic //p' $PAGE | tr -d ',' | tr ' ' '\n' | grep . >"$T/page"
for key in $(cat "$T/page"); do
    echo "sweep { shape = { n = 64 }, variants = { 'flash' }, ${key}x = 1 }" >"$T/key.lua"
    expect 2 "a key much like $key" "$A" run "$T/key.lua" --dry-run
    said "$T/err" "did you mean '$key'?"
done
sed -n '/^\.It Pa .*configs/,/^\.It/s/^\.Pa \([a-z-]*\.lua\).*/\1/p' $PAGE | sort >"$T/page"
(cd configs && ls ./*.lua) | sed 's#./##' | sort >"$T/help"
same "every config that is installed" "$T/help" "$T/page"
finish
