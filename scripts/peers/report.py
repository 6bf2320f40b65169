"""Tables and pictures of a comparison."""
import csv
import json
import os
import statistics
import subprocess
import sys

OURS = "attnbench"


def number(x):
    """Three figures, without an exponent."""
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}" if x < 1 else f"{x:.{2 if x < 10 else 1}f}"


def span(values):
    return f"{number(min(values))} .. {number(max(values))}"


def percent(x):
    return "-" if x is None else f"{x:.0%}"


class Results:
    """What the processes measured, for each case and contestant."""

    def __init__(self, comparison):
        self.cases, self.out, self.entered = comparison.cases, comparison.out, comparison.entered
        self.by = {}
        for s in comparison.samples:
            if "ms" in s:
                self.by.setdefault((s["case"], s["contestant"]), {})[s["round"]] = s
        peaks = [s["peak"] for s in comparison.samples if "peak" in s]
        self.peak = statistics.median(peaks) if peaks else None

    def times(self, case, name):
        """round -> ms; empty where a time is withheld."""
        if (case.name, name) in self.out:
            return {}
        return {r: s["ms"] for r, s in self.by.get((case.name, name), {}).items()}

    def peak_share(self, case, name):
        """Of the median of the peaks that our runs measured: a single one suffers from whatever else runs then."""
        ours, times = list(self.by.get((case.name, OURS), {}).values()), self.times(case, name)
        if not ours or not times:
            return None
        return ours[0]["flops"] / (statistics.median(times.values()) / 1e3) / self.peak

    def work(self, case):
        """Useful operations of our call."""
        return next(iter(self.by[case.name, OURS].values()))["flops"]

    def distance(self, case, name):
        samples = self.by.get((case.name, name), {}).values()
        return max((s["distance"] for s in samples if "distance" in s), default=None)

    def best_peer(self, case):
        medians = {c.name: statistics.median(t.values()) for c in self.entered(case)
                   if c.name != OURS and (t := self.times(case, c.name))}
        return min(medians, key=medians.get) if medians else None

    def ratios(self, case, name):
        """Its time over ours, round by round."""
        ours = self.times(case, OURS)
        return [ms / ours[r] for r, ms in self.times(case, name).items() if r in ours]


def markdown(header, rows):
    widths = [max(len(str(x)) for x in column) for column in zip(header, *rows)]
    lines = ["| " + " | ".join(str(x).ljust(w) for x, w in zip(row, widths)) + " |" for row in [header, *rows]]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])


def ratio_table(results):
    rows = []
    for case in results.cases:
        if case.task.beside:
            continue
        ours, best = results.times(case, OURS), results.best_peer(case)
        row = [case.task.title(), case.n, number(statistics.median(ours.values())) if ours else "-"]
        row.append(percent(results.peak_share(case, OURS)))
        ratios = results.ratios(case, best) if best else []
        row += [best, number(statistics.median(results.times(case, best).values()))] if best else ["-", "-"]
        row += [number(statistics.median(ratios)), span(ratios)] if ratios else ["-", "-"]
        rows.append(row)
    return markdown(["task", "n", "ours, ms", "of peak", "fastest peer", "its ms", "peer / ours", "range"], rows)


def beside_table(results):
    """Mechanisms that are ours alone, each beside another of ours at the same length."""
    rows, named = [], {case.name: case for case in results.cases}
    for case in results.cases:
        other = named.get(f"{case.task.beside}-{case.n}")
        ours, its = results.times(case, OURS), results.times(other, OURS) if other else {}
        if not case.task.beside or not ours:
            continue
        times = [its[r] / ms for r, ms in ours.items() if r in its]
        work = results.work(case) / results.work(other) if times else 0
        row = [case.task.title(), case.n, number(statistics.median(ours.values())), percent(results.peak_share(case, OURS))]
        row += [case.task.beside, number(statistics.median(times)), span(times)] if times else [case.task.beside, "-", "-"]
        row.append(number(statistics.median(times) * work) if times else "-")
        rows.append(row)
    header = ["task", "n", "ms", "of peak", "beside", "its time / this", "range", "this speed / its"]
    return markdown(header, rows)


def full_table(results):
    rows = []
    for case in results.cases:
        for c in results.entered(case):
            times, row = results.times(case, c.name), [case.task.name, case.n, c.name]
            if not times:
                rows.append(row + ["-"] * 4 + [results.out.get((case.name, c.name), "not measured")])
                continue
            far = results.distance(case, c.name)
            row += [number(statistics.median(times.values())), span(times.values())]
            row += [percent(results.peak_share(case, c.name)), f"{far:.0e}" if far is not None else "-", ""]
            rows.append(row)
    header = ["task", "n", "contestant", "median ms", "range over rounds", "of peak", "distance", "left out"]
    return markdown(header, rows)


def rows_csv(results):
    for case in results.cases:
        for c in results.entered(case):
            times = results.times(case, c.name)
            ratios, samples = results.ratios(case, c.name), results.by.get((case.name, c.name), {}).values()
            faults = [s["faults"] for s in samples if s.get("faults") is not None]
            yield {
                "task": case.task.name, "n": case.n, "contestant": c.name, "rounds": len(times),
                "median_ms": statistics.median(times.values()) if times else None,
                "low_ms": min(times.values(), default=None), "high_ms": max(times.values(), default=None),
                "over_ours": statistics.median(ratios) if ratios else None,
                "over_ours_low": min(ratios, default=None), "over_ours_high": max(ratios, default=None),
                "peak_fraction": results.peak_share(case, c.name),
                "distance": results.distance(case, c.name),
                "calls_per_process": statistics.median(s["calls"] for s in samples) if samples else None,
                "faults_per_call": statistics.median(faults) if faults else None,
                "left_out": results.out.get((case.name, c.name)),
            }


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def script(root, name):
    with open(os.path.join(root, "scripts", f"{name}.gp")) as file:
        return file.read()


def draw(folder, root, results, task, title):
    """Time over n by the script that draws the other curves; it says what it expects."""
    cases = sorted((case for case in results.cases if case.task.name == task), key=lambda case: case.n)
    if len(cases) < 2:
        return
    names = [c.name for c in results.entered(cases[0]) if any(results.times(case, c.name) for case in cases)]
    if not names:
        return
    name, values = f"time-{task}", []
    with open(os.path.join(folder, f"{name}.csv"), "w", newline="") as file:
        write = csv.writer(file).writerow
        write(["n"] + [label for x in names for label in (x, f"{x} low", f"{x} high")])
        for case in cases:
            row = [case.n]
            for x in names:
                t = [ms / 1e3 for ms in results.times(case, x).values()]
                row += [f"{y:.9g}" for y in (statistics.median(t), min(t), max(t))] if t else ["", "", ""]
                values += t
            write(row)
    styles, curves = (script(root, x) for x in ("styles", "curves"))
    lines = [f"# Draws {name}.svg and {name}.png: gnuplot {name}.gp, in this folder.", styles, f'data = "{name}.csv"',
             'marks = ""', "has_marks = 0", 'oracles = ""', "has_zero = 0", "has_mean_v = 0", f"curves = {len(names)}",
             f"array label[{len(names)}]", f"array style[{len(names)}]", f"array grey[{len(names)}]"]
    for i, x in enumerate(names, 1):
        lines += [f"label[{i}] = {quote(x)}", f"style[{i}] = {i}", f"grey[{i}] = 0"]
    lines += ['entries = ""', f"title_ = {quote(title)}", 'xlabel_ = "sequence length n"',
              'ylabel_ = "time of a call, seconds (median, range over processes)"', "guides = 1", "steep = 2",
              f"x0 = {cases[0].n}", f"y0 = {min(values):.9g}", "set logscale x 2",
              f"set yrange [{min(values) / 2:.9g}:{max(values) * 3:.9g}]",
              'set terminal svg size 960,560 dynamic font "sans,12" background "white"',
              f'set output "{name}.svg"', curves,
              'set terminal pngcairo size 1440,840 font "sans,12" fontscale 1.3', f'set output "{name}.png"', "replot"]
    with open(os.path.join(folder, f"{name}.gp"), "w") as file:
        file.write("\n".join(lines) + "\n")
    try:
        subprocess.run(["gnuplot", f"{name}.gp"], cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError):
        print(f"peers: gnuplot is missing or failed; data and script are in {folder}", file=sys.stderr)


def write(folder, comparison, about, root):
    results, threads = Results(comparison), comparison.settings.threads
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump(about, file, indent=2)
    with open(os.path.join(folder, "peers.csv"), "w", newline="") as file:
        rows = list(rows_csv(results))
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    peak = f"{results.peak / 1e9:.0f} GFLOP/s" if results.peak else "which was not measured"
    text = f"""# Side by side with onnxruntime and PyTorch

f32, batch 1, 8 heads, head size 64, {threads} threads, Gaussian tensors; {comparison.settings.rounds} rounds. Times are
medians over the rounds of process medians, with the range; `peer / ours` is the median of the ratios round by round,
above 1 where ours is faster. `of peak`: useful operations over the multiply-add peak, {peak} (median over our runs).

{ratio_table(results)}

Mechanisms that are ours alone, beside another of ours in the same rounds. `this speed / its` compares useful operations
a second.

{beside_table(results)}

`distance` is relative Frobenius: of peers to our output (that of `full` for none and causal), of ours to its
definition in double.

{full_table(results)}
"""
    with open(os.path.join(folder, "peers.md"), "w") as file:
        file.write(text)
    for task, what in (("none", "no mask"), ("causal", "causal")):
        draw(folder, root, results, task, f"exact attention, {what}, 8 heads, head size 64, {threads} threads")
    print(text)
    print(f"All of it is in {os.path.relpath(folder, root)}.")
