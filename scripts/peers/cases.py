"""What is compared: tasks, their lengths, and what each of them is in our program."""
from dataclasses import dataclass, field

WINDOW, RANK, FEATURES, HIDDEN = 255, 256, 256, 64


@dataclass(frozen=True)
class Task:
    name: str
    lengths: tuple
    variant: str  # ours
    causal: bool = False
    left: int = 0  # keys before the query; 0: all
    exact: bool = False  # judged against `full`, otherwise against the mechanism of ours
    settings: dict = field(default_factory=dict)
    weights: tuple = ()  # names of the files, as tensors.py makes them
    named: dict = field(default_factory=dict)  # tensor of ours -> name of the file
    beside: str = ""  # nobody else has it: the task of ours that it is measured beside

    def title(self):
        return f"{self.name} ({self.variant})"


EXACT_LENGTHS = (512, 1024, 2048, 4096, 8192, 16384)
LONG = (4096, 16384)

# eps = 0: the peers' graphs leave it out, too.
TASKS = (
    Task("none", EXACT_LENGTHS, "flash", exact=True),
    Task("causal", EXACT_LENGTHS, "flash", causal=True, exact=True),
    Task("window", LONG, "local", causal=True, left=WINDOW, settings={"left": WINDOW, "right": 0}),
    Task("linear", LONG, "linear"),
    Task("performer", LONG, "performer", settings={"features": FEATURES, "eps": 0}, weights=("w",)),
    Task("linformer", LONG, "linformer", settings={"rank": RANK}, weights=("e", "f"), named={"e": "e", "f": "f"}),
    Task("causal-linear", (16384,), "linear", causal=True, beside="linear"),
    Task("retnet", (16384,), "retnet", causal=True, beside="linear"),
    Task("gla", (16384,), "gla", causal=True, beside="linear"),
    Task("ssd", (16384,), "ssd", causal=True, beside="linear"),
    Task("deltanet", (16384,), "deltanet", causal=True, beside="linear"),
    Task("local", (16384,), "local", beside="none"),
    Task("sink", (16384,), "sink", beside="local"),
    Task("bigbird", (16384,), "bigbird", beside="local"),
    Task("blocksparse", (16384,), "blocksparse", beside="local"),
    Task("nystrom", (8192,), "nystrom", settings={"landmarks": 64}, beside="none"),
    Task("additive", (1024, 2048), "additive", settings={"hidden": HIDDEN}, weights=("w1", "w2", "w3", "w4"),
         named={"w": "w1", "u": "w2", "v": "w3", "b": "w4"}),
)


@dataclass
class Case:
    """One task at one length."""

    task: Task
    n: int
    threads: int
    seed: int
    weights: dict  # name -> path
    batch: int = 1
    heads: int = 8
    d: int = 64
    rank: int = RANK

    @property
    def name(self):
        return f"{self.task.name}-{self.n}"

    @property
    def causal(self):
        return self.task.causal

    @property
    def left(self):
        return self.task.left

    @property
    def scale(self):
        return self.d**-0.5

    def score_bytes(self):
        return 4.0 * self.batch * self.heads * self.n * self.n
