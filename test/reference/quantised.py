"""Policies as onnxruntime's quantisers write them, with the torques that onnxruntime computes of them.

Beside each, NAME.float.onnx: the same network in floating point with the quantised weights' values.
"""

import argparse
import json
import os
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from export import export

FOLDER = os.path.join(os.path.dirname(__file__), "../data/reference/quantised")


class Dense(torch.nn.Module):
    """A product with a matrix and a bias, as MatMul and Add: the quantiser keeps the matrix's name."""

    def __init__(self, n, m):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(n, m) / n**0.5)
        self.bias = torch.nn.Parameter(0.1 * torch.randn(m))

    def forward(self, x):
        return torch.matmul(x, self.weight) + self.bias


class Layers(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(Dense(6, 16), torch.nn.ReLU(), Dense(16, 12), torch.nn.Tanh(), Dense(12, 3))

    inputs = {"state": (1, 6)}

    def forward(self, state):
        return self.layers(state)


class Vision(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3), torch.nn.ReLU()
        )
        self.head = torch.nn.Sequential(Dense(8 * 36 + 4, 16), torch.nn.ReLU(), Dense(16, 3))

    inputs = {"image": (1, 3, 16, 16), "state": (1, 4)}

    def forward(self, image, state):
        return self.head(torch.cat([self.encoder(image).flatten(1), state], 1))


class Tokens(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.qkv, self.out, self.head = Dense(3, 8), Dense(8, 24), Dense(8, 8), Dense(8, 2)

    inputs = {"state": (1, 4, 3)}

    def forward(self, state):
        x = torch.relu(self.embed(state))
        q, k, v = (part.reshape(1, 4, 2, 4).transpose(1, 2) for part in self.qkv(x).split(8, 2))
        mixed = torch.softmax(q @ k.transpose(2, 3) / 2, -1) @ v
        return self.head(torch.relu(x + self.out(mixed.transpose(1, 2).reshape(1, 4, 8))).mean(1))


class Memory(torch.nn.Module):
    """The last state of an LSTM over some ticks, both directions joined where there are two."""

    def __init__(self, both):
        super().__init__()
        self.recurrent = torch.nn.LSTM(4, 6, bidirectional=both)
        self.head = Dense(12 if both else 6, 2)

    inputs = {"state": (5, 1, 4)}

    def forward(self, state):
        sequence, _ = self.recurrent(state)
        return self.head(sequence[-1])


def in_bits(bits, **options):
    """Weights of a few bits in blocks, by onnxruntime's quantiser of matrix products."""

    def quantise(path, out):
        quantiser = MatMulNBitsQuantizer(onnx.load(path), bits=bits, **options)
        quantiser.process()
        quantiser.model.save_model_to_file(out)

    return quantise


VARIANTS = {
    "memory-int8": (lambda: Memory(False), {"weight_type": QuantType.QInt8}),
    "memory-both-channels": (lambda: Memory(True), {"weight_type": QuantType.QInt8, "per_channel": True}),
    "layers-4-bits": (Layers, in_bits(4, block_size=16, is_symmetric=True)),
    "tokens-4-bits-zeros": (Tokens, in_bits(4, block_size=16, is_symmetric=False)),
    "layers-8-bits": (Layers, in_bits(8, block_size=16, is_symmetric=False)),
    "layers-uint8": (Layers, {"weight_type": QuantType.QUInt8}),
    "layers-channels": (Layers, {"weight_type": QuantType.QInt8, "per_channel": True}),
    "vision-uint8": (Vision, {"weight_type": QuantType.QUInt8}),
    "tokens-int8": (Tokens, {"weight_type": QuantType.QInt8}),
}


def session_of(path, saved=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    if saved:
        options.optimized_model_filepath = saved
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def dequantised(plain, quantised):
    """The plain network with the values of the quantised weights."""
    found = {i.name: numpy_helper.to_array(i) for i in quantised.graph.initializer}
    for weight in plain.graph.initializer:
        bytes_ = found.get(f"{weight.name}_quantized")
        blocks = next((n for n in quantised.graph.node if n.op_type == "MatMulNBits" and n.input[1].startswith(f"{weight.name}_")), None)
        if blocks is not None:
            values = of_blocks(blocks, found)
        elif bytes_ is None:
            continue
        else:
            scale, zero = (found[f"{weight.name}_{what}"].astype(np.float64) for what in ("scale", "zero_point"))
            # Of an LSTM a direction has one, or one for each column.
            if bytes_.ndim == 3:
                scale, zero = (x.reshape(bytes_.shape[0], 1, -1) for x in (scale, zero))
            values = (bytes_.astype(np.float64) - zero) * scale
            # An LSTM's weights are turned.
            values = values.transpose(0, 2, 1) if bytes_.ndim == 3 else values
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float32), weight.name))
    return plain


def of_blocks(node, found):
    """[K, N] of a MatMulNBits' weight."""
    options = {a.name: a.i for a in node.attribute}
    n, k, bits, block = (options[name] for name in ("N", "K", "bits", "block_size"))
    blocks = -(-k // block)

    def unpacked(values, columns):
        rows = values.reshape(n, -1)
        parts = [(rows >> shift) & (2**bits - 1) for shift in range(0, 8, bits)]
        return np.stack(parts, -1).reshape(n, -1)[:, :columns].astype(np.float64)

    steps = unpacked(found[node.input[1]], blocks * block).reshape(n, blocks, block)
    zeros = unpacked(found[node.input[3]], blocks) if len(node.input) > 3 and node.input[3] else np.full((n, blocks), 2.0 ** (bits - 1))
    scale = found[node.input[2]].reshape(n, blocks).astype(np.float64)
    return ((steps - zeros[..., None]) * scale[..., None]).reshape(n, -1)[:, :k].T


def write(name, network, options, folder):
    torch.manual_seed(len(name))
    policy = network().eval()
    generator = np.random.default_rng(len(name))
    cases = []
    for _ in range(2):
        drawn = {
            k: generator.uniform(0 if k == "image" else -1, 1, shape).round(3).astype(np.float32)
            for k, shape in policy.inputs.items()
        }
        cases.append(drawn)
    with tempfile.TemporaryDirectory() as temporary:
        path = os.path.join(temporary, "plain.onnx")
        example = {k: torch.from_numpy(x) for k, x in cases[0].items()}
        plain = export(policy, example, "torchscript", 17, False, path)
        quantised = os.path.join(folder, f"{name}.onnx")
        if callable(options):
            options(path, quantised)
        else:
            quantize_dynamic(path, quantised, **options)
        made = onnx.load(quantised)
        onnx.save(dequantised(plain, made), os.path.join(folder, f"{name}.float.onnx"))
        session_of(quantised, os.path.join(folder, f"{name}-fused.onnx"))
    for file in (name, f"{name}-fused"):
        path = os.path.join(folder, f"{file}.onnx")
        session = session_of(path)
        record = {
            "versions": {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__},
            "operators": sorted({f"{n.domain}.{n.op_type}".lstrip(".") for n in onnx.load(path).graph.node}),
            "float": f"{name}.float.onnx",
            "cases": [
                {
                    "inputs": {k: {"shape": x.shape, "values": x.ravel().astype(float).round(3).tolist()} for k, x in case.items()},
                    "torque": session.run(None, case)[0].ravel().tolist(),
                }
                for case in cases
            ],
        }
        with open(os.path.join(folder, f"{file}.json"), "w") as out:
            json.dump(record, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=FOLDER)
    folder = parser.parse_args().out
    os.makedirs(folder, exist_ok=True)
    for name, (network, options) in VARIANTS.items():
        write(name, network, options, folder)
