# report_pages.sh -- folders of results for the tests of the page; to be sourced behind lib.sh.
#
# None of them is measured: rows are written by hand, so that they are there in no time and hold what runs rarely do.

# The committed run with its pictures.
page_whole() { cp -r results/reference/complexity "$1"; }

# COUNT rows of a few variants, lengths and settings, with times that are all different.
page_rows() {
    awk -v count="$1" 'BEGIN {
        split("full flash local linear", variant, " ")
        for (i = 0; i < count; i++) {
            v = variant[i % 4 + 1]; n = 256 * 2 ^ (int(i / 4) % 6); mask = int(i / 24) % 2 ? "none" : "causal"; ns = 1e4 + i * 7919 % 999983
            printf "{\"schema\":1,\"id\":\"%s/b1h8n%dd64/%s/gauss,s=1/t2/s%d\",\"status\":\"ok\",\"reason\":null,", v, n, mask, int(i / 48) + 1
            printf "\"variant\":\"%s\",\"label\":\"%s\",\"kind\":\"exact\",\"mask\":\"%s\",\"logits\":{\"scale\":0.125},\"input\":{\"family\":\"gauss\"},\"input_label\":\"gauss,s=1\",\"seed\":%d,\"threads\":2,", v, v, mask, int(i / 48) + 1
            printf "\"shape\":{\"batch\":1,\"heads\":8,\"kv_heads\":8,\"nq\":%d,\"nk\":%d,\"dk\":64,\"dv\":64},\"isa\":\"avx2\",\"flags\":[],", n, n
            printf "\"time\":{\"median_ns\":%d,\"ci_ns\":[%d,%d],\"replicates\":6,\"samples_ns\":[424242.125],\"aa\":{\"label\":\"flash\",\"process_ratios\":[1.01,0.98]}},\"peak_fraction\":0.5,", ns, ns * 0.98, ns * 1.02
            printf "\"memory\":{\"state_bytes\":0,\"scratch_bytes\":%d,\"hwm_bytes\":4096},\"accuracy\":{\"softmax\":{\"rel_fro\":%g,\"skill\":0.9}},", n * 64, (i % 4) / 10
            printf "\"repro\":\"attnbench run a.lua --filter %d\"}\n", i
        }
    }'
}

page_many() {
    mkdir "$1"
    page_rows 5000 >"$1/points.jsonl"
    printf '{"name":"many","question":"How quick is the table?","state":"finished","points":5000}' >"$1/manifest.json"
}

# Names that would be markup, and every kind of row that is not ok.
page_nasty() {
    mkdir "$1"
    evil='<img src=x onerror=\"window.evil=1\">&amp;</script><script>window.evil=2</script><!--'
    cat >"$1/manifest.json" <<JSON
{"name": "$evil", "question": "Is $evil shown as text?  'It' \"must\" be.", "state": "interrupted", "command": "attnbench run $evil", "points": 12,
 "source": "$evil", "config": "-- $evil\nsweep { }\n", "machine": {"cpu": "$evil", "usable_cores": 2},
 "plugins": [{"path": "/tmp/$evil.so", "sha256": "00ff", "variants": ["$evil"]}]}
JSON
    page_rows 4 | sed 's/"flags":\[\]/"flags":["interval_below_95_percent","undeclared_memory","more_threads_than_cores","single_sample","new_flag"]/' >"$1/points.jsonl"
    for status in unsupported skipped_memory skipped_time timeout oom crashed inaccurate; do
        cat <<JSON
{"schema":1,"id":"$status/$evil","status":"$status","reason":"needs 7 of $evil","variant":"v$evil","label":"v,w=$evil","kind":"exact","mask":"none","input_label":"file,$evil","seed":1,"threads":2,"shape":{"batch":1,"heads":8,"kv_heads":8,"nq":256,"nk":256,"dk":64,"dv":64},"flags":[],"plugin":{"path":"/tmp/$evil.so","sha256":"00ff"},"repro":"attnbench run '$evil'"}
JSON
    done | tr '\t' ' ' >>"$1/points.jsonl"
}

page_empty() {
    mkdir "$1"
    : >"$1/points.jsonl"
    printf '{"name":"empty","question":"","state":"running","points":7}' >"$1/manifest.json"
}

# Nothing was timed. The last mechanism was drawn from three seeds, of which its own is the best.
page_accuracy() {
    mkdir "$1"
    page_rows 8 | sed -e 's/"time":.*"peak_fraction":0.5,"memory":{[^}]*},//' \
        -e '/"linear"/s/"softmax":{"rel_fro":0.3,"skill":0.9}/"softmax":{"rel_fro":0.3,"skill":0.91,"tv_mean":0.123456,"topk_recall":{"1":1,"8":0.5}},"seeds":{"n":3,"sd":0.7,"rel_fro":[0.3,1.5,1.4]}/' >"$1/points.jsonl"
}

# Heat maps beside the rows; one that another hand made.
page_weights() {
    mkdir -p "$1/weights"
    page_rows 8 >"$1/points.jsonl"
    "$A" weights local --input gauss --heads 2 -n 32 --set window=4 -o "$1/weights/local" >/dev/null
    echo '{"mechanism":"evil","title":"none","heads":[{"head":"<b>","softmax":null,"own":{"top":[{}]}}]}' >"$1/weights/evil.json"
    echo '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><script>top.evil = 3</script><image href="https://example.com/x.png"/><rect width="9" height="9"/></svg>' >"$1/weights/evil.svg"
}

# The committed run that has sizes of heads.
page_types() { cp -r results/reference/layer-types "$1"; }
