#!/usr/bin/env python3
"""Capture Q, K and V of real attention heads into a .safetensors file.

Random Q and K give almost uniform attention; trained heads are peaked or local.
This script records trained heads, for benchmarks whose result depends on that.

  capture_qkv.py -o bytes-lm.safetensors
      Trains a small byte-level causal transformer on text files, then captures
      its heads while it reads text that it was not trained on.

  capture_qkv.py --model NAME_OR_DIR -o model.safetensors
      Captures from a Hugging Face decoder or encoder. Needs PyTorch 2.0 and
      transformers 4.36 or later; without --model, PyTorch 1.13 is enough.

The file holds three tensors, `q`, `k` and `v`, each [1, heads, n, d], row-major,
the heads in the order of --capture. q and k are what attention works on, after
any rotary embedding; the logits are q k^T / sqrt(d). Query heads that share one
key/value head each get a copy of it. The metadata names the model, the text and
the heads, and says whether attention is causal.

The same options and seed give the same file on the same machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import shlex
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

try:
    import torch
    from torch import Tensor, nn
    from torch.nn import functional as F
except ImportError:
    print("capture_qkv: PyTorch is missing; install it (on Debian: apt install python3-torch)",
          file=sys.stderr)
    sys.exit(2)

Head = tuple[int, int]  # layer, head
QKV = tuple[Tensor, Tensor, Tensor]  # each [heads, n, d]; k and v may have fewer heads

DEFAULT_TEXT = Path("/usr/share/common-licenses")
HELD_OUT = 0.1  # share of the text, at its end, that training never sees
BYTES_PER_STEP = 2048
LEARNING_RATE = 2e-3
ROPE_BASE = 10000.0

# The name safetensors has for a type, the type, the integer of its size, its byte order.
DTYPES = {
    "f32": ("F32", torch.float32, torch.int32, "<i4"),
    "f16": ("F16", torch.float16, torch.int16, "<i2"),
    "bf16": ("BF16", torch.bfloat16, torch.int16, "<i2"),
}


class BadInput(Exception):
    """Something the user can mend; the message says how."""


# --- A small byte-level transformer -------------------------------------------

def rotate(x: Tensor) -> Tensor:
    """Rotary embedding: turns the pair (x[i], x[i + d/2]) by position * base^(-2i/d)."""
    n, d = x.shape[-2:]
    frequency = ROPE_BASE ** (-torch.arange(0, d, 2) / d)
    angle = torch.outer(torch.arange(n, dtype=torch.float32), frequency)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), dim=-1)


class Block(nn.Module):
    """Pre-norm causal attention and a pre-norm MLP. Keeps q, k, v of its last input."""

    seen: QKV

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(),
                                 nn.Linear(4 * width, width))

    def attention(self, x: Tensor) -> Tensor:
        batch, n, width = x.shape
        packed = self.qkv(x).view(batch, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k, v = rotate(packed[0]), rotate(packed[1]), packed[2]
        self.seen = (q[0].detach(), k[0].detach(), v[0].detach())
        future = torch.full((n, n), -math.inf).triu(1)
        weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + future).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, n, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ByteLM(nn.Module):
    """Predicts the next byte."""

    def __init__(self, layers: int, heads: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(256, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 256, bias=False))
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                ends_branch = name.endswith(("out.weight", "mlp.2.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * layers) if ends_branch else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.blocks(self.embed(tokens)))

    def loss(self, tokens: Tensor) -> Tensor:
        """Mean nats per predicted byte."""
        return F.cross_entropy(self(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())


def train(model: ByteLM, text: Tensor, steps: int, length: int) -> None:
    """AdamW with warm-up and cosine decay; every fourth step has the full context."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.1)
    warmup = max(1, min(100, steps // 10))
    start = time.monotonic()
    for step in range(steps):
        decay = 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * min((step + 1) / warmup, decay)
        context = length // (4, 2, 4, 1)[step % 4]
        starts = torch.randint(len(text) - context, (max(1, BYTES_PER_STEP // context), 1))
        loss = model.loss(text[starts + torch.arange(context + 1)])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if (step + 1) % max(1, steps // 20) == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps}: loss {loss.item():.3f} nats per byte, "
                  f"{time.monotonic() - start:.0f} s", file=sys.stderr)


@torch.no_grad()
def validate(model: ByteLM, text: Tensor, length: int) -> float:
    """Mean loss over the text, in windows of `length` bytes."""
    windows = text[:len(text) // length * length].view(-1, 1, length)
    return sum(model.loss(one).item() for one in windows) / len(windows)


def from_training(args: argparse.Namespace, text: bytes) -> tuple[list[QKV], dict[str, str]]:
    """Trains the small transformer; q, k, v of its layers on held-out text, and metadata."""
    if args.d_model % (2 * args.heads):
        raise BadInput(f"--d-model {args.d_model} does not give {args.heads} heads of even size; "
                       "choose a multiple of twice --heads")
    chosen_heads(args.capture, [args.heads] * args.layers)  # a wrong one must not cost a training
    tokens = torch.tensor(list(text))
    split = len(tokens) - int(len(tokens) * HELD_OUT)
    sample = window(tokens[split:], args, "the held-out tenth of the text")
    torch.manual_seed(args.seed)
    model = ByteLM(args.layers, args.heads, args.d_model)
    train(model, tokens[:split], args.steps, args.length)
    loss = validate(model, tokens[split:], args.length)
    print(f"held-out text: loss {loss:.3f} nats per byte", file=sys.stderr)
    with torch.no_grad():
        model(sample)
    return [block.seen for block in model.blocks], {
        "model": f"byte-level causal transformer, pre-norm, {args.layers} layers, {args.heads} "
                 f"heads, d_model {args.d_model}, MLP 4x",
        "training": f"AdamW, {BYTES_PER_STEP} bytes per step in contexts of {args.length // 4} to "
                    f"{args.length}, seed {args.seed}",
        "steps": str(args.steps),
        "validation_loss": f"{loss:.4f} nats per byte",
        "tokens": f"{args.length} bytes from byte {split + args.offset} of the text; "
                  f"training saw the first {split} of {len(tokens)} bytes",
        "causal": "true",
        "position_encoding": f"rotary, base {ROPE_BASE:g}, applied to q and k",
    }


# --- Hugging Face models ------------------------------------------------------

@torch.no_grad()
def watch(model: nn.Module, tokens: Tensor) -> tuple[list[QKV], bool]:
    """q, k, v of every layer; and whether no output depends on a later token."""
    layers: list[QKV] = []
    original = F.scaled_dot_product_attention

    def watching(query: Tensor, key: Tensor, value: Tensor, *rest: Any, **options: Any) -> Tensor:
        root = math.sqrt(query.shape[-1])
        scale = options.get("scale") or 1 / root
        layers.append((query[0] * (scale * root), key[0], value[0]))  # makes it q k^T / sqrt(d)
        return original(query, key, value, *rest, **options)

    model.eval()
    setattr(F, "scaled_dot_product_attention", watching)
    try:
        output = model(tokens)[0]
    finally:
        setattr(F, "scaled_dot_product_attention", original)
    changed = tokens.clone()
    changed[0, -1] += -1 if changed[0, -1] else 1
    again = model(changed)[0]
    return layers, torch.allclose(output[:, :-1], again[:, :-1], rtol=1e-3, atol=1e-5)


def from_model(args: argparse.Namespace, text: bytes) -> tuple[list[QKV], dict[str, str]]:
    """q, k, v of every layer of a Hugging Face model that reads the text, and metadata."""
    if not hasattr(F, "scaled_dot_product_attention"):
        raise BadInput(f"--model needs PyTorch 2.0 or later, this is {torch.__version__}; "
                       "upgrade it, or leave --model out to train a small model")
    try:
        from transformers import AutoModel, AutoTokenizer  # type: ignore[import]
    except ImportError as error:
        raise BadInput("--model needs the Python module `transformers`; install it, or leave "
                       "--model out to train a small model") from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(args.model)
        model = AutoModel.from_pretrained(args.model, attn_implementation="sdpa")
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot load --model {args.model}: {error}") from error
    model.config.use_cache = False
    limit = getattr(model.config, "max_position_embeddings", args.length)
    if args.length > limit:
        raise BadInput(f"the model reads at most {limit} tokens; lower --length {args.length}")
    ids = torch.tensor(tokenizer(text.decode(errors="replace"))["input_ids"])
    layers, causal = watch(model, window(ids, args, "the text"))
    if not layers:
        raise BadInput(f"{args.model} never calls scaled_dot_product_attention, where this script "
                       "listens; choose another --model")
    return layers, {
        "model": f"{shown(args.model)} ({model.config.model_type})",
        "tokens": f"{args.length} tokens from token {args.offset} of the text",
        "causal": str(causal).lower(),
        "position_encoding": "if rotary, applied to q and k; a mask or bias is not in the file",
    }


# --- Text, heads, file --------------------------------------------------------

def read_text(named: list[Path]) -> tuple[bytes, list[str]]:
    """The text of the files, each once however many links lead to it, and their names."""
    if not named and not DEFAULT_TEXT.is_dir():
        raise BadInput(f"{DEFAULT_TEXT} does not exist; name text files with --text")
    paths = named or sorted(path.resolve() for path in DEFAULT_TEXT.iterdir() if path.is_file())
    unique = {path.resolve(): path for path in paths}.values()
    try:
        return b"\n".join(path.read_bytes() for path in unique), [path.name for path in unique]
    except OSError as error:
        raise BadInput(f"cannot read {error.filename}: {error.strerror}; check --text") from error


def window(tokens: Tensor, args: argparse.Namespace, what: str) -> Tensor:
    """The tokens to capture, as a batch of one."""
    end = args.offset + args.length
    if end > len(tokens):
        raise BadInput(f"{what} has {len(tokens)} tokens, but --offset {args.offset} and --length "
                       f"{args.length} need {end}; lower them or name more --text")
    return tokens[args.offset:end].unsqueeze(0)


def chosen_heads(wanted: list[Head], heads: list[int]) -> list[Head]:
    """The wanted heads, checked; by default head 0 of up to four evenly spaced layers."""
    for layer, head in wanted:
        if layer >= len(heads) or head >= heads[layer]:
            raise BadInput(f"--capture {layer}:{head} is not there; the model has layers 0 to "
                           f"{len(heads) - 1} of {max(heads)} heads, counted from 0")
    count = min(4, len(heads))
    return wanted or [(i * (len(heads) - 1) // max(1, count - 1), 0) for i in range(count)]


def stack(layers: list[QKV], heads: list[Head]) -> list[Tensor]:
    """q, k and v of the heads, each of shape [1, heads, n, d]."""
    picked = []
    for layer, head in heads:
        q, k, v = layers[layer]
        shared = head * len(k) // len(q)  # query heads may share a key/value head
        picked.append((q[head], k[shared], v[shared]))
    if len({x.shape for one in picked for x in one}) > 1:
        raise BadInput("q, k and v of these heads differ in shape; choose others with --capture")
    return [torch.stack(same).unsqueeze(0).float() for same in zip(*picked)]


def write_safetensors(path: Path, tensors: dict[str, Tensor], dtype: str,
                      metadata: dict[str, str]) -> None:
    """Header length, JSON header, data; under a temporary name until all is written."""
    name, real, integer, order = DTYPES[dtype]
    header: dict[str, Any] = {"__metadata__": metadata}
    data = b""
    for key, tensor in tensors.items():
        converted = tensor.to(real).contiguous()
        if not torch.isfinite(converted).all():
            raise BadInput(f"{key} has values that {dtype} cannot hold; try --dtype f32")
        start = len(data)
        data += converted.view(integer).numpy().astype(order).tobytes()
        header[key] = {"dtype": name, "shape": list(tensor.shape),
                       "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(struct.pack("<Q", len(text)) + text + data)
        temporary.replace(path)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}; choose another -o") from error
    finally:
        temporary.unlink(missing_ok=True)


# --- Command line -------------------------------------------------------------

def shown(word: str) -> str:
    """A word of the command line, of an absolute path only the last part."""
    return re.sub(r"^(--[\w-]+=|-o)?/(?:.*/)?(?=.)", r"\1", word)


def head_list(text: str) -> list[Head]:
    if not re.fullmatch(r"\d+:\d+(,\d+:\d+)*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not LAYER:HEAD[,LAYER:HEAD...]")
    return [(int(layer), int(head)) for layer, head in re.findall(r"(\d+):(\d+)", text)]


def at_least(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)
    return parse


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="capture_qkv.py", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)

    def number(group: Any, option: str, default: int | None, least: int, what: str) -> None:
        group.add_argument(option, type=at_least(least), default=default, metavar="N",
                           help=f"{what} (default: {default})")

    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE",
                        help="file to write")
    parser.add_argument("--capture", type=head_list, default=[], metavar="LAYER:HEAD[,...]",
                        help="heads, counted from 0 (default: head 0 of four spaced layers)")
    number(parser, "--length", 1024, 8, "tokens to capture, n")
    number(parser, "--offset", 0, 0,
           "first token, in the held-out text; with --model in all the text")
    parser.add_argument("--dtype", choices=list(DTYPES), default="f16",
                        help="type in the file (default: f16)")
    parser.add_argument("--text", type=Path, nargs="+", default=[], metavar="FILE",
                        help="text to read and, without --model, to train on "
                             f"(default: the licences in {DEFAULT_TEXT})")
    parser.add_argument("--model", metavar="NAME_OR_DIR", help="Hugging Face model to capture from")
    number(parser, "--threads", os.cpu_count(), 1, "threads of PyTorch")
    own = parser.add_argument_group("the small transformer that is trained without --model")
    number(own, "--steps", 1200, 1, "training steps")
    number(own, "--layers", 4, 1, "layers")
    number(own, "--heads", 4, 1, "heads of each layer")
    number(own, "--d-model", 256, 2, "width; a head has size d-model / heads")
    number(own, "--seed", 0, 0, "seed of weights and training")
    return parser.parse_args()


def run(args: argparse.Namespace) -> None:
    if args.output.is_dir() or not os.access(args.output.parent, os.W_OK):
        raise BadInput(f"cannot write {args.output}; name a file in a directory you may write to")
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    text, names = read_text(args.text)
    layers, about = from_model(args, text) if args.model else from_training(args, text)
    heads = chosen_heads(args.capture, [len(q) for q, _, _ in layers])
    tensors = stack(layers, heads)
    write_safetensors(args.output, dict(zip("qkv", tensors)), args.dtype, {
        **about,
        "captured": ",".join(f"{layer}:{head}" for layer, head in heads),
        "scale": f"{1 / math.sqrt(tensors[0].shape[-1]):.9g}",
        "text": " ".join(names),
        "text_sha256": hashlib.sha256(text).hexdigest(),
        "command": shlex.join(["python3", *map(shown, sys.argv)]),
        "threads": str(args.threads),
        "torch": torch.__version__,
    })
    print(f"wrote {args.output}: q, k, v, each {list(tensors[0].shape)}, {args.dtype}",
          file=sys.stderr)


def main() -> int:
    try:
        run(parse_arguments())
    except BadInput as error:
        print(f"capture_qkv: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
