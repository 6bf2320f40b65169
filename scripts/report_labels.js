// report_labels.js -- moves the entries of a picture's key to where their curves end.
//
// gnuplot puts the key to the right of the curves, in the order of the plan. Here each entry goes to the
// height of the last point of its curve, as near as its neighbours let it, with a thin line between the two.
// A drawing that is not built as expected stays as it is.
"use strict";

const GAP = 17, KEY_WIDTH = 46;  // height of an entry; from the left of its sample to its text

// The two numbers of "translate(775.41,138.16) scale(4.05)".
function placeOf(element) {
    const found = /translate\(\s*([\d.-]+)[ ,]+([\d.-]+)/.exec(element.getAttribute("transform") || "");
    return found ? {x: +found[1], y: +found[2]} : null;
}

function moveTo(element, x, y) {
    const rest = element.getAttribute("transform").replace(/translate\([^)]*\)/, "");
    element.setAttribute("transform", `translate(${x},${y})${rest}`);
}

const subpaths = (path) => path.getAttribute("d").match(/M[^M]*/g) || [];
const pointsOf = (d) => [...d.matchAll(/([\d.-]+),([\d.-]+)/g)].map((m) => ({x: +m[1], y: +m[2]}));
const rightmost = (points) => points.reduce((best, p) => (!best || p.x > best.x ? p : best), null);

// A curve: its text in the key, the other parts of the entry, and where it ends; null where it has no entry.
function entryOf(group, keyX) {
    const text = [...group.querySelectorAll("g[transform]")].find((g) => placeOf(g)?.x === keyX);
    if (!text) return null;
    const inKey = (p) => p.x > keyX - KEY_WIDTH;
    const marks =
        [...group.querySelectorAll("use")].map((use) => ({use, at: placeOf(use)})).filter((m) => m.at);
    const paths = [...group.querySelectorAll("path")];
    const points =
        marks.length ? marks.map((m) => m.at) : paths.flatMap((p) => pointsOf(p.getAttribute("d")));
    return {
        text,
        paths,
        y: placeOf(text).y - 4,  // of the sample: text stands on its base line
        marks: marks.filter((m) => inKey(m.at)),
        inKey,
        end: rightmost(points.filter((p) => !inKey(p))),
    };
}

// Places for entries that want to be at these heights, in this order and at least a gap apart: neighbours
// that would overlap become a block around the mean of what they want.
function spaced(wanted, low, high) {
    const blocks = [];
    for (const want of wanted) {
        blocks.push({sum: want, n: 1});
        for (let b = blocks.length - 1; b > 0 && top(blocks[b]) < bottom(blocks[b - 1]); b--) {
            const [last] = blocks.splice(b, 1);
            blocks[b - 1] = {sum: blocks[b - 1].sum + last.sum, n: blocks[b - 1].n + last.n};
        }
    }
    function middleOf(block) {
        const half = (block.n - 1) * GAP / 2;
        return Math.min(Math.max(block.sum / block.n, low + half), high - half);
    }
    function top(block) {
        return middleOf(block) - block.n * GAP / 2;
    }
    function bottom(block) {
        return middleOf(block) + block.n * GAP / 2;
    }
    return blocks.flatMap((block) => Array.from({length: block.n}, (_, i) => top(block) + (i + 0.5) * GAP));
}

// A path that draws curve and entry in one becomes two.
function moveEntry(entry, by, keyX) {
    const at = placeOf(entry.text);
    moveTo(entry.text, at.x, at.y + by);
    for (const {use, at: mark} of entry.marks) moveTo(use, mark.x, mark.y + by);
    for (const path of entry.paths) {
        const parts = subpaths(path), isKey = (d) => entry.inKey(pointsOf(d)[0] || {x: 0});
        if (!parts.some(isKey)) continue;
        const sample = path.cloneNode();
        sample.setAttribute("d", parts.filter(isKey).join(" "));
        sample.setAttribute("transform", `translate(0,${by})`);
        path.setAttribute("d", parts.filter((d) => !isKey(d)).join(" "));
        path.after(sample);
    }
    if (!entry.end) return;
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", `M${entry.end.x + 8},${entry.end.y} L${keyX - KEY_WIDTH},${entry.y + by}`);
    line.setAttribute("class", "leader");
    entry.text.parentNode.append(line);
}

function moveKey(svg) {
    const groups = [...svg.querySelectorAll(".curve")], box = svg.viewBox.baseVal;
    const low = box.y + 20, high = box.y + box.height - 50;
    const keyX = Math.max(
        ...groups.flatMap((g) => [...g.querySelectorAll("g[transform]")]).map((g) => placeOf(g)?.x || 0));
    const entries = groups.map((group) => entryOf(group, keyX)).filter(Boolean);
    const wish = (entry) => (entry.end ? entry.end.y : high);  // without a curve: below the others
    if (entries.length * GAP > high - low) return;             // no room: they stand closer than that
    entries.sort((a, b) => wish(a) - wish(b));
    const places = spaced(entries.map(wish), low, high);
    entries.forEach((entry, i) => moveEntry(entry, places[i] - entry.y, keyX));
}
