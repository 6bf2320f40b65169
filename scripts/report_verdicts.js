// report_verdicts.js -- what the run found: who overtakes whom, what nothing else beats, how costs grow.
"use strict";

const SETTINGS = [
    ["mask", (x) => `mask ${x}`],
    ["input", (x) => x],
    ["batch", (x) => `batch ${x}`],
    ["heads", (x) => `${x} heads`],
    ["kv_heads", (x) => `${x} heads of keys`],
    ["dk", (x) => `head size ${x}`],
    ["dv", (x) => `values of ${x}`],
    ["threads", (x) => plural(x, "thread")],
    ["isa", (x) => x],
    ["seed", (x) => `seed ${x}`],
    ["scale", (x) => `scale ${x}`],
    ["softcap", (x) => `softcap ${x}`],
    ["shift", (x) => `shift ${x}`],
    ["positions", (x) => (x ? `positions ${x}` : "no positions")],
    ["cache", (x) => `${x} cache`],
    ["layer", (x) => x || "no layer"],
];

const seriesOf = (answer) => answer.series || {};

// Names a series by the settings in which those of the list differ, values as wide as keys without a word of their own;
// "" where there is only one.
function seriesNamer(series) {
    const differ = SETTINGS.filter(([key]) => distinct(series.map((s) => String(s[key]))).length > 1);
    const isSaid = (s, key) => s[key] !== undefined && s[key] !== null && !(key === "dv" && s.dv === s.dk);
    return (s) => differ.filter(([key]) => isSaid(s, key)).map(([key, say]) => say(s[key])).join(", ");
}

const range = (interval, show = String) =>
    Array.isArray(interval) && interval.every(isNumber) ? `${show(interval[0])} to ${show(interval[1])}` : "";
const whole = (n) => String(Math.round(n));

// ---- who overtakes whom; what is open comes last

const CROSSING = {
    crosses: (c) => `crosses at n = ${whole(c.n)}${c.interval ? ` (${range(c.interval, whole)})` : ""}`,
    faster: () => "faster at every length",
    "at the latest": (c) => `${c.behind} from n = ${whole(c.interval?.[1])} on at the latest`,
    "at the earliest": (c) => `${c.behind} above n = ${whole(c.interval?.[0])} at the earliest`,
    several: () => "crosses more than once",
    unclear: () => "the noise covers the difference",
    slower: () => "slower at every length",
    "too few": () => "too few lengths",
};
const CROSSING_ORDER = Object.keys(CROSSING);

function crossing(c) {
    const say = CROSSING[c.verdict] || (() => String(c.verdict));
    return el(
        c.verdict === "slower" || c.verdict === "too few" ? "span.soft" : "span", null, c.words || say(c));
}

const inOrder = (a, b) =>
    CROSSING_ORDER.indexOf(a.verdict) - CROSSING_ORDER.indexOf(b.verdict) || (a.n || 0) - (b.n || 0);

function crossings(list) {
    const name = seriesNamer(list.map(seriesOf));
    const groups = grouped(list, (c) => JSON.stringify([name(seriesOf(c)), c.baseline]));
    const tables = groups.map((group) => {
        const lines = group.slice().sort(inOrder).map((c) => [c.label, crossing(c)]);
        return table(name(seriesOf(group[0])), ["mechanism", `against ${group[0].baseline}`], lines);
    });
    return [el("div.abreast", null, tables)];
}

// ---- what nothing else beats: the greatest length in sight, the others behind a click

// "full and bilinear by flash; additive by linear"
const beatenBy = (list) => grouped(list || [], (b) => b.by)
                               .map((group) => `${listed(group.map((b) => b.label))} by ${group[0].by}`)
                               .join("; ");

function frontTable(list, name) {
    const named = list.some((f) => name(seriesOf(f))), trivial = list.some((f) => f.below_controls?.length);
    const heads = [named && "where", "n", "on the front", "beaten", trivial && "no better than a control"];
    const lines = list.map(
        (f) =>
            [named && name(seriesOf(f)), isNumber(f.n) ? whole(f.n) : "", (f.members || []).join(", "),
             beatenBy(f.beaten), trivial && beatenBy(f.below_controls)]);
    const kept = (cells) => cells.filter((cell) => cell !== false);
    return table("", kept(heads), lines.map(kept));
}

function fronts(list) {
    const name = seriesNamer(list.map(seriesOf)), bySeries = grouped(list, (f) => name(seriesOf(f)));
    const last = bySeries.map((group) => group.reduce((a, b) => (b.n > a.n ? b : a)));
    const others = list.filter((f) => !last.includes(f));
    if (!others.length) return [frontTable(last, name)];
    const more = el("details", null, el("summary", null, "At the other lengths"), frontTable(others, name));
    return [frontTable(last, name), more];
}

// ---- growth

// Of a declared exponent: 1, n, n with a raised number.
function power(x) {
    if (!isNumber(x)) return "";
    if (x === 0) return "1";
    return x === 1 ? "n" : el("span", null, "n", el("sup", null, String(+x.toFixed(2))));
}

const exponent = (x) => (isNumber(x) ? signed(x, 2) : "");

function octaves(local) {
    const steps = (local || []).filter((step) => isNumber(step.slope));
    return el(
        "span",
        {title: steps.map((step) => `n = ${step.from} to ${step.to}: ${exponent(step.slope)}`).join("\n")},
        steps.map((step) => exponent(step.slope)).join("  "));
}

const judged = (g) => [g.time?.verdict, g.memory?.verdict].some((v) => v && v !== "too few lengths");
const verdict = (word) =>
    el(word === "contradicted"    ? "span.bad"
           : word === "confirmed" ? "span"
                                  : "span.soft",
       null, word || "");

const fixed = (g) =>
    (isNumber(g.fixed_below_ns) ? `below ${words(time(g.fixed_below_ns))}` : words(time(g.fixed_ns)));

function growthLine(g) {
    const t = g.time || {}, m = g.memory || {};
    return [
        g.label, power(t.declared), exponent(t.slope), range(t.interval, exponent), verdict(t.verdict),
        octaves(t.local), power(m.declared), exponent(m.exponent), verdict(m.verdict), fixed(g)
    ];
}

// Why exponents are not confirmed, a reason once, with all that have it.
const reasons = (group) =>
    grouped(group.filter((g) => g.time?.why), (g) => g.time.why)
        .map((same) => el("p.soft", null, `${listed(same.map((g) => g.label))}: ${same[0].time.why}.`));

function growths(list) {
    const heads = [
        "mechanism", "time", "exponent", "interval", "verdict", "from length to length", "memory", "exponent",
        "verdict", "fixed time"
    ];
    const name = seriesNamer(list.map(seriesOf));
    return grouped(list, (g) => name(seriesOf(g))).flatMap((group) => {
        const where = name(seriesOf(group[0]));
        if (group.some(judged))
            return [table(where, heads, group.map(growthLine), [2, 3, 7, 9]), ...reasons(group)];
        return [el("p", null, `${[where, "too few lengths to say"].filter(Boolean).join(": ")}.`)];
    });
}

// ---- layer types

// At which size of a head and which length, unless the note has said it of all.
const sameFor = (list, at) => distinct(list.map(at)).length === 1;
const AT_D = (t) => t.n?.at_d, AT_N = (t) => t.d?.at_n;

function typeLine(t, list) {
    const n = t.n || {}, d = t.d || {};
    return [
        t.label, t.family, t.operations, t.steps, t.path, power(n.declared), exponent(n.slope),
        range(n.interval, exponent), sameFor(list, AT_D) ? "" : `d = ${n.at_d}`, exponent(d.counted),
        exponent(d.slope), range(d.interval, exponent), sameFor(list, AT_N) ? "" : `n = ${d.at_n}`
    ];
}

function layerTypes(list) {
    const heads = [
        "mechanism", "type", "operations", "sequential steps", "longest path", "in n", "measured", "interval",
        "at", "in d", "measured", "interval", "at"
    ];
    const name = seriesNamer(list.map(seriesOf));
    return grouped(list, (t) => name(seriesOf(t)))
        .map(
            (group) => table(
                name(seriesOf(group[0])), heads, group.map((t) => typeLine(t, list)), [5, 6, 7, 9, 10, 11]));
}

function layerTypesNote(list) {
    if (!list?.length) return "";
    const size = sameFor(list, AT_D) ? ` at head size ${AT_D(list[0])}` : "",
          length = sameFor(list, AT_N) ? ` at n = ${AT_N(list[0])}` : "";
    return `Exponents of time: in n${size}, beside what is declared; in d${
               length}, beside what the operations that are ` +
        "counted give. Vaswani and others, 2017, table 1, is the published one.";
}

// ---- all of it

function verdicts(answers) {
    const part = (title, note, list, show) => Array.isArray(list) && list.length
        ? [el("h3", null, title), el("p.soft", null, note), ...show(list)]
        : [];
    return [
        ...part(
            "What was published", "Machines differ: ratios, exponents and orders are compared, never times.",
            answers.published?.claims, () => published(answers.published)),
        ...part("Layer types", layerTypesNote(answers.layer_types), answers.layer_types, layerTypes),
        ...part(
            "Who overtakes whom",
            "Intervals come from the spread between processes; nothing is said beyond the lengths measured.",
            answers.crossovers, crossings),
        ...part(
            "What nothing else beats",
            "Beaten is what another one betters in time, memory and error at once, beyond the noise.",
            answers.front, fronts),
        ...part(
            "How time and memory grow with n",
            "What is declared, and the exponent that was measured: 2 is n squared.", answers.growth, growths),
    ];
}
