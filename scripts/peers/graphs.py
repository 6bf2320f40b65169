"""The graphs that onnxruntime runs, one function for each form.

A form takes the problem and gives the graph and its inputs. Tensors are [batch, heads, n, d]; where an operator
wants [batch, n, heads*d], its input is laid out so before the clock starts ("tokens"), and so is its output.
"""
import numpy as np

from onnx_file import Graph

MICROSOFT = "com.microsoft"  # the domain of onnxruntime's own operators
NEVER = -1e30  # a logit that softmax turns into 0; infinite ones may meet as a difference


def tensors(case):
    return [case.batch, case.heads, case.n, case.d]


def tokens(case):
    return [case.batch, case.n, case.heads * case.d]


def start(case, opset=17):
    g = Graph(opset)
    return g, *(g.input(name, tensors(case)) for name in "qkv")


def start_tokens(case, opset=17):
    g = Graph(opset)
    return g, *(g.input(name, tokens(case)) for name in "qkv")


def multihead(case):
    g, q, k, v = start_tokens(case)
    g.node("MultiHeadAttention", q, k, v, domain=MICROSOFT, output="o", num_heads=case.heads, scale=case.scale,
           unidirectional=int(case.causal))
    return g


def grouped_query(case):
    """Causal by definition."""
    g, q, k, v = start_tokens(case)
    last, total = g.constant([case.n - 1] * case.batch, np.int32), g.constant(case.n, np.int32)
    g.node("GroupQueryAttention", q, k, v, "", "", last, total, domain=MICROSOFT, output="o", num_heads=case.heads,
           kv_num_heads=case.heads, scale=case.scale, local_window_size=case.left + 1 if case.left else -1)
    return g


def attention23(case):
    g, q, k, v = start(case, opset=23)
    g.node("Attention", q, k, v, output="o", scale=case.scale, is_causal=int(case.causal))
    return g


def softmax_product(g, case, q, k, v, mask=None, output=None):
    logits = g.node("FusedMatMul", q, k, domain=MICROSOFT, transB=1, alpha=case.scale)
    if mask is not None:
        logits = g.node("Add", logits, mask)
    return g.node("MatMul", g.node("Softmax", logits, axis=-1), v, output=output)


def triangle(rows, columns, left):
    """0 where the row may look, row i standing at column i + columns - rows; left: how far back."""
    distance = np.arange(rows)[:, None] + columns - rows - np.arange(columns)[None, :]
    return np.where((distance >= 0) & (distance <= left), 0, NEVER)


def products(case):
    g, q, k, v = start(case)
    softmax_product(g, case, q, k, v, g.constant(triangle(case.n, case.n, case.n)) if case.causal else None, "o")
    return g


def block_window(case, block):
    """Queries in blocks, each against its own keys and those of the blocks before it that the window reaches.

    Rows before the first whole window are one small piece of their own: keys that do not exist need a mask of
    their own, too, which would be added to every block.
    """
    g, q, k, v = start(case)
    reach = -(-case.left // block)  # blocks back
    first = reach * block
    blocks = case.n // block - reach

    def rows(x, begin, end):
        return g.node("Slice", x, *(g.constant([number], np.int64) for number in (begin, end, 2)))

    def in_blocks(x, width):
        shape = [case.batch, case.heads, blocks, width, case.d]
        return g.node("Reshape", x, g.constant(shape, np.int64))

    def wide(x):
        parts = [in_blocks(rows(x, i * block, i * block + blocks * block), block) for i in range(reach + 1)]
        return g.node("Concat", *parts, axis=3)

    head = softmax_product(g, case, rows(q, 0, first), rows(k, 0, first), rows(v, 0, first),
                           g.constant(triangle(first, first, case.left)))
    rest = softmax_product(g, case, in_blocks(rows(q, first, case.n), block), wide(k), wide(v),
                           g.constant(triangle(block, first + block, case.left)))
    rest = g.node("Reshape", rest, g.constant([case.batch, case.heads, blocks * block, case.d], np.int64))
    g.node("Concat", head, rest, axis=2, output="o")
    return g


def ratio(g, phi, psi, v, eps=None):
    """o = phi (psi^T v) / (phi . sum psi)"""
    state = g.node("FusedMatMul", psi, v, domain=MICROSOFT, transA=1)
    total = g.node("ReduceSum", psi, g.constant([2], np.int64), keepdims=1)
    weight = g.node("FusedMatMul", phi, total, domain=MICROSOFT, transB=1)
    if eps:
        weight = g.node("Add", weight, g.constant(eps))
    g.node("Div", g.node("MatMul", phi, state), weight, output="o")


def linear(case):
    g, q, k, v = start(case)

    def elu1(x):
        return g.node("Add", g.node("Elu", x), g.constant(1.0))

    ratio(g, elu1(q), elu1(k), v, eps=1e-6)
    return g


def performer(case):
    """|q|^2 / 2 is left out of the exponent: it cancels in the ratio."""
    g, q, k, v = start(case)
    w = g.constant(np.load(case.weights["w"]).T * np.float32(case.scale**0.5))
    half = g.node("Mul", g.node("ReduceSumSquare", k, axes=[3], keepdims=1), g.constant(case.scale / 2))
    psi = g.node("Exp", g.node("Sub", g.node("MatMul", k, w), half))
    ratio(g, g.node("Exp", g.node("MatMul", q, w)), psi, v)
    return g


def linformer(case):
    g, q, k, v = start(case)
    e, f = (g.input(name, [case.rank, case.n]) for name in "ef")
    softmax_product(g, case, q, g.node("MatMul", e, k), g.node("MatMul", f, v), output="o")
    return g
