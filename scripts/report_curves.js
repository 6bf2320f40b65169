// report_curves.js -- the pictures that gnuplot drew, made part of the page.
//
// A picture is read as XML and copied, element by element, out of a short list of what draws: no script,
// style or link of its own comes along. Names within get a number, so that pictures do not share them.
// Colours follow the page.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const DRAWN = new Set([
    "svg", "g", "defs", "use", "path", "line", "rect", "circle", "ellipse", "polygon", "polyline", "text",
    "tspan", "title"
]);
const KEPT = new Set([
    "viewBox",
    "d",
    "points",
    "x",
    "y",
    "x1",
    "y1",
    "x2",
    "y2",
    "dx",
    "dy",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "width",
    "height",
    "transform",
    "fill",
    "stroke",
    "color",
    "fill-opacity",
    "stroke-opacity",
    "stroke-width",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-dasharray",
    "font-size",
    "font-weight",
    "font-style",
    "text-anchor"
]);
const COLOURS = ["fill", "stroke", "color"];

// Grey is so much ink on paper, whichever way round these are; a colour gets the white that the page says.
function themed(colour) {
    const probe = el("span");
    probe.style.color = colour;
    const channels = (probe.style.color.match(/\d+/g) || []).map(Number);
    const named = {black: [0, 0, 0], white: [255, 255, 255]}[probe.style.color];
    const [r, g, b] = named || channels;
    if (b === undefined) return null; /* none, currentcolor */
    if (Math.max(r, g, b) - Math.min(r, g, b) > 8) return `color-mix(in oklab, ${colour}, white var(--lift))`;
    return `color-mix(in oklab, var(--ink) ${Math.round(100 * (1 - r / 255))}%, var(--paper))`;
}

function copyDrawing(from, prefix) {
    if (!DRAWN.has(from.localName)) return null;
    const to = document.createElementNS(SVG, from.localName);
    for (const {localName, name, value} of from.attributes) {
        if (localName === "id") to.id = prefix + value;
        else if (localName === "href" && value.startsWith("#"))
            to.setAttribute("href", `#${prefix}${value.slice(1)}`);
        else if (KEPT.has(name)) to.setAttribute(name, value);
    }
    for (const property of COLOURS) {
        const colour = to.getAttribute(property), theirs = colour && themed(colour);
        if (theirs) to.style.setProperty(property, theirs);
    }
    if (/_plot_\d+$/.test(to.id)) to.classList.add("curve");
    for (const child of from.childNodes) {
        if (child.nodeType === Node.TEXT_NODE) to.append(child.data);
        if (child.nodeType !== Node.ELEMENT_NODE) continue;
        const copy = copyDrawing(child, prefix);
        if (copy) to.append(copy);
    }
    return to;
}

// The caption says it, with the height that it had.
function withoutTitle(svg, text) {
    const box = svg.viewBox.baseVal, height = 38;
    text.remove();
    svg.setAttribute("viewBox", `${box.x} ${box.y + height} ${box.width} ${box.height - height}`);
}

const WHAT = {
    time: "Time",
    parts: "Parts of the layer",
    memory: "Memory",
    error: "Error",
    tradeoff: "Error against time",
    settings: "Error over rank, features or window",
    spread: "Error over the rows"
};

function drawing(picture, number) {
    const parsed = new DOMParser().parseFromString(picture.svg, "image/svg+xml").documentElement;
    if (parsed.localName !== "svg" || parsed.querySelector("parsererror")) return null;
    const svg = copyDrawing(parsed, `p${number}-`);
    const title = `${WHAT[picture.what]}, ${picture.slice}`;
    for (const text of svg.querySelectorAll("text"))
        if (text.textContent === picture.slice) withoutTitle(svg, text);
    if (!["parts", "tradeoff", "settings", "spread"].includes(picture.what))
        moveKey(svg);  // there curves end anywhere
    svg.querySelector("title")?.remove();
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${title}. The numbers are in the table of rows.`);
    return svg;
}

function figure(picture, number) {
    const svg = drawing(picture, number);
    return el(
        "figure", {"data-what": picture.what}, el("figcaption", null, picture.slice),
        svg ? el("div.wide", {tabIndex: 0, role: "region", "aria-label": picture.slice}, svg)
            : el("p.bad", null, "This picture cannot be read; 'attnbench plot' draws it again."));
}

function chooser(kinds, show) {
    return el(
        "fieldset", null, el("legend", null, "Which curves"),
        kinds.map(
            (kind, at) => el(
                "label", null,
                el("input",
                   {type: "radio", name: "what", value: kind, checked: at === 0, onchange: () => show(kind)}),
                ` ${WHAT[kind]}`)));
}

function curves(pictures) {
    if (!pictures.length)
        return rows.length
            ? [el("p", null,
                  "There are no pictures in this folder. 'attnbench plot' draws them, with gnuplot; " +
                      "write this page again after that.")]
            : [];
    const figures = pictures.map(figure), kinds = distinct(pictures.map((picture) => picture.what));
    const show = (kind) => figures.forEach((f) => {
        f.hidden = f.dataset.what !== kind;
    });
    show(kinds[0]);
    return [kinds.length > 1 ? chooser(kinds, show) : null, ...figures];
}
