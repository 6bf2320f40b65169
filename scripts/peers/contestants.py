"""Who takes part, and how each is run: one process measures one contestant on one case and prints JSON."""
import glob
import json
import os
import statistics
import subprocess
import sys

import graphs
from cases import TASKS

HERE = os.path.dirname(os.path.abspath(__file__))
EXACT = ("none", "causal")


class Failed(Exception):
    pass


def cpu_has(*flags):
    with open("/proc/cpuinfo") as file:
        return set(flags) <= set(file.read().split())


def clean_environment():
    """Presets of the caller would hold for some contestants only, or halve what a BLAS gives."""
    presets = ("OPENBLAS_", "OMP_", "GOMP_", "MKL_", "MALLOC_", "GLIBC_TUNABLES")
    return {key: value for key, value in os.environ.items() if not key.startswith(presets)}


# glibc gives large buffers back to the system at every free, and each call then pays for page faults. The
# threshold from which on it maps a buffer for itself cannot be raised beyond 32 MiB, so mapping is turned off.
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 26)}


def run(command, environment, settings):
    """The last line of what the command prints, as JSON."""
    cores = sorted(os.sched_getaffinity(0))[: settings.threads]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=settings.timeout,
                              preexec_fn=lambda: os.sched_setaffinity(0, cores))
    except subprocess.TimeoutExpired:
        raise Failed(f"no result after {settings.timeout} s") from None
    if done.returncode < 0:
        raise Failed(f"ended by signal {-done.returncode}")
    if done.returncode:
        raise Failed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200])
    return done.stdout


class Contestant:
    """`copies`: how many tensors of n x n scores it holds at once."""

    def __init__(self, name, tasks, copies=0, longest=None):
        self.name, self.tasks, self.copies, self.longest = name, tasks, copies, longest
        self.missing = None  # why it cannot run at all

    def obstacle(self, case, memory):
        """Why it does not run on this case; None where it does."""
        if self.missing:
            return self.missing
        if self.longest and case.task.name in self.longest and case.n > self.longest[case.task.name][0]:
            return self.longest[case.task.name][1]
        need = self.copies * case.score_bytes()
        if need > memory:
            return f"its scores would take {need / 2**30:.1f} GiB"
        return None


class Ours(Contestant):
    """One short `attnbench run`."""

    def __init__(self, program, folder):
        super().__init__("attnbench", [task.name for task in TASKS])
        self.program, self.folder, self.manifest = program, folder, None

    def config(self, case, qkv, seconds, what):
        """The sweep as a file, and where it stands."""
        os.makedirs(self.folder, exist_ok=True)

        def near(path):
            return json.dumps(os.path.relpath(path, self.folder))

        task, variant = case.task, [json.dumps(case.task.variant)]
        variant += [f"{key} = {value}" for key, value in task.settings.items()]
        if task.named:
            files = ", ".join(f"{tensor} = {near(case.weights[name])}" for tensor, name in task.named.items())
            variant.append(f"tensors = {{ {files} }}")
        text = f"""-- {case.name}, as scripts/peers/run.py measured it.
sweep {{
  shape    = {{ n = {case.n} }},
  mask     = "{'causal' if case.causal else 'none'}",
  input    = {{ {{ "file", q = {near(qkv['q'])}, k = {near(qkv['k'])}, v = {near(qkv['v'])} }} }},
  variants = {{ {{ {', '.join(variant)} }} }},
  threads  = {case.threads},
  seed     = {case.seed},
  measure  = {{ what = {{ {what} }}, replicates = 1, max_seconds = {seconds} }},
}}
"""
        path = os.path.join(self.folder, f"{case.name}.lua")
        with open(path, "w") as file:
            file.write(text)
        return path

    def measure(self, case, qkv, settings, first):
        # Once is enough for the accuracy: same seed, same bits.
        config = self.config(case, qkv, settings.seconds, '"time", "accuracy"' if first else '"time"')
        out = os.path.join(self.folder, case.name)
        command = [self.program, "run", config, "-o", out, "--overwrite", "--no-plots"]
        run(command, clean_environment(), settings)
        with open(os.path.join(out, "points.jsonl")) as file:
            row = json.loads(file.readline())
        with open(os.path.join(out, "manifest.json")) as file:
            self.manifest = json.load(file)
        if row["status"] != "ok":
            raise Failed(f"{row['status']}: {row['reason']}")
        result = {"ms": row["time"]["median_ns"] / 1e6, "calls": len(row["time"]["samples_ns"]),
                  "flops": row["flops"], "peak": row["gflops"] * 1e9 / row["peak_fraction"]}
        if first:
            result["distance"] = row["accuracy"]["definition"]["rel_fro"]
        return result


class Peer(Contestant):
    def job(self, case, qkv, settings, output, inputs):
        return {"n": case.n, "heads": case.heads, "d": case.d, "threads": case.threads, "seconds": settings.seconds,
                "output": output, "inputs": {**qkv, **inputs}}

    def finish(self, text):
        result = json.loads(text.strip().splitlines()[-1])
        return {**result, "ms": statistics.median(result["ms"]), "calls": len(result["ms"])}


class Onnx(Peer):
    def __init__(self, name, tasks, form, folder, tokens=False, feeds=(), copies=0, longest=None, **options):
        super().__init__(name, tasks, copies, longest)
        self.form, self.folder, self.tokens, self.feeds, self.options = form, folder, tokens, feeds, options

    def measure(self, case, qkv, settings, first):
        path = os.path.join(self.folder, f"{self.form.__name__}-{case.name}.onnx")
        if first:
            g = self.form(case, **self.options)
            g.output("o", graphs.tokens(case) if self.tokens else graphs.tensors(case))
            g.save(path)
        output = os.path.join(self.folder, "output.raw")
        job = self.job(case, qkv, settings, output, {name: case.weights[name] for name in self.feeds})
        job |= {"modules": self.folder, "graph": path, "tokens": self.tokens}
        command = ["node", os.path.join(HERE, "onnx_peer.js"), json.dumps(job)]
        return self.finish(run(command, clean_environment() | ALLOCATOR, settings)) | {"output": output}


class Torch(Peer):
    def __init__(self, name, tasks, form, folder, copies=0):
        super().__init__(name, tasks, copies)
        self.form, self.folder = form, folder

    @staticmethod
    def environment(threads):
        # threads bound to cores, as ours are
        extra = {"OMP_NUM_THREADS": str(threads), "OMP_DYNAMIC": "false", "OMP_PROC_BIND": "close",
                 "OMP_PLACES": "cores"}
        blas = glob.glob("/usr/lib/*/openblas-openmp")  # the one that ours uses, whatever the system prefers
        if blas:
            extra["LD_LIBRARY_PATH"] = blas[0]
        # Debian's build takes AVX2 by itself where it could take more.
        if cpu_has("avx512f", "avx512dq", "avx512vl", "avx512bw"):
            extra["ATEN_CPU_CAPABILITY"] = "avx512"
        return ALLOCATOR | extra

    def measure(self, case, qkv, settings, first):
        output = os.path.join(self.folder, "output.raw")
        job = self.job(case, qkv, settings, output, case.weights)
        job |= {"form": self.form, "causal": case.causal, "left": case.left, "scale": case.scale}
        command = [sys.executable, os.path.join(HERE, "torch_peer.py"), json.dumps(job)]
        environment = clean_environment() | self.environment(case.threads)
        return self.finish(run(command, environment, settings)) | {"output": output}


def works(command, folder=None):
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, env=clean_environment()).returncode == 0
    except OSError:
        return False


def roster(program, folder, configs):
    """Ours first. Those whose program is not there say so in `missing`."""
    mask = {"causal": (4096, "its mask would be a constant of n x n numbers")}
    onnx = [
        # in tiles without a mask, with all scores where it is causal
        Onnx("onnxruntime MultiHeadAttention", ("none",), graphs.multihead, folder, tokens=True),
        Onnx("onnxruntime MultiHeadAttention", ("causal",), graphs.multihead, folder, tokens=True, copies=2),
        Onnx("onnxruntime GroupQueryAttention", ("causal", "window"), graphs.grouped_query, folder, tokens=True,
             copies=1),
        Onnx("onnxruntime Attention-23", EXACT, graphs.attention23, folder, copies=2),
        Onnx("onnxruntime MatMul-Softmax-MatMul", EXACT, graphs.products, folder, copies=3, longest=mask),
        Onnx("onnxruntime graph, blocks", ("window",), graphs.block_window, folder, block=128),
        Onnx("onnxruntime graph", ("linear",), graphs.linear, folder),
        Onnx("onnxruntime graph", ("performer",), graphs.performer, folder),
        Onnx("onnxruntime graph", ("linformer",), graphs.linformer, folder, feeds=("e", "f")),
    ]
    torch = [
        Torch("PyTorch naive", EXACT, "naive", folder, copies=2),
        Torch("PyTorch scaled_dot_product_attention", EXACT, "fused", folder, copies=2),
        Torch("PyTorch row blocks", EXACT + ("window",), "row_blocks", folder),
    ] + [Torch("PyTorch", (form,), form, folder) for form in ("linear", "performer", "linformer", "additive")]

    if not works(["node", "-e", "require('onnxruntime-node')"], folder):
        for contestant in onnx:
            contestant.missing = "node with onnxruntime-node is not installed, or does not run here"
    check = "import sys, torch; sys.exit(0 if hasattr(torch.nn.functional, 'scaled_dot_product_attention') else 3)"
    if not works([sys.executable, "-c", "import torch"]):
        for contestant in torch:
            contestant.missing = "python3-torch is not installed"
    elif not works([sys.executable, "-c", check]):
        torch[1].missing = "this PyTorch has none; it came with 2.0"
    return [Ours(program, configs)] + onnx + torch
