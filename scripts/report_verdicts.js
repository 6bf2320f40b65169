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
];

// Names a series by the settings in which those of the list differ; "" where there is only one.
function seriesNamer(series) {
    const differ = SETTINGS.filter(([key]) => distinct(series.map((s) => String(s[key]))).length > 1);
    return (s) => differ.filter(([key]) => s[key] !== undefined && s[key] !== null)
                      .map(([key, say]) => say(s[key]))
                      .join(", ");
}

const range = (interval, show = String) =>
    Array.isArray(interval) && interval.every(isNumber) ? `${show(interval[0])} to ${show(interval[1])}` : "";
const whole = (n) => String(Math.round(n));

const CROSSING = {
    crosses: (c) => `faster than ${c.baseline} from n = ${whole(c.n)}${
        c.interval ? ` (${range(c.interval, whole)})` : ""}`,
    faster: (c) => `faster than ${c.baseline} at every length`,
    slower: (c) => `slower than ${c.baseline} at every length`,
    several: (c) => `crosses ${c.baseline} more than once`,
    unclear: (c) => `not to be told apart from ${c.baseline}`,
    "too few": () => "too few lengths to say",
};
const CROSSING_ORDER = Object.keys(CROSSING);

function crossing(c) {
    const say = CROSSING[c.verdict];
    return c.words || (say ? say(c) : String(c.verdict));
}

function crossings(list) {
    const name = seriesNamer(list.map((c) => c.series || {}));
    const order = (c) => CROSSING_ORDER.indexOf(c.verdict);
    return grouped(list, (c) => name(c.series || {})).map((group) => {
        const sorted = group.slice().sort((a, b) => order(a) - order(b) || (a.n || 0) - (b.n || 0));
        return table(
            name(group[0].series || {}), ["mechanism", "from which length on?"],
            sorted.map(
                (c) => [c.label, el(c.verdict === "slower" ? "span.soft" : "span", null, crossing(c))]));
    });
}

function fronts(list) {
    const name = seriesNamer(list.map((f) => f.series || {}));
    const beaten = (f) => grouped(f.beaten || [], (b) => b.by)
                              .map((group) => `${listed(group.map((b) => b.label))} by ${group[0].by}`)
                              .join("; ");
    const several = list.some((f) => name(f.series || {}));
    return [table(
        "", [...(several ? ["where"] : []), "n", "on the front", "beaten"],
        list.map(
            (f) =>
                [...(several ? [name(f.series || {})] : []), isNumber(f.n) ? whole(f.n) : "",
                 (f.members || []).join(", "), beaten(f)]))];
}

// ---- growth

const power = (x) => (isNumber(x) ? (x === 0 ? "1" : x === 1 ? "n" : `n^${+ x.toFixed(2)}`) : "");
const exponent = (x) => (isNumber(x) ? signed(x, 2) : "");

function octaves(local) {
    const steps = (local || []).filter((step) => isNumber(step.slope));
    return el(
        "span",
        {title: steps.map((step) => `n = ${step.from} to ${step.to}: ${exponent(step.slope)}`).join("\n")},
        steps.map((step) => exponent(step.slope)).join("  "));
}

function growths(list) {
    const name = seriesNamer(list.map((g) => g.series || {}));
    return grouped(list, (g) => name(g.series || {}))
        .map(
            (group) => table(
                name(group[0].series || {}),
                [
                    "mechanism", "time says", "exponent", "interval", "between lengths", "fixed",
                    "verdict on time", "memory says", "exponent", "verdict"
                ],
                group.map((g) => {
                    const t = g.time || {}, m = g.memory || {};
                    return [
                        g.label, power(t.declared), exponent(t.slope), range(t.interval, exponent),
                        octaves(t.local), words(time(g.fixed_ns)), t.verdict || "", power(m.declared),
                        exponent(m.exponent), m.verdict || ""
                    ];
                }),
                [2, 3, 5, 8]));
}

function verdicts(answers) {
    const part = (title, note, list, show) => Array.isArray(list) && list.length
        ? [el("h3", null, title), el("p.soft", null, note), ...show(list)]
        : [];
    return [
        ...part(
            "Who overtakes exact attention",
            "Intervals come from the spread between processes; nothing is said beyond the lengths measured.",
            answers.crossovers, crossings),
        ...part(
            "What nothing else beats",
            "Beaten is what another one betters in time, memory and error at once, beyond the noise.",
            answers.front, fronts),
        ...part(
            "How time and memory grow with n",
            "What is declared, and the exponent that was measured: 1 is n, 2 is n^2. Fixed is paid at any n.",
            answers.growth, growths),
    ];
}
