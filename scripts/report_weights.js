// report_weights.js -- where heads look: heat maps that `attnbench weights` drew, and what each head attends to.
"use strict";

// Another hand may have made it.
const list = (x) => (Array.isArray(x) ? x : []);

const share = (x) => (isNumber(x) ? digits(100 * x) : "");
const HEAD_FACTS = [
    ["entropy, nats", (s) => (isNumber(s.entropy) ? digits(s.entropy) : "")],
    ["own position, %", (s) => share(s.self)],
    ["one before, %", (s) => share(s.previous)],
    ["one behind, %", (s) => share(s.next)],
    ["first 4, %", (s) => share(s.first4)],
    ["within 64, %", (s) => share(s.window64)],
    ["no key, %", (s) => (s.elsewhere ? share(s.elsewhere) : "")],
    ["negative, %", (s) => (s.negative_mass ? share(s.negative_mass) : "")],
    ["rank of 90 %", (s) => (isNumber(s.rank90) ? String(s.rank90) : "")],
    [
        "most weight on",
        (s) => list(s.top).slice(0, 3).map((t) => `${t.position} (${share(t.weight)} %)`).join(", ")
    ],
];

function headLines(one) {
    return list(one.heads).flatMap(
        (h) => [["softmax", h.softmax], [one.mechanism, h.own]].map(
            ([who, s]) => [`head ${h.head}, ${who}`, ...HEAD_FACTS.map(([, say]) => say(s || {}))]));
}

// Shown as an image, so that nothing in the file runs or is fetched.
function weightsFigure(one) {
    const caption = `${one.name}: ${one.mechanism}, ${one.title}`;
    const picture = el("img", {
        src: `data:image/svg+xml,${encodeURIComponent(one.svg)}`,
        alt: `Attention weights of softmax, of ${
                 one.mechanism}, and the difference, head by head. The numbers are in ` +
            "the table below."
    });
    const heads = ["head", ...HEAD_FACTS.map(([name]) => name)];
    return el(
        "figure", null, el("figcaption", null, caption),
        el("div.wide", {tabIndex: 0, role: "region", "aria-label": caption}, picture),
        table("", heads, headLines(one), heads.map((_, at) => at).slice(1, -1)));
}

const weights = (all) => all.map(weightsFigure);
