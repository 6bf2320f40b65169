// browser.js -- drives Chromium over its DevTools protocol, and tries the page of a run as a reader would.
//
//   node tests/browser.js CHROMIUM FOLDER [SHOTS]    speaks TAP
//
// FOLDER holds folders of results with their pages, made by browser.sh. The protocol goes over two pipes, a JSON
// message after the other with a NUL between: no port, and no package beyond node itself. With SHOTS, a folder,
// screenshots are left there.
"use strict";

const {spawn} = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const [chromium, folder, shots] = process.argv.slice(2);
const profile = fs.mkdtempSync(path.join(os.tmpdir(), "attnbench-browser-"));
const sandbox = process.getuid() === 0 ? ["--no-sandbox"] : [];  // root has none

const browser = spawn(
    chromium,
    [
        "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe",
        `--user-data-dir=${profile}`, ...sandbox, "about:blank"
    ],
    {stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});

// ---- the protocol

const waiting = new Map();
let last = 0, buffer = "", session, complaints = [];

browser.stdio[4].on("data", (bytes) => {
    buffer += bytes;
    const messages = buffer.split("\0");
    buffer = messages.pop();
    messages.map((text) => JSON.parse(text)).forEach(receive);
});

function receive({id, result, error, method, params}) {
    if (id) {
        const {resolve, reject} = waiting.get(id);
        waiting.delete(id);
        if (error) reject(new Error(error.message));
        else resolve(result);
    }
    if (method === "Runtime.exceptionThrown") complaints.push(params.exceptionDetails.exception?.description);
    if (method === "Runtime.consoleAPICalled")
        complaints.push(params.args.map((a) => a.description || a.value));
    if (method === "Log.entryAdded") complaints.push(params.entry.text);
    if (method === "Network.requestWillBeSent" && !/^(file|data|about):/.test(params.request.url))
        complaints.push(`asked the network for ${params.request.url}`);
}

function send(method, params = {}) {
    const id = ++last;
    browser.stdio[3].write(`${JSON.stringify({id, method, params, sessionId: session})}\0`);
    return new Promise((resolve, reject) => waiting.set(id, {resolve, reject}));
}

// The value of an expression in the page.
async function ask(expression) {
    const {result, exceptionDetails} =
        await send("Runtime.evaluate", {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function open(name, width = 1280, scheme = "light") {
    complaints = [];
    await send(
        "Emulation.setDeviceMetricsOverride",
        {width, height: 900, deviceScaleFactor: 1, mobile: width < 600});
    await send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: scheme}]});
    await send("Page.navigate", {url: `file://${folder}/${name}/report.html`});
    for (let i = 0;
         i < 100 && !(await ask("document.readyState === 'complete' && location.protocol === 'file:'")); i++)
        await pause(100);
}

async function press(key, code = key, text) {
    await send(
        "Input.dispatchKeyEvent", {type: "keyDown", key, code, text, windowsVirtualKeyCode: KEYS[key]});
    await send("Input.dispatchKeyEvent", {type: "keyUp", key, code, windowsVirtualKeyCode: KEYS[key]});
}
const KEYS = {
    Tab: 9,
    Enter: 13,
    " ": 32,
    ArrowRight: 39,
    End: 35
};

async function shoot(name) {
    if (!shots) return;
    const {cssContentSize: size} = await send("Page.getLayoutMetrics");
    const clip = {x: 0, y: 0, width: size.width, height: Math.min(size.height, 9000), scale: 1};
    const {data} = await send("Page.captureScreenshot", {captureBeyondViewport: true, clip});
    fs.writeFileSync(path.join(shots, `${name}.png`), Buffer.from(data, "base64"));
}

// ---- TAP

let number = 0;
function ok(fine, name, ...more) {
    console.log(`${fine ? "ok" : "not ok"} ${++number} - ${name}`);
    if (!fine)
        for (const line of more) console.log(`# ${JSON.stringify(line)}`);
}

async function holds(name, expression) {
    const value = await ask(expression);
    ok(value === true, name, expression, value);
}

const quiet = (name) =>
    ok(complaints.length === 0, `${name}: nothing on the console, nothing asked of the network`, complaints);

// What the tests ask again and again, as functions of the page.
const HELPERS = `
    head = (name) => [...document.querySelectorAll("#table thead button")].find((b) => b.textContent === name);
    column = (name) => [...document.querySelectorAll("#table thead th")].indexOf(head(name).parentNode);
    cellsOf = (name) => [...document.querySelectorAll("#table tbody tr")].map((tr) => tr.children[column(name)].textContent);
    shown = () => document.querySelectorAll("#table tbody tr").length;
    set = (key, value) => { controls[key].value = value; controls[key].dispatchEvent(new Event("input", {bubbles: true})); };
    rising = (list) => list.every((x, i) => !i || list[i - 1] <= x);
    times = () => [...document.querySelectorAll("#table tbody tr")].map((tr) => rows[tr.querySelector("button").value].time?.median_ns)
        .filter((x) => x !== undefined);
    undefined`;

// ---- the tests

async function testWhole() {
    await open("whole");
    await ask(HELPERS);
    quiet("a whole run");
    await holds("its title", `document.title === "complexity: attnbench"`);
    await holds(
        "the question comes first",
        `document.querySelector("h1").textContent.startsWith("How do time and memory grow")`);
    await holds(
        "all parts are there, in order",
        `[...document.querySelectorAll("section:not([hidden])")].map((s) => s.id).join() === "verdicts,curves,warnings,rows,machine,config"`);
    await holds(
        "no id twice",
        `distinct([...document.querySelectorAll("[id]")].map((e) => e.id)).length === document.querySelectorAll("[id]").length`);
    await holds("what a picture uses is in it", `[...document.querySelectorAll("use")].every((u) =>
        document.querySelector(u.getAttribute("href")).closest("svg") === u.closest("svg"))`);
    await holds(
        "pictures of time are in sight, the others are not",
        `[...document.querySelectorAll("figure")].every((f) => f.hidden === (f.dataset.what !== "time"))`);
    await holds("entries of the key stand in the order of their curves, apart", `(() => {
        const y = [...document.querySelectorAll("figure:not([hidden]) svg")].map((svg) => [...svg.querySelectorAll(".curve g[transform] > text")]
            .map((t) => t.getBoundingClientRect().top).sort((a, b) => a - b));
        return y.every((list) => list.every((v, i) => !i || v - list[i - 1] > 12)); })()`);
    await holds("the page is no wider than the window", `document.documentElement.scrollWidth <= innerWidth`);
    await holds("numbers end at the same place whatever their unit", `["time", "memory"].every((name) =>
        distinct([...document.querySelectorAll("#table tbody tr")].map((tr) => tr.children[column(name)]?.querySelector(".unit"))
            .filter(Boolean).map((unit) => Math.round(unit.getBoundingClientRect().left * 4))).length === 1)`);
    await shoot("light");
}

async function testSort() {
    await ask(`head("time").click()`);
    await holds(
        "a click sorts",
        `rising(times()) && head("time").parentNode.getAttribute("aria-sort") === "ascending"`);
    await holds("rows without a value are last", `cellsOf("status").indexOf("unsupported") === 162`);
    await ask(`head("time").click()`);
    await holds(
        "a second click turns it round",
        `rising(times().reverse()) && head("time").parentNode.getAttribute("aria-sort") === "descending"`);
    await holds("rows without a value are last again", `cellsOf("status").indexOf("unsupported") === 162`);
    await ask(`head("mechanism").focus()`);
    await press("Enter", "Enter", "\r");
    await holds(
        "the keyboard sorts",
        `rising(cellsOf("mechanism")) && head("mechanism").parentNode.getAttribute("aria-sort") === "ascending"
        && document.querySelectorAll("[aria-sort]").length === 1`);
    await press("Tab");
    await holds("Tab goes to the next heading", `document.activeElement === head("mask")`);
    await press(" ", "Space", " ");
    await holds(
        "so does the space bar", `rising(cellsOf("mask")) && document.activeElement === head("mask")`);
}

async function testFilter() {
    await ask(`set("status", "unsupported")`);
    await holds("status filters", `shown() === 18 && cellsOf("status").every((s) => s === "unsupported")`);
    await ask(`set("mask", "causal")`);
    await holds("and mask", `shown() === 6`);
    await holds("it says how many", `count.textContent === "6 of 180 rows"`);
    await ask(`set("status", ""); set("variant", "linear")`);
    await holds("and variant", `shown() === 6 && cellsOf("mechanism").every((s) => s === "linear")`);
    await ask(`set("mask", ""); set("input", "gauss,s=1")`);
    await holds("and input", `shown() === 12`);
    await ask(`[...document.querySelectorAll("button")].find((b) => b.textContent === "Reset").click()`);
    await holds(
        "reset shows all, as measured",
        `shown() === 180 && document.querySelectorAll("[aria-sort]").length === 0
        && times()[0] === rows.find((r) => r.time).time.median_ns`);
    await ask(`controls.text.focus()`);
    await send("Input.insertText", {text: "N512 flash"});
    await holds(
        "typed words filter, capital or not",
        `shown() === 2 && cellsOf("mechanism").every((s) => s === "flash")`);
    await ask(`[...document.querySelectorAll("#warnings button")][0].click()`);
    await holds(
        "a warning shows its rows",
        `shown() === 18 && controls.status.value === "unsupported" && controls.text.value === ""`);
    await ask(`showRows({})`);
}

async function testCopy() {
    await send("Browser.grantPermissions", {permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"]});
    await ask(`document.querySelectorAll("#table tbody button")[5].focus()`);
    await press("Enter", "Enter", "\r");
    await pause(200);
    await holds(
        "a button copies the command",
        `navigator.clipboard.readText().then((text) => text === rows[5].repro)`);
    await holds("it says so", `document.getElementById("said").textContent === "Copied: " + rows[5].repro`);
    await ask(
        `navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false; copyCommand(document.querySelectorAll("#table tbody button")[6])`);
    await holds(
        "where it cannot, the command is in sight",
        `document.getElementById("said").textContent.endsWith(rows[6].repro)`);
}

async function testKeyboard() {
    await ask(`document.querySelector("input[name=what]").focus()`);
    await press("ArrowRight");
    await holds(
        "arrows choose curves",
        `[...document.querySelectorAll("figure")].every((f) => f.hidden === (f.dataset.what !== "memory"))`);
    await holds(
        "what scrolls can be focused",
        `[...document.querySelectorAll(".wide, #table, pre")].every((e) => e.tabIndex === 0)`);
    await holds(
        "every control has a name", `[...document.querySelectorAll("button, input, select")].every((e) =>
        e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label"))`);
    await ask(`document.querySelector("nav a").focus()`);
    await press("Tab");
    await holds(
        "Tab goes on, and where it is can be seen",
        `document.activeElement.hash === "#curves" && document.activeElement.matches(":focus-visible") &&
         getComputedStyle(document.activeElement).outlineStyle === "solid"`);
}

async function testColours() {
    const lightness = (what) => `(() => { const [r, g, b] = getComputedStyle(document.body).${
        what}.match(/\\d+/g).map(Number); return (r + g + b) / 765; })()`;
    ok(await ask(lightness("backgroundColor")) > 0.9 && await ask(lightness("color")) < 0.2,
       "light: dark on light");
    await open("whole", 1280, "dark");
    await ask(HELPERS);
    quiet("dark");
    ok(await ask(lightness("backgroundColor")) < 0.15 && await ask(lightness("color")) > 0.8,
       "dark: light on dark");
    await holds(
        "no picture keeps a white ground",
        `[...document.querySelectorAll("svg rect")].every((r) => !/255, 255, 255|oklab\\(1 /.test(getComputedStyle(r).fill))`);
    await shoot("dark");
    await send(
        "Emulation.setEmulatedMedia",
        {media: "print", features: [{name: "prefers-color-scheme", value: "dark"}]});
    ok(await ask(lightness("backgroundColor")) > 0.9, "print: on white, also where the screen is dark");
    await holds(
        "print: every picture",
        `[...document.querySelectorAll("figure")].every((f) => f.offsetHeight > 100)`);
    await holds(
        "print: nothing to click at",
        `[...document.querySelectorAll(".filters, nav, .again")].every((e) => e.offsetHeight === 0)`);
    await send("Emulation.setEmulatedMedia", {media: "", features: []});
}

async function testNarrow() {
    await open("whole", 390);
    await ask(HELPERS);
    quiet("narrow");
    await holds("narrow: the page does not scroll sideways", `document.documentElement.scrollWidth <= 390`);
    await holds("narrow: the table does", `document.getElementById("table").scrollWidth > 390`);
    await shoot("narrow");
}

async function testNasty() {
    await open("nasty");
    await ask(HELPERS);
    quiet("names that would be markup");
    await holds(
        "none of them ran", `window.evil === undefined && document.querySelectorAll("img").length === 0`);
    await holds(
        "they are shown as they are",
        `[...document.querySelectorAll("tbody th")].some((th) => th.textContent.includes("<img src=x onerror="))
        && document.querySelector("h1").textContent.includes("</script>")`);
    await holds(
        "every status is explained",
        `Object.keys(STATUS).every((s) => [...document.querySelectorAll("#warnings h3")].some((h) => h.textContent.includes(s)))`);
    await holds(
        "every flag is",
        `["interval_below_95_percent", "undeclared_memory", "more_threads_than_cores", "single_sample", "new_flag"]
        .every((s) => [...document.querySelectorAll("#warnings h3")].some((h) => h.textContent.includes(s)))`);
    await holds(
        "the interruption is told",
        `document.getElementById("run").textContent.includes("11 of 12 points, then interrupted")`);
    await holds(
        "the sum of the plugin is shown", `document.querySelector("#machine").textContent.includes("00ff")`);
    await holds(
        "a picture brings no script along",
        `!document.querySelector("svg script, svg [onload], svg a, svg image, svg foreignObject")`);
    await holds("it is drawn all the same", `document.querySelectorAll("figure svg path").length > 0`);
    await shoot("nasty");
}

async function testWeights() {
    await open("weights");
    await ask(HELPERS);
    quiet("weights");
    await holds(
        "heat maps are shown, by name",
        `[...document.querySelectorAll("#weights figcaption")].map((c) => c.textContent.split(",")[0]).join(" ") === "evil: evil local: local"`);
    await holds(
        "they are drawn",
        `[...document.querySelectorAll("#weights img")].every((i) => i.complete && i.naturalWidth > 0 && i.alt)`);
    await holds("what another hand made runs nothing", `window.evil === undefined`);
    await holds(
        "each head has a line for softmax and one for the mechanism",
        `[...document.querySelectorAll("#weights figure:last-child tbody th")].map((t) => t.textContent).join() ===
         "head 0, softmax,head 0, local,head 1, softmax,head 1, local"`);
    await holds(
        "every fact that has a number is a column",
        `[...document.querySelectorAll("#weights figure:last-child thead th")].map((t) => t.textContent).join("; ") ===
         "head; entropy, nats; own position, %; one before, %; one behind, %; first 4, %; within 64, %; rank of 90 %; most weight on"`);
    await holds(
        "with numbers",
        `[...document.querySelectorAll("#weights figure:last-child tbody tr")].every((tr) => /^\\d\\.\\d\\d$/.test(tr.children[1].textContent))`);
    await holds("no wider than the window", `document.documentElement.scrollWidth <= innerWidth`);
    await shoot("weights");
}

async function testTypes() {
    await open("types");
    await ask(HELPERS);
    quiet("layer types");
    await holds(
        "layer types come first", `document.querySelector("#verdicts h3").textContent === "Layer types"`);
    await holds(
        "a table for each mask",
        `document.querySelectorAll("#verdicts h3")[0].parentNode.querySelectorAll("caption")[0].textContent === "mask none" &&
        document.querySelectorAll("#verdicts h3")[0].parentNode.querySelectorAll("caption")[1].textContent === "mask causal"`);
    await holds("flash grows about as declared, in both", `(() => {
        const cells = [...document.querySelector("#verdicts table tbody tr").children].map((c) => c.textContent);
        return cells[0] === "flash" && cells[1] === "self-attention" && cells[2] === "n^2 (dk + dv)" && cells[5] === "n2" &&
            Math.abs(cells[6] - 2) < 0.3 && Math.abs(cells[9] - 1) < 0.3; })()`);
    await holds("no wider than the window", `document.documentElement.scrollWidth <= innerWidth`);
    await shoot("types");
}

async function testOthers() {
    await open("empty");
    quiet("no rows");
    await holds(
        "no rows: it says so",
        `document.getElementById("run").textContent.includes("No point has a row yet")`);
    await holds(
        "no rows: no empty part",
        `[...document.querySelectorAll("section:not([hidden]) .body")].every((b) => b.textContent.trim())`);
    await open("accuracy");
    await ask(HELPERS);
    quiet("accuracy only");
    await holds(
        "accuracy only: no column of times", `head("time") === undefined && head("error") !== undefined`);
    await holds(
        "of several seeds the median is shown",
        `cellsOf("error").filter((e) => e === "1.400").length === 2 && head("TV") === undefined`);
    await ask(`document.querySelector("#rows input[type=checkbox]").click()`);
    await holds(
        "details come by choice",
        `cellsOf("TV").filter((x) => x === "0.123").length === 2 && head("top 8") !== undefined
        && head("top 32") === undefined`);
    await ask(`head("TV").click()`);
    await holds("and sort", `head("TV").parentNode.getAttribute("aria-sort") === "ascending"`);
    await ask(`document.querySelector("#rows input[type=checkbox]").click()`);
    await holds(
        "and go", `head("TV") === undefined && document.querySelectorAll("[aria-sort]").length === 0`);
    await holds(
        "no pictures: it says how to get them",
        `document.querySelector("#curves").textContent.includes("attnbench plot")`);
}

async function testMany() {
    await open("many");
    await ask(HELPERS);
    quiet("5000 rows");
    const took = async (name, expression, limit) => {
        const ms = await ask(`(() => { const start = performance.now(); ${
            expression}; document.body.offsetHeight; return performance.now() - start; })()`);
        ok(ms < limit, `5000 rows: ${name} in ${Math.round(ms)} ms, at most ${limit}`);
    };
    await holds(
        "what a mechanism differs from itself is told",
        `document.querySelector("#warnings").textContent.includes("by 2.00 % at most")`);
    await holds("5000 rows: the first of them are shown", `shown() === 500 && !more.hidden`);
    await took("sorting", `head("time").click()`, 1000);
    await holds(
        "5000 rows: sorted as a whole", `times()[0] === Math.min(...rows.map((r) => r.time.median_ns))`);
    await took("filtering", `set("text", "n512 s7")`, 1000);
    await took("more of them", `set("text", ""); more.querySelector("button").click()`, 1000);
    await holds("5000 rows: more are there", `shown() === 1000`);
    await took("sorting again", `head("n").click()`, 1000);
    await holds(
        "5000 rows: from the top again", `shown() === 500 && count.textContent === "5,000 of 5,000 rows"`);
}

async function main() {
    const {targetInfos} = await send("Target.getTargets");
    const page = targetInfos.find((target) => target.type === "page");
    session = (await send("Target.attachToTarget", {targetId: page.targetId, flatten: true})).sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
    for (const test
             of [testWhole, testSort, testFilter, testCopy, testKeyboard, testColours, testNarrow, testNasty,
                 testWeights, testTypes, testOthers, testMany])
        await test();
}

function leave(code) {
    browser.removeAllListeners("exit");
    browser.once("exit", () => {
        fs.rmSync(profile, {recursive: true, force: true, maxRetries: 5});
        process.exit(code);
    });
    browser.kill();
}

function giveUp(why) {
    ok(false, why);
    leave(1);
}

browser.once("exit", (code) => {
    ok(false, `the browser ended with exit code ${code}`);
    process.exit(1);
});
setTimeout(giveUp, 120000, "the browser answers within two minutes").unref();
main().then(() => {
    console.log(`1..${number}`);
    leave(0);
}, (error) => giveUp(error.message));
