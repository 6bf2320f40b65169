// report_published.js -- what a paper published beside what the run found, kind by kind, with the reasons.
"use strict";

const JUDGED = {
    agrees: "span",
    differs: "span.bad"
};
const METRIC = {
    time,
    memory: size,
    footprint: size
};

// The exponent, the ratio, or of values by length the first and the last.
function publishedNumber(claim) {
    const p = claim.published;
    if (isNumber(claim.published_exponent)) return exponent(claim.published_exponent);
    if (isNumber(p)) return digits(p);
    const values = claim.kind === "rising" ? Object.values(p || {}) : [];
    return values.length ? range([values[0], values[values.length - 1]], digits) : "";
}

function ourNumber(claim) {
    if (isNumber(claim.ours)) return claim.kind === "growth" ? exponent(claim.ours) : digits(claim.ours);
    const values = (claim.values || []).filter(isNumber),
          isRatio = claim.kind === "rising" && claim.labels?.length > 1;
    const say = METRIC[claim.metric] && !isRatio ? (x) => words(METRIC[claim.metric](x)) : digits;
    return values.length ? range([values[0], values[values.length - 1]], say) : "";
}

function judgement(claim) {
    const off = claim.verdict === "differs" ? claim.off_words : null;
    const why = [off, claim.reason, claim.note].filter(isThere);
    return el(JUDGED[claim.verdict] || "span.soft", null, [claim.verdict, ...why].join("; "));
}

function claimLine(claim) {
    const show = claim.kind === "growth" ? exponent : digits, say = claim.words || {};
    const isExact = claim.interval?.[0] === claim.interval?.[1];
    return [
        say.what, say.where, publishedNumber(claim), ourNumber(claim),
        isExact ? "" : range(claim.interval, show), judgement(claim)
    ];
}

function published(judged) {
    const heads = ["claim", "n", "published", "ours", "interval", "verdict"];
    const tables = grouped(judged.claims || [], (claim) => claim.words?.about)
                       .map((group) => table(group[0].words?.about, heads, group.map(claimLine), [2, 3]));
    return [
        el("p", null, `${judged.source}. ${judged.summary}.`), ...tables, el("p.soft", null, judged.rules)
    ];
}
