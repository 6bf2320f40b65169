# browser.sh -- the page of a run in a browser: Chromium, driven by browser.js. SHOTS=DIR leaves screenshots there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/report_pages.sh"

chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$chromium" ]; then
    skip "the page in a browser" "no chromium here, and it could not be installed"
elif ! command -v node >/dev/null; then
    skip "the page in a browser" "no node here, and it could not be installed"
else
    for kind in whole nasty many empty accuracy weights types; do "page_$kind" "$T/$kind"; done
    "$A" plot "$T/nasty" >"$T/out" # draws what it can
    for kind in whole nasty many empty accuracy weights types; do "$A" report "$T/$kind" >>"$T/out"; done
    node tests/browser.js "$chromium" "$T" ${SHOTS:+"$SHOTS"}
    exit
fi
finish
