"""Writes .onnx files: the few messages of onnx.proto that a graph of nodes and constants needs.

onnx.proto is protocol buffers: a message is a row of fields, each a number with a wire type (0 varint, 2 bytes,
5 four bytes) and a value.
"""
import struct

import numpy as np

FLOAT, INT32, INT64 = 1, 6, 7  # TensorProto.DataType
ELEMENT = {np.dtype("float32"): FLOAT, np.dtype("int32"): INT32, np.dtype("int64"): INT64}


def varint(value):
    value &= (1 << 64) - 1  # negative numbers are sent as 64 bits
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    if isinstance(value, float):
        kind, body = 1, field(2, value)
    elif isinstance(value, int):
        kind, body = 2, field(3, value)
    else:
        kind, body = 7, b"".join(field(8, i) for i in value)
    return field(1, name) + body + field(20, kind)


def tensor(name, array):
    array = np.ascontiguousarray(array)
    dims = b"".join(field(1, size) for size in array.shape)
    return dims + field(2, ELEMENT[array.dtype]) + field(8, name) + field(9, array.tobytes())


def value_info(name, shape):
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, FLOAT) + field(2, dims)))


class Graph:
    """Nodes in the order of their making; names of values are made up where none is given."""

    def __init__(self, opset):
        self.opset, self.body, self.count = opset, b"", 0

    def input(self, name, shape):
        self.body += field(11, value_info(name, shape))
        return name

    def constant(self, values, dtype=np.float32):
        name = self.fresh()
        self.body += field(5, tensor(name, np.asarray(values, dtype)))
        return name

    def node(self, op, *inputs, domain="", output=None, **attributes):
        output = output or self.fresh()
        body = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, op)
        body += b"".join(field(5, attribute(name, value)) for name, value in attributes.items())
        self.body += field(1, body + (field(7, domain) if domain else b""))
        return output

    def output(self, name, shape):
        self.body += field(12, value_info(name, shape))

    def fresh(self):
        self.count += 1
        return f"x{self.count}"

    def save(self, path):
        opsets = [field(2, self.opset), field(1, "com.microsoft") + field(2, 1)]
        model = field(1, 10) + field(2, "attnbench") + field(7, self.body + field(2, "attention"))
        with open(path, "wb") as file:
            file.write(model + b"".join(field(8, opset) for opset in opsets))
