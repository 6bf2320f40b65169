// report_table.js -- the table of all rows: sorts, filters, and copies the command that measures a row again.
"use strict";

const PAGE = 500;  // rows that are put into the page at once; more on demand

const shape = (row, key) => row.shape?.[key];
const unlike = (row, key, other) => (shape(row, key) === shape(row, other) ? undefined : shape(row, key));
const bytes = (row) =>
    (row.memory ? (row.memory.state_bytes || 0) + (row.memory.scratch_bytes || 0) : undefined);
const pair = (p) => (p ? [p[0], el("span.unit", null, p[1])] : "");

// Both ends in the unit of the median beside them.
function interval(row) {
    if (!isNumber(spread(row))) return "";
    const [, scale] = unit(row.time.median_ns, TIME);
    return `${digits(row.time.ci_ns[0] / scale)} \u2013 ${digits(row.time.ci_ns[1] / scale)}`;
}

function notes(row) {
    const beside = row.time?.beside, ratio = (x) => x.toFixed(2);
    return [
        row.reason,
        beside && isNumber(beside.ratio) ? `${ratio(beside.ratio)} times ${beside.label} (${
                                               range(beside.ci, ratio)}), in the same processes`
                                         : null,
        isNoisy(row) ? "noisy" : null,
        ...(row.flags || []),
        row.plugin ? `plugin ${row.plugin.path}` : null,
    ].filter(Boolean)
        .join("; ");
}

// A label may break behind a comma.
const breakable = (label) =>
    String(label).split(/(?<=,)/).flatMap((part, at) => (at ? [el("wbr"), part] : [part]));

// Of several seeds the median counts.
const errorOf = (row) => row.error?.value ?? row.accuracy?.softmax?.rel_fro;
const skillOf = (row) => row.error?.skill ?? row.accuracy?.softmax?.skill;
const softmax = (key) => (row) => row.accuracy?.softmax?.[key];
const recall = (k) => (row) => row.accuracy?.softmax?.topk_recall?.[k];
const described = (key) => (row) => row.input?.descriptors?.[key];

// Three digits whatever the size.
function brief(x) {
    const size = Math.abs(x);
    if (x === 0 || Number.isInteger(x)) return String(x);
    return size < 1e-3 || size >= 1e4 ? x.toExponential(1).replaceAll("-", "\u2212")
                                      : signed(x, size < 10 ? 3 : 1);
}

// Columns that a choice adds: name, value, what it is.
const DETAILS = [
    ["from", (row) => row.error?.low, "5 % of the seeds err less"],
    ["to", (row) => row.error?.high, "5 % of the seeds err more"],
    ["seeds", (row) => row.accuracy?.seeds?.n, "how many were drawn"],
    ["deviation", (row) => row.accuracy?.seeds?.sd, "of the error, over the seeds"],
    [
        "best of its size", (row) => row.accuracy?.oracle?.rel_fro,
        "error with as many keys, or the same rank, at best"
    ],
    ["TV", softmax("tv_mean"), "total variation between its attention rows and those of softmax"],
    ["KL", softmax("kl"), "in the direction that is finite"],
    ["mass kept", softmax("captured_mass"), "weight of softmax on the keys that it attends to"],
    ["top 1", recall(1), "share of the heaviest keys that it finds"],
    ["top 8", recall(8), "share of the eight heaviest keys that it finds"],
    ["top 32", recall(32), "share of the 32 heaviest keys that it finds"],
    ["negative", softmax("negative_mass"), "sum of its negative weights, without the sign"],
    ["clamped", softmax("clamped"), "rows whose weights do not sum to more than 0"],
    ["logit deviation", described("logit_sd"), "of the inputs: around the mean of the row"],
    ["perplexity", described("perplexity"), "of the inputs: exp of the entropy of a softmax row"],
    ["top-8 mass", described("top8_mass"), "of the inputs: weight of the eight heaviest keys"],
    ["mass within 64", described("window64_mass"), "of the inputs: weight of the keys nearby"],
    ["rank 90 %", described("rank90"), "of the inputs: singular values of the weights that hold 90 %"],
];

// A column: what it sorts by, how it is shown, and whether it is left out where all rows are alike.
const COLUMNS = [
    {name: "mechanism", value: (row) => row.label, show: (row) => breakable(row.label)},
    {name: "mask", value: (row) => row.mask, varies: (x) => `mask ${x}`},
    {name: "input", value: (row) => row.input_label, varies: (x) => `input ${x}`},
    {
        name: "positions",
        value: (row) => (rows.some((x) => x.positions_label) ? row.positions_label || "none" : undefined),
        varies: (x) => `positions ${x}`
    },
    {name: "layer", value: (row) => row.layer?.label, varies: (x) => x},
    {name: "batch", value: (row) => shape(row, "batch"), number: true, varies: (x) => `batch ${x}`},
    {name: "heads", value: (row) => shape(row, "heads"), number: true, varies: (x) => plural(x, "head")},
    {
        name: "heads of keys",
        value: (row) => unlike(row, "kv_heads", "heads"),
        number: true,
        varies: (x) => `${x} of keys`
    },
    {name: "head size", value: (row) => shape(row, "dk"), number: true, varies: (x) => `head size ${x}`},
    {
        name: "of values",
        value: (row) => unlike(row, "dv", "dk"),
        number: true,
        varies: (x) => `${x} of values`
    },
    {
        name: "n",
        value: (row) => shape(row, "nk"),
        number: true,
        show: (row) =>
            (shape(row, "nq") === shape(row, "nk") ? shape(row, "nk")
                                                   : `${shape(row, "nq")} \u00d7 ${shape(row, "nk")}`)
    },
    {name: "threads", value: (row) => row.threads, number: true, varies: (x) => plural(x, "thread")},
    {name: "seed", value: (row) => row.seed, number: true, varies: (x) => `seed ${x}`},
    {name: "instructions", value: (row) => (isOk(row) ? row.isa : undefined), varies: (x) => x},
    {
        name: "status",
        value: (row) => row.status,
        show: (row) =>
            el(BROKEN.includes(row.status) ? "span.bad"
                   : isOk(row)             ? "span.soft"
                                           : "span",
               null, row.status)
    },
    {
        name: "time",
        value: (row) => row.time?.median_ns,
        number: true,
        show: (row) => pair(time(row.time?.median_ns))
    },
    {
        name: "interval",
        value: spread,
        number: true,
        show: interval,
        help: "least and largest process median; sorts by width over the median"
    },
    {
        name: "operator",
        value: (row) => row.parts?.operator?.share,
        number: true,
        show: (row) => percent(row.parts?.operator?.share),
        help: "share of the operator in the time of the layer's parts"
    },
    {
        name: "of peak",
        value: (row) => row.peak_fraction,
        number: true,
        show: (row) => percent(row.peak_fraction),
        help: "useful operations over the multiply-add peak"
    },
    {
        name: "memory",
        value: bytes,
        number: true,
        show: (row) => pair(size(bytes(row))),
        help: "state and scratch"
    },
    {
        name: "grown",
        value: (row) => row.memory?.hwm_bytes,
        number: true,
        show: (row) => pair(size(row.memory?.hwm_bytes)),
        help: "growth of resident memory in the first call"
    },
    {
        name: "error",
        value: errorOf,
        number: true,
        show: (row) => error(errorOf(row)) || "",
        help: "distance to exact softmax attention, relative; of several seeds the median"
    },
    {
        name: "skill",
        value: skillOf,
        number: true,
        show: (row) => (isNumber(skillOf(row)) ? signed(skillOf(row), 2) : ""),
        help: "1 exact, 0 no better than the mean of V"
    },
    ...DETAILS.map(([name, value, help]) => ({
                       name,
                       value,
                       number: true,
                       detail: true,
                       show: (row) => (isNumber(value(row)) ? brief(value(row)) : ""),
                       help
                   })),
    {name: "notes", value: (row) => notes(row) || undefined, words: true},
];

const isThere = (x) => x !== undefined && x !== null && x !== "";

// The columns that say something, and in words what is the same in every row.
function chooseColumns() {
    const shown = [], same = [];
    for (const column of COLUMNS) {
        const values = distinct(rows.map(column.value).filter(isThere));
        if (column.varies && values.length === 1) same.push(column.varies(values[0]));
        else if (values.length) shown.push(column);
    }
    return {shown, same};
}

// ---- order: by value, what has none last in either direction

function compare(a, b) {
    return typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), "en", {numeric: true});
}

function sorted(list, column, down) {
    const keyed = list.map((row) => [column.value(row), row]);
    keyed.sort(
        ([a], [b]) => isThere(b) - isThere(a) || (isThere(a) ? (down ? compare(b, a) : compare(a, b)) : 0));
    return keyed.map(([, row]) => row);
}

// ---- the command of a row

function copyByHand(text) {
    const area = el("textarea", {value: text, readOnly: true});
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
}

let silence;
function say(text) {
    const said = document.getElementById("said");
    clearTimeout(silence);
    said.textContent = text;
    silence = setTimeout(() => {
        said.textContent = "";
    }, 6000);
}

// Where a browser keeps the clipboard to itself, the command is at least in sight.
async function copyCommand(button) {
    const command = rows[button.value].repro;
    let done = true;
    try {
        await navigator.clipboard.writeText(command);
    } catch {
        done = copyByHand(command);
    }
    button.focus();
    say(done ? `Copied: ${command}` : `Cannot copy; the command is: ${command}`);
}

// ---- the table

const view = {
    filter: {text: "", status: "", mask: "", input: "", variant: ""},
    column: null,
    down: false,
    limit: PAGE
};
const FILTERS = {
    status: (row) => row.status,
    mask: (row) => row.mask,
    input: (row) => row.input_label,
    variant: (row) => row.variant
};
const lines = new Map(), haystacks = new Map(), places = new Map(rows.map((row, at) => [row, at]));
let shownColumns = [], controls = {}, body, count, more;

function haystack(row) {
    if (!haystacks.has(row))
        haystacks.set(row, [row.id, row.label, row.status, row.isa, notes(row)].join(" ").toLowerCase());
    return haystacks.get(row);
}

function passes(row) {
    const {text, ...chosen} = view.filter;
    return Object.entries(chosen).every(([key, value]) => !value || FILTERS[key](row) === value) &&
        text.toLowerCase().split(/\s+/).every((word) => haystack(row).includes(word));
}

function cell(row, column, at) {
    const content = column.show ? column.show(row) : column.value(row);
    const shown = isThere(content) ? content : "";
    if (at === 0) return el("th", {scope: "row"}, ...[shown].flat());
    return el(column.number ? "td.number" : column.words ? "td.words" : "td.keep", null, ...[shown].flat());
}

// Where nothing was measured, the reason stands in the place of the numbers.
function cells(row) {
    const from = shownColumns.findIndex((column) => column.name === "status") + 1;
    const bare = shownColumns.slice(from).every((column) => column.words || !isThere(column.value(row)));
    const own = shownColumns.slice(0, bare ? from : undefined).map((column, at) => cell(row, column, at));
    if (bare && from < shownColumns.length)
        own.push(el("td.words", {colSpan: shownColumns.length - from}, notes(row)));
    return own;
}

function line(row) {
    if (!lines.has(row)) {
        const copy = row.repro ? el("button", {
            type: "button",
            value: places.get(row),
            title: row.repro,
            "aria-label": `Copy the command that measures ${row.id} again`
        },
                                    "Copy")
                               : "";
        lines.set(row, el("tr", null, cells(row), el("td.again", null, copy)));
    }
    return lines.get(row);
}

// The first of the rows that pass, in order; what changes the order starts from the top again.
function showTable(limit = PAGE) {
    let list = rows.filter(passes);
    if (view.column) list = sorted(list, view.column, view.down);
    view.limit = limit;
    body.replaceChildren(...list.slice(0, limit).map(line));
    count.textContent = `${list.length.toLocaleString("en")} of ${plural(rows.length, "row")}`;
    more.hidden = list.length <= limit;
    more.firstChild.textContent = `The first ${limit.toLocaleString("en")} are shown. `;
}

function sortBy(column, head) {
    view.down = view.column === column ? !view.down : false;
    view.column = column;
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    showTable();
}

// The columns in sight, with the details or without. What is built of the rows is built again.
function showColumns(all, heads, detailed) {
    shownColumns = all.filter((column) => detailed || !column.detail);
    lines.clear();
    heads.replaceChildren(...shownColumns.map(headOf), el("th.again", {scope: "col"}, "again"));
    if (!shownColumns.includes(view.column)) view.column = null;
}

function detailChooser(all, heads) {
    if (!all.some((column) => column.detail)) return null;
    const box = el("input", {type: "checkbox", name: "details"});
    box.addEventListener("change", () => {
        showColumns(all, heads, box.checked);
        showTable(view.limit);
    });
    return el("label.details", null, box, " details of accuracy, seeds and inputs");
}

function headOf(column) {
    const head = el(column.number ? "th.number" : "th", {scope: "col"});
    head.append(
        el("button", {type: "button", title: column.help || "", onclick: () => sortBy(column, head)},
           column.name));
    return head;
}

// Sets the filters to these and no others, and the table in sight.
function showRows(filter) {
    for (const [key, control] of Object.entries(controls))
        control.value = view.filter[key] = filter[key] || "";
    showTable();
    document.getElementById("rows").scrollIntoView();
    controls.text.focus({preventScroll: true});
}

function control(key, input) {
    controls[key] = input;
    input.addEventListener("input", () => {
        view.filter[key] = input.value;
        showTable();
    });
    return el("label", null, key, input);
}

function chooserOf(key) {
    const values = distinct(rows.map(FILTERS[key]).filter(isThere)).sort(compare);
    return control(
        key,
        el("select", null, el("option", {value: ""}, "all"),
           values.map((value) => el("option", {value}, value))));
}

function reset(heads) {
    for (const head of heads.children) head.removeAttribute("aria-sort");
    view.column = null;
    showRows({});
}

function filters(heads) {
    const words = el("input", {type: "search", placeholder: "words of id, reason, flag"});
    const button = el("button", {type: "button", onclick: () => reset(heads)}, "Reset");
    return el(
        "div.filters", {role: "search"}, control("text", words), Object.keys(FILTERS).map(chooserOf), button);
}

function copyOnClick(event) {
    const button = event.target.closest("button");
    if (button) copyCommand(button);
}

function rowsTable() {
    if (!rows.length) return [el("p", null, "No point has been measured yet.")];
    const {shown, same} = chooseColumns();
    const heads = el("tr");
    const alike = same.length ? `In every row: ${same.join(", ")}. ` : "";
    const grow = () => showTable(view.limit + PAGE);
    showColumns(shown, heads, false);
    body = el("tbody", {onclick: copyOnClick});
    count = el("p.soft", {role: "status"});
    more = el("p.more", null, "", el("button", {type: "button", onclick: grow}, `Show ${PAGE} more`));
    const scroller = el("div", {id: "table", tabIndex: 0, role: "region", "aria-label": "All rows"});
    scroller.append(el("table", null, el("thead", null, heads), body));
    const parts = [
        el("p", null, `${alike}A click on a heading sorts.`), filters(heads), detailChooser(shown, heads),
        count, scroller, more
    ];
    showTable();
    return parts;
}
