"""The tensors that everybody reads, made once from a seed, and what the outputs are held to."""
import os
import subprocess

import numpy as np

from cases import HIDDEN, RANK


def save(path, make):
    """The file appears whole or not at all."""
    if not os.path.exists(path):
        draft = path + ".draft.npy"
        np.save(draft, make())
        os.rename(draft, path)
    return path


class Tensors:
    def __init__(self, folder, seed, longest, projections, heads=8, d=64):
        self.folder, self.seed, self.heads, self.d = os.path.join(folder, f"seed{seed}-n{longest}"), seed, heads, d
        self.longest, self.projections = longest, projections
        os.makedirs(self.folder, exist_ok=True)
        self.qkv = {name: self.normal(name, (1, heads, longest, d), 1) for name in "qkv"}

    def normal(self, name, shape, deviation):
        def make():
            # a stream of its own for each name
            random = np.random.default_rng([self.seed, *name.encode()])
            return random.standard_normal(shape, np.float32) * np.float32(deviation)

        return save(os.path.join(self.folder, f"{name}.npy"), make)

    def weights(self, task, n):
        """Deviations are those that `attnbench describe` names."""
        heads, d = self.heads, self.d
        if task.name == "performer":
            path = os.path.join(self.folder, "w.npy")
            arguments = (path, task.settings["features"], d, self.seed)
            subprocess.run([self.projections, *map(str, arguments)], check=True)
            return {"w": path}
        if task.name == "linformer":
            return {x: self.normal(f"{x}-{n}", (RANK, n), RANK**-0.5) for x in "ef"}
        if task.name == "additive":
            shapes = {"w1": ((heads, d, HIDDEN), d**-0.5), "w2": ((heads, d, HIDDEN), d**-0.5),
                      "w3": ((heads, HIDDEN), 2 * HIDDEN**-0.5), "w4": ((heads, HIDDEN), 0.1)}
            return {x: self.normal(x, *shape) for x, shape in shapes.items()}
        return {}

    def prefix(self, n):
        """`apply` takes whole files."""
        if n == self.longest:
            return self.qkv
        return {name: save(os.path.join(self.folder, f"{name}-{n}.npy"),
                           lambda path=path: np.load(path, mmap_mode="r")[:, :, :n])
                for name, path in self.qkv.items()}

    def truth(self, case, program, environment):
        """The output that a case asks for: by `full` where it is exact, else by our own mechanism."""
        task, path = case.task, os.path.join(self.folder, f"truth-{case.name}.npy")
        variant, settings = ("full", {"materialise": "thread"}) if task.exact else (task.variant, task.settings)
        command = [program, "apply", variant, "-o", path, "--rows", "0", "--threads", str(case.threads), "--seed", str(case.seed)]
        for name, file in self.prefix(case.n).items():
            command += [f"--{name}", file]
        command += ["--causal"] if case.causal else []
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        for tensor, name in task.named.items():
            command += ["--tensor", f"{tensor}={case.weights[name]}"]
        subprocess.run(command, check=True, env=environment)
        return np.load(path, mmap_mode="r").reshape(-1)


def distance(path, truth):
    """Relative Frobenius distance of a raw f32 file; infinite where anything is missing or not a number."""
    got = np.fromfile(path, np.float32)
    if got.size != truth.size:
        return float("inf")
    difference = np.linalg.norm(got.astype(np.float64) - truth) / np.linalg.norm(truth.astype(np.float64))
    return float(difference) if np.isfinite(difference) else float("inf")
