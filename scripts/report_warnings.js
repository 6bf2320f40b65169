// report_warnings.js -- what a reader should know before trusting a number, in plain words.
"use strict";

// Worst first.
const STATUS = {
    inaccurate: "the result is not what the mechanism's own definition says, so its time is withheld",
    crashed: "the process died",
    oom: "memory ran out while it was running",
    timeout: "nothing was heard of it for longer than allowed",
    skipped_memory: "not started: it would have needed more memory than there was",
    skipped_time: "not started: it would have taken too long, or the time for the sweep was used up",
    unsupported: "the mechanism does not do this; a planned outcome",
};
const BROKEN = ["inaccurate", "crashed", "oom", "timeout"];

const FLAGS = {
    interval_below_95_percent:
        "fewer than six processes were timed, so the interval holds the true median with a chance below 95 %",
    undeclared_memory:
        "resident memory grew by more than the mechanism declares; read its memory as a lower bound",
    more_threads_than_cores:
        "more threads than usable cores took turns; the time says little about the mechanism",
    disturbed: "the system took a processor away during more than a quarter of the samples",
    drift:
        "the machine became faster or slower by more than 5 % while the row was timed, in most of its processes",
    single_sample: "one call took longer than its share of the seconds, so each process timed a single one",
};

const sentence = (text) => text[0].toUpperCase() + text.slice(1);
const isOk = (row) => row.status === "ok";

// "n = 512", "n = 512 to 16384"
function lengths(list) {
    const n = list.map((row) => row.shape?.nk).filter(isNumber);
    if (!n.length) return "";
    const low = Math.min(...n), high = Math.max(...n);
    return low === high ? `n = ${low}` : `n = ${low} to ${high}`;
}

function which(list) {
    const labels = distinct(list.map((row) => row.label)), masks = distinct(list.map((row) => row.mask));
    const who =
        labels.length > 6 ? `${labels.slice(0, 5).join(", ")} and ${labels.length - 5} more` : listed(labels);
    return [
        who, lengths(list),
        masks.length === 1 && distinct(rows.map((row) => row.mask)).length > 1 ? `mask ${masks[0]}` : ""
    ].filter(Boolean)
        .join(", ");
}

// Reasons that differ in their numbers are one reason.
function reasonItems(list) {
    return grouped(list, (row) => (row.reason || "").replace(/\d[\d.e+-]*/g, "#")).map((group) => {
        const alike = distinct(group.map((row) => row.reason)).length;
        return el(
            "li", null, `${which(group)}: ${group[0].reason || "no reason given"}`,
            alike > 1 ? el("span.soft", null, ` (and ${plural(alike - 1, "reason")} like it)`) : null);
    });
}

const showing = (text, filter) =>
    el("button.plain.again", {type: "button", onclick: () => showRows(filter)}, text);

function notOk() {
    const order = [
        ...Object.keys(STATUS),
        ...distinct(rows.map((row) => row.status)).filter((s) => s !== "ok" && !STATUS[s])
    ];
    return order.flatMap((status) => {
        const list = rows.filter((row) => row.status === status);
        if (!list.length) return [];
        return [
            el("h3", null,
               el(BROKEN.includes(status) ? "span.bad" : "span", null,
                  `${plural(list.length, "row")} ${status}`)),
            el("p", null, `${sentence(STATUS[status] || "a status that this page does not know")}. `,
               showing("Show them", {status})),
            el("ul", null, reasonItems(list))
        ];
    });
}

function flagged() {
    return distinct(rows.flatMap((row) => row.flags || [])).flatMap((flag) => {
        const list = rows.filter((row) => (row.flags || []).includes(flag));
        return [
            el("h3", null, `${plural(list.length, "row")} flagged ${flag}`),
            el("p", null, `${which(list)}: ${FLAGS[flag] || "see results/README.md"}. `,
               showing("Show them", {text: flag}))
        ];
    });
}

// ---- noise: an interval that is wide for this run, and wide enough to matter

const spread = (row) =>
    isNumber(row.time?.median_ns) && row.time.median_ns > 0 && Array.isArray(row.time.ci_ns)
    ? (row.time.ci_ns[1] - row.time.ci_ns[0]) / row.time.median_ns
    : undefined;
const WIDE = 0.1, TIMES_USUAL = 3;
const usualSpread = middle(rows.map(spread).filter(isNumber));
const isNoisy = (row) => spread(row) > Math.max(WIDE, TIMES_USUAL * usualSpread);

const noisyRow = (row) => `${row.label}, ${lengths([row])}, mask ${row.mask}, ${row.input_label}` +
    `${row.positions_label ? `, positions ${row.positions_label}` : ""}: ` +
    `${words(time(row.time.median_ns))}, interval ${percent(spread(row))} wide`;

function noisyRun() {
    if (!(usualSpread > WIDE)) return [];
    return [
        el("h3", null, "A noisy run"),
        el("p", null,
           `Half of the intervals are wider than ${percent(usualSpread)} of their time. ` +
               "Other work on the machine is the usual cause; small differences between rows mean nothing."),
    ];
}

function noisyRows() {
    const noisy = rows.filter(isNoisy).sort((a, b) => spread(b) - spread(a)), most = 8;
    if (!noisy.length) return [];
    const items = noisy.slice(0, most).map(noisyRow);
    if (noisy.length > most) items.push(`and ${noisy.length - most} more`);
    return [
        el("h3", null, `${plural(noisy.length, "row")} noisier than usual`),
        el("p", null,
           `The interval is over ${100 * WIDE} % of the time, and over ${TIMES_USUAL} times the ` +
               `${percent(usualSpread)} that is usual in this run. `,
           showing("Show them", {text: "noisy"})),
        el("ul", null, items.map((item) => el("li", null, item))),
    ];
}

// What the same mechanism differs by, where a run timed one as two entries.
function againstItself() {
    const off = rows.flatMap((row) => row.time?.aa?.process_ratios || [])
                    .filter(isNumber)
                    .map((x) => Math.abs(x - 1));
    if (!off.length) return [];
    return [
        el("h3", null, "How finely this run can tell"),
        el("p", null,
           "In every group one mechanism was timed as two entries that know nothing of each other. Their " +
               `times differ by ${percent(middle(off))} in the middle process and by ${
                   percent(Math.max(...off))} at most. ` +
               "What differs by less differs by nothing."),
    ];
}

function missing() {
    const lost = (manifest.points || 0) - rows.length;
    if (lost <= 0) return [];
    const why = manifest.state === "interrupted"
        ? "The run was interrupted; the same command with --resume goes on with it."
        : "The run was going on when this page was written, or was killed; --resume goes on with it.";
    return [el("h3", null, `${plural(lost, "point")} without a row`), el("p", null, why)];
}

function warnings() {
    const all = [...missing(), ...notOk(), ...flagged(), ...noisyRun(), ...noisyRows()];
    if (!all.length && rows.length)
        all.push(el("p", null, "None: every row is ok, none is flagged, none is noisier than usual."));
    return [...all, ...againstItself()];
}
