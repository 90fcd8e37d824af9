"""Policies as onnxruntime's dynamic quantiser writes them, with the torques that onnxruntime computes of them.

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


VARIANTS = {
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
        if bytes_ is None:
            continue
        scale, zero = (found[f"{weight.name}_{what}"].astype(np.float64) for what in ("scale", "zero_point"))
        values = (bytes_.astype(np.float64) - zero) * scale
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float32), weight.name))
    return plain


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
