// report.js -- the page of a run from top to bottom: the question, the run in a sentence, then part by part.
"use strict";

function ending() {
    const n = plural(rows.length, "point"), seconds = manifest.wall_seconds;
    const of = manifest.points > rows.length
        ? `${rows.length.toLocaleString("en")} of ${plural(manifest.points, "point")}`
        : n;
    if (manifest.state === "finished") return `${n} in ${duration(seconds || 0)}`;
    if (manifest.state === "interrupted") return `${of}, then interrupted`;
    return manifest.state === "running" ? `${of} so far` : n;
}

function outcome() {
    if (!rows.length) return "No point has a row yet.";
    const by = grouped(rows, (row) => row.status)
                   .filter(([row]) => !isOk(row))
                   .map((group) => `${group.length} ${group[0].status}`);
    const broken = rows.filter((row) => BROKEN.includes(row.status)).length;
    if (!by.length) return "Every row is ok.";
    return `${plural(rows.filter(isOk).length, "row")} ok, ${listed(by)}${broken ? "" : "; nothing failed"}.`;
}

function runSentence() {
    const m = manifest.machine || {}, isa = distinct(rows.filter(isOk).map((row) => row.isa).filter(isThere));
    const where = m.cpu ? ` on ${m.cpu} (${plural(m.usable_cores || 0, "usable core")}${
                              isa.length ? `, ${listed(isa)}` : ""})`
                                         : "";
    return `Measured${where}${manifest.started ? ` on ${date(manifest.started)}` : ""}: ${ending()}. ${
        outcome()}`;
}

// ---- where the numbers come from

const caches = (list) =>
    (list || [])
        .map(
            (c) => `L${c.level}${c.type === "Unified" ? "" : ` ${c.type.toLowerCase()}`} ${
                words(size(c.bytes))}`)
        .join(", ");

function ceilings(all) {
    return Object.entries(all || {}).map(
        ([threads, c]) =>
            [`Ceilings, ${plural(+threads, "thread")}`,
             `${digits(c.fma_flops / 1e9)} Gflop/s multiply-add peak, ${
                 digits(c.read_bytes / 1e9)} GB/s read` +
                 (c.blas ? `; ${c.blas.config || "BLAS"}, kernels ${c.blas.core}` : "")]);
}

function plugins(list) {
    return (list || [])
        .map((p) => ["Plugin", [
                 el("code", null, p.path), el("br"), "SHA-256 ", el("code", null, p.sha256 || "unknown"),
                 (p.variants || []).length
                     ? ` (${p.variants.map((v) => (typeof v === "string" ? v : v.name)).join(", ")})`
                     : ""
             ]]);
}

function phases(all) {
    return Object.entries(all || {})
        .filter(([, s]) => s > 0.005)
        .sort((a, b) => b[1] - a[1])
        .map(([name, s]) => `${name} ${duration(s)}`)
        .join(", ");
}

function machineFacts() {
    const m = manifest.machine || {}, b = manifest.build || {}, measure = manifest.measure || {};
    return [
        ["Command", manifest.command && el("code", null, manifest.command)],
        ["Started", manifest.started && date(manifest.started)],
        ["Finished", manifest.finished && date(manifest.finished)],
        ["Time went to", phases(manifest.phases)],
        [
            "Measured",
            measure.what &&
                `${listed(measure.what)}; ${plural(measure.replicates || 0, "process", "processes")}, ` +
                    `${measure.max_seconds} s a point, ${measure.rows} query rows judged`
        ],
        ["Host", m.host],
        ["CPU", m.cpu && `${m.cpu}, ${m.architecture}`],
        ["Usable cores", m.usable_cores],
        ["Instruction sets", (m.isa || []).join(", ")],
        ["Caches", caches(m.caches)],
        ["Kernel", m.kernel],
        ["Frequency governor", m.governor],
        ["Huge pages", m.huge_pages],
        ["Free memory", isNumber(m.free_memory_bytes) ? words(size(m.free_memory_bytes)) : ""],
        [
            "Limit of a worker",
            isNumber(manifest.memory_limit_bytes) ? words(size(manifest.memory_limit_bytes)) : ""
        ],
        ["Load at the start", isNumber(m.load) ? m.load.toFixed(2) : ""],
        ...ceilings(manifest.ceilings),
        ["OpenMP", Object.entries(manifest.openmp || {}).map((setting) => setting.join("=")).join(", ")],
        ["Build", b.version && `attnbench ${b.version}, ${b.mode}`],
        ["Compiler", b.compiler],
        ["Flags", b.flags && el("code", null, b.flags)],
        ...plugins(manifest.plugins),
        ["This page", `attnbench ${data.program}`],
    ].filter(([, fact]) => isThere(fact));
}

function facts(list) {
    return el(
        "dl", null,
        list.flatMap(
            ([name, fact]) =>
                [el("dt", null, name),
                 el("dd", null, ...[fact].flat().map((x) => (typeof x === "number" ? String(x) : x)))]));
}

function config() {
    if (!manifest.config) return [];
    const text = el("pre", {tabIndex: 0, role: "region", "aria-label": "Config"});
    text.append(el("code", null, manifest.config));
    return [el("p.soft", null, manifest.source || ""), text];
}

function links() {
    return [...document.querySelectorAll("main section:not([hidden])")].map(
        (part) => el("a", {href: `#${part.id}`}, part.querySelector("h2").textContent));
}

const PARTS = {
    verdicts: () => verdicts(data.answers),
    curves: () => curves(data.pictures),
    weights: () => weights(data.weights || []),
    warnings,
    rows: rowsTable,
    machine: () => facts(machineFacts()),
    config,
};

// What one part cannot make sense of, a row of another version perhaps, shall not cost the others.
function guarded(id, content) {
    try {
        section(id, content());
    } catch (why) {
        console.error(why);
        section(id, el("p.bad", null, `This part cannot be shown: ${why.message}`));
    }
}

function showPage() {
    const [question, ...more] = (manifest.question || "").split(/\s\s+/).filter(Boolean);
    document.title = `${data.name}: attnbench`;
    document.getElementById("name").textContent = `attnbench, ${data.name}`;
    document.getElementById("question").textContent = question || data.name;
    document.getElementById("more").append(...more.map((text) => el("p", null, text)));
    document.getElementById("run").textContent = runSentence();
    for (const [id, content] of Object.entries(PARTS)) guarded(id, content);
    document.getElementById("parts").append(...links());
}

showPage();
