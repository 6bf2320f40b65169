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
        value: (row) => row.accuracy?.softmax?.rel_fro,
        number: true,
        show: (row) => error(row.accuracy?.softmax?.rel_fro) || "",
        help: "distance to exact softmax attention, relative"
    },
    {
        name: "skill",
        value: (row) => row.accuracy?.softmax?.skill,
        number: true,
        show: (row) => (isNumber(row.accuracy?.softmax?.skill) ? signed(row.accuracy.softmax.skill, 2) : ""),
        help: "1 exact, 0 no better than the mean of V"
    },
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
    const heads = el("tr", null, shown.map(headOf), el("th.again", {scope: "col"}, "again"));
    const alike = same.length ? `In every row: ${same.join(", ")}. ` : "";
    const grow = () => showTable(view.limit + PAGE);
    shownColumns = shown;
    body = el("tbody", {onclick: copyOnClick});
    count = el("p.soft", {role: "status"});
    more = el("p.more", null, "", el("button", {type: "button", onclick: grow}, `Show ${PAGE} more`));
    const scroller = el("div", {id: "table", tabIndex: 0, role: "region", "aria-label": "All rows"});
    scroller.append(el("table", null, el("thead", null, heads), body));
    const parts =
        [el("p", null, `${alike}A click on a heading sorts.`), filters(heads), count, scroller, more];
    showTable();
    return parts;
}
