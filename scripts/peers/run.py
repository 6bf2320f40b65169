"""run.py -- side by side with onnxruntime and PyTorch, on the same tensors; `make peers` calls it.

Rounds: in each, for every case, every contestant runs once in a process of its own, in an order drawn anew. An
output that is further than the tolerance from what it should be is reported, and its time withheld.
"""
import argparse
import datetime
import json
import os
import random
import subprocess
import sys
import time

try:
    import numpy  # noqa: F401
except ImportError:
    sys.exit(print("peers: python3-numpy is missing: apt-get install python3-numpy", file=sys.stderr) or 2)

import report
from cases import TASKS, Case
from contestants import ALLOCATOR, Failed, Torch, clean_environment, roster
from tensors import Tensors, distance

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def comma(kind):
    return lambda text: [kind(word) for word in text.split(",")]


def options():
    p = argparse.ArgumentParser(prog="run.py", description="Our times beside those of onnxruntime and PyTorch.")
    p.add_argument("--rounds", type=int, default=6, help="processes of every contestant; default 6")
    p.add_argument("--seconds", type=float, default=0.5, help="measured in each process, at least a call; default 0.5")
    p.add_argument("--tasks", type=comma(str), help=", ".join(task.name for task in TASKS))
    p.add_argument("--lengths", type=comma(int), help="in place of the lengths of every task: 512,1024")
    p.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))), help="default 2")
    p.add_argument("--seed", type=int, default=1, help="of tensors and orders; default 1")
    p.add_argument("--tolerance", type=float, default=1e-4, help="relative Frobenius; default 1e-4")
    p.add_argument("--timeout", type=int, default=300, help="seconds that a process may take; default 300")
    p.add_argument("-o", "--output", default=os.path.join(ROOT, "results", "peers"), help="default results/peers")
    p.add_argument("--projections", required=True, help="the program that writes the projections of `performer`")
    x = p.parse_args()
    known = [task.name for task in TASKS]
    for task in x.tasks or ():
        if task not in known:
            p.error(f"no task '{task}'; there are {', '.join(known)}")
    if x.rounds < 1 or x.seconds <= 0 or x.threads < 1 or min(x.lengths or [512]) < 512:
        p.error("rounds and threads are at least 1, seconds positive, lengths at least 512")
    if any(n % 128 for n in x.lengths or ()):
        p.error("lengths are multiples of 128")
    x.output = os.path.abspath(x.output)
    return x


def memory_for_scores():
    """Half of what is free: the other half is for all that a library keeps besides."""
    with open("/proc/meminfo") as file:
        free = next(int(line.split()[1]) for line in file if line.startswith("MemAvailable"))
    return free * 1024 / 2


class Comparison:
    def __init__(self, settings, contestants, cases, tensors):
        self.settings, self.contestants, self.cases, self.tensors = settings, contestants, cases, tensors
        self.samples = []  # one for every process that measured
        self.out = {}  # (case, contestant) -> why it has no time
        self.about = {}
        self.order = random.Random(settings.seed)
        memory = memory_for_scores()
        for case in cases:
            for c in self.entered(case):
                reason = c.obstacle(case, memory)
                if reason:
                    self.out[case.name, c.name] = reason

    def entered(self, case):
        return [c for c in self.contestants if case.task.name in c.tasks]

    def run_case(self, number, case, log):
        running = [c for c in self.entered(case) if (case.name, c.name) not in self.out]
        self.order.shuffle(running)
        for place, contestant in enumerate(running):
            sample = {"round": number, "place": place, "case": case.name, "task": case.task.name, "n": case.n,
                      "contestant": contestant.name}
            try:
                sample |= contestant.measure(case, self.tensors.qkv, self.settings, first=number == 1)
                self.judge(case, sample)
            except Failed as failure:
                self.out[case.name, contestant.name] = str(failure)
                sample["failed"] = str(failure)
                print(f"peers: {case.name}, {contestant.name}: {failure}", file=sys.stderr)
            if "about" in sample:
                self.about |= sample.pop("about")
            self.samples.append(sample)
            log.write(json.dumps(sample) + "\n")
            log.flush()

    def judge(self, case, sample):
        if "output" not in sample:
            return  # ours: the run judged it
        sample["distance"] = distance(sample.pop("output"), self.truths[case.name])
        if sample["distance"] > self.settings.tolerance:
            raise Failed(f"its output is {sample['distance']:.1e} from ours; its time is withheld")

    def run(self):
        program = os.path.join(ROOT, "attnbench")
        print("peers: computing what the outputs are held to", file=sys.stderr)
        self.truths = {case.name: self.tensors.truth(case, program, clean_environment())
                       for case in self.cases if not case.task.beside}
        started = time.monotonic()
        with open(os.path.join(self.settings.output, "samples.jsonl"), "w") as log:
            for number in range(1, self.settings.rounds + 1):
                for case in self.order.sample(self.cases, len(self.cases)):
                    self.run_case(number, case, log)
                spent = time.monotonic() - started
                left = spent / number * (self.settings.rounds - number)
                print(f"peers: round {number} of {self.settings.rounds}, {spent:.0f} s, {left:.0f} s to go",
                      file=sys.stderr)


def manifest(comparison, started, ours):
    s = comparison.settings
    run = ours.manifest or {}
    return {
        "schema": 1,
        "started": started,
        "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "settings": {k: v for k, v in vars(s).items() if k not in ("output", "projections")},
        "machine": run.get("machine"),
        "attnbench": {"build": run.get("build"), "openmp": run.get("openmp"), "ceilings": run.get("ceilings")},
        "peers": comparison.about,
        "environment": {"cleared": "OPENBLAS_* OMP_* GOMP_* MKL_* MALLOC_* GLIBC_TUNABLES",
                        "onnxruntime": ALLOCATOR, "torch": Torch.environment(s.threads)},
        "onnxruntime_session": "graph optimisation all, sequential, spinning allowed, arena and memory pattern on",
        "left_out": [{"case": case, "contestant": name, "reason": reason}
                     for (case, name), reason in comparison.out.items()],
    }


def main():
    settings = options()
    started = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    program, folder = os.path.join(ROOT, "attnbench"), os.path.join(ROOT, "build", "peers")
    if not os.access(program, os.X_OK) or not os.access(settings.projections, os.X_OK):
        print("peers: attnbench is not built; run `make peers`", file=sys.stderr)
        return 2
    os.makedirs(settings.output, exist_ok=True)
    os.makedirs(folder, exist_ok=True)
    tasks = [task for task in TASKS if not settings.tasks or task.name in settings.tasks]
    pairs = [(task, n) for task in tasks for n in settings.lengths or task.lengths]
    longest = max(n for _, n in pairs)
    print(f"peers: {len(pairs)} cases, {settings.rounds} rounds", file=sys.stderr)
    tensors = Tensors(os.path.join(folder, "data"), settings.seed, longest, settings.projections)
    cases = [Case(task, n, settings.threads, settings.seed, tensors.weights(task, n)) for task, n in pairs]
    contestants = roster(program, folder, os.path.join(settings.output, "attnbench"))
    for reason in sorted({c.missing for c in contestants if c.missing}):
        names = ", ".join(sorted({c.name for c in contestants if c.missing == reason}))
        print(f"peers: left out: {names}: {reason}", file=sys.stderr)
    comparison = Comparison(settings, contestants, cases, tensors)
    try:
        comparison.run()
    except KeyboardInterrupt:
        print("peers: interrupted; samples.jsonl has what was measured", file=sys.stderr)
        return 130
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"peers: {error}", file=sys.stderr)
        return 2
    report.write(settings.output, comparison, manifest(comparison, started, contestants[0]), ROOT)
    return 0 if not any((case.name, "attnbench") in comparison.out for case in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
