// report_show.js -- the data of the page, elements, numbers for people. What a run brings is only ever text.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const manifest = data.manifest, rows = data.rows;

// An element with properties, and children that are elements or text. What is null or undefined is left out.
function el(tag, properties, ...children) {
    const [name, ...classes] = tag.split(".");
    const element = document.createElement(name);
    if (classes.length) element.className = classes.join(" ");
    for (const [key, value] of Object.entries(properties || {}))
        if (key in element) element[key] = value;
        else element.setAttribute(key, value);
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

// Fills a section and shows it; one that has nothing to say stays hidden.
function section(id, ...children) {
    const body = children.flat().filter(Boolean);
    if (!body.length) return;
    document.querySelector(`#${id} .body`).append(...body);
    document.getElementById(id).hidden = false;
}

const isNumber = (x) => typeof x === "number" && Number.isFinite(x);
const plural = (n, one, many = one + "s") => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
const distinct = (list) => [...new Set(list)];
const middle = (list) => list.slice().sort((a, b) => a - b)[Math.floor(list.length / 2)];

// The values of a map from key to list, made of a list.
function grouped(list, key) {
    const groups = new Map();
    for (const item of list) {
        const k = key(item);
        if (!groups.has(k)) groups.set(k, []);
        groups.get(k).push(item);
    }
    return [...groups.values()];
}

// "a", "a and b", "a, b and c"
function listed(words) {
    return words.length < 2 ? words.join("")
                            : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

// ---- numbers: three digits, and a unit

const digits = (x) => x.toFixed(Math.abs(x) < 9.995 ? 2 : Math.abs(x) < 99.95 ? 1 : 0);
const TIME = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9]];
const SIZE = [["B", 1], ["KiB", 2 ** 10], ["MiB", 2 ** 20], ["GiB", 2 ** 30], ["TiB", 2 ** 40]];

// The largest unit that leaves a 1 before the point.
function unit(x, units) {
    let best = units[0];
    for (const u of units)
        if (Math.abs(x) >= u[1]) best = u;
    return best;
}

function withUnit(x, units) {
    if (!isNumber(x)) return null;
    const [name, size] = unit(x, units);
    return [name === "B" ? String(x) : digits(x / size), name];
}

const time = (ns) => withUnit(ns, TIME);
const size = (bytes) => withUnit(bytes, SIZE);
const words = (pair) => (pair ? pair.join(" ") : "");

function error(x) {
    if (!isNumber(x)) return null;
    return x === 0 ? "0" : x < 1e-3 ? x.toExponential(0).replace("-", "\u2212") : x.toFixed(3);
}

// Without a minus before nothing but zeros.
const signed = (x, places) => x.toFixed(places).replace(/^-(?=0*\.?0*$)/, "").replace("-", "\u2212");
const percent = (x) => (isNumber(x) ? `${digits(100 * x)} %` : "");

// "11 min 33 s"
function duration(seconds) {
    if (seconds < 60) return `${digits(seconds)} s`;
    const s = Math.round(seconds), h = Math.floor(s / 3600), m = Math.floor((s % 3600) / 60);
    return h ? `${h} h ${m} min` : `${m} min ${s % 60} s`;
}

// "21 November 2026, 14:17 UTC"
function date(text) {
    const when = new Date(text);
    if (Number.isNaN(when.getTime())) return text;
    const day =
        when.toLocaleDateString("en-GB", {day: "numeric", month: "long", year: "numeric", timeZone: "UTC"});
    return `${day}, ${when.toISOString().slice(11, 16)} UTC`;
}

// ---- tables that do not sort; a cell is an element, text, or null; a column without a text is left out

function table(caption, heads, lines, numeric = []) {
    const text = (content) => content?.textContent ?? content ?? "";
    const shown = heads.map((_, at) => at).filter((at) => lines.some((cells) => text(cells[at]) !== ""));
    const kind = (at) => (numeric.includes(at) ? ".number" : "");
    const head = (at) => el("th" + kind(at), {scope: "col"}, heads[at]);
    const cell = (cells, at) =>
        at === 0 ? el("th", {scope: "row"}, cells[at]) : el("td" + kind(at), null, cells[at]);
    return el(
        "div.wide", {tabIndex: 0, role: "region", "aria-label": caption || heads.join(", ")},
        el("table", null, caption ? el("caption", null, caption) : null,
           el("thead", null, el("tr", null, shown.map(head))),
           el("tbody", null, lines.map((cells) => el("tr", null, shown.map((at) => cell(cells, at)))))));
}
