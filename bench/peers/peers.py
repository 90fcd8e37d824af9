"""Times one case of other people's code on the network that run.js wrote: peers.py FOLDER CASE THREADS SECONDS

Prints one JSON line: {"median_ms", "p99_ms", "cpu_ms", "runs"}; with CASE `versions` the versions of what is compared.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import torch
from captum.attr import LRP, GuidedBackprop, IntegratedGradients
from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule, EpsilonRule, IdentityRule
from torch import nn
from zennit.core import Composite, Hook
from zennit.rules import Gamma, Pass, ZBox, ZPlus

warnings.filterwarnings("ignore")
IG_STEPS = 50


class Grid(nn.Module):
    """Expected coordinates of probability maps [1, C, cells] → [1, 2C]."""

    def __init__(self, grid):
        super().__init__()
        self.linear = nn.Linear(*grid.shape, bias=False)
        self.linear.weight = nn.Parameter(grid.T.contiguous())

    def forward(self, p):
        return self.linear(p).flatten(1)


class Levine(nn.Module):
    """The same layers and weights as the ONNX file; images arrive as floats [N, 3, H, W], as its first layer reads them."""

    def __init__(self, path):
        super().__init__()
        model = onnx.load(path)
        weights = {tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy()) for tensor in model.graph.initializer}
        layers, dense = [], []
        for node in model.graph.node:
            if node.op_type == "Conv":
                w, *b = (weights[name] for name in node.input[1:])
                first = lambda name, other: next((a.ints[0] for a in node.attribute if a.name == name), other)
                conv = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], first("strides", 1), first("pads", 0), bias=len(b) > 0)
                conv.weight = nn.Parameter(w)
                if b:
                    conv.bias = nn.Parameter(b[0])
                layers.append(conv)
            elif node.op_type == "Relu" and not dense:
                layers.append(nn.ReLU())
            elif node.op_type == "MatMul":
                w = weights[node.input[1]]
                if not hasattr(self, "grid"):
                    self.grid = Grid(w)
                else:
                    dense.append([w, None])
            elif node.op_type == "Add":
                dense[-1][1] = next(weights[name] for name in node.input if name in weights)
        head = []
        for w, b in dense:
            linear = nn.Linear(*w.shape)
            linear.weight, linear.bias = nn.Parameter(w.T.contiguous()), nn.Parameter(b.flatten())
            head += [linear, nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        self.softmax = nn.Softmax(2)
        self.head = nn.Sequential(*head[:-1])
        self.requires_grad_(False)

    def forward(self, image, configuration):
        maps = self.trunk(image).flatten(2)
        return self.head(torch.cat([self.grid(self.softmax(maps)), configuration], 1))


class Weighted(nn.Module):
    """Σ α sign(τ) τ as one output, for libraries that explain one output at a time."""

    def __init__(self, net, weights):
        super().__init__()
        self.net = net
        self.sum = nn.Linear(len(weights), 1, bias=False)
        self.sum.weight = nn.Parameter(weights[None], requires_grad=False)

    def forward(self, image, configuration):
        return self.sum(self.net(image, configuration))


class Mass(Hook):
    """Hands a channel's relevance to its cells by their probability; Zennit has no rule for a soft-argmax."""

    def forward(self, module, input, output):
        self.stored_tensors["p"] = input[0]

    def backward(self, module, grad_input, grad_output):
        p = self.stored_tensors["p"]
        return (p * grad_output[0].reshape(1, -1, 2).sum(2)[:, :, None],)

    def copy(self):
        return Mass()


def zennit_composite(net, white):
    first = net.trunk[0]
    low, high = torch.zeros(1, 3, 1, 1), torch.full((1, 3, 1, 1), white)

    def rule(ctx, name, module):
        if module is first:
            return ZBox(low, high, zero_params="bias")
        if module is net.head[-1]:
            return Gamma(gamma=1e9, zero_params="bias")
        if module is net.grid:
            return Mass()
        if module is net.grid.linear:
            return None
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            return ZPlus(zero_params="bias")
        if isinstance(module, (nn.ReLU, nn.Softmax)):
            return Pass()
        return None

    return Composite(module_map=rule)


def cases(net, image, configuration, white):
    torque = net(image, configuration)
    alpha = torch.ones(torque.shape[1])
    signed = Weighted(net, alpha * torque[0].sign())
    joints = torque.shape[1]

    def forward():
        with torch.inference_mode():
            net(image, configuration)

    def gradient():
        x, q = image.clone().requires_grad_(), configuration.clone().requires_grad_()
        torch.autograd.grad(signed(x, q), (x, q))

    def zennit():
        x, q = image.clone().requires_grad_(), configuration.clone().requires_grad_()
        with zennit_composite(net, white).context(net) as hooked:
            out = hooked(x, q)
            torch.autograd.grad(out, (x, q), alpha * out.detach().abs())

    def captum_lrp():
        for module in signed.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                module.rule = Alpha1_Beta0_Rule()
            if isinstance(module, nn.Softmax):
                module.rule = IdentityRule()
        signed.sum.rule = EpsilonRule()
        LRP(signed).attribute((image.clone().requires_grad_(), configuration.clone().requires_grad_()))

    def captum_guided():
        x = image.repeat(joints, 1, 1, 1).requires_grad_()
        q = configuration.repeat(joints, 1).requires_grad_()
        GuidedBackprop(net).attribute((x, q), target=list(range(joints)))

    def captum_ig():
        IntegratedGradients(signed).attribute((image, configuration), n_steps=IG_STEPS, internal_batch_size=10)

    return {
        "torch-forward": forward,
        "torch-gradient": gradient,
        "zennit-zplus": zennit,
        "captum-lrp": captum_lrp,
        "captum-guided-backprop": captum_guided,
        "captum-integrated-gradients": captum_ig,
    }


def measure(run, seconds):
    for _ in range(2):
        run()
    times, processor_times = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start, processor_start = time.perf_counter(), time.process_time()
        run()
        times.append(1000 * (time.perf_counter() - start))
        processor_times.append(1000 * (time.process_time() - processor_start))
    return {
        "median_ms": float(np.median(times)),
        "p99_ms": float(np.quantile(times, 0.99)),
        "cpu_ms": float(np.median(processor_times)),
        "runs": len(times),
    }


def main(folder, case, threads, seconds):
    if case == "versions":
        print(json.dumps({name: version(name) for name in ("torch", "zennit", "captum")}))
        return
    torch.set_num_threads(int(threads))
    folder = Path(folder)
    net = Levine(folder / "levine.onnx").eval()
    shapes = json.loads((folder / "observation.json").read_text())
    read = lambda name, kind: torch.from_numpy(np.fromfile(folder / f"{name}.bin", kind).copy()).reshape(shapes[name])
    white = shapes["white"]
    image = read("image", np.uint8).permute(0, 3, 1, 2).float() * (white / 255)
    configuration = read("configuration", np.float32)
    expected = read("torque", np.float32)
    error = float((net(image, configuration) - expected).abs().max() / expected.abs().max())
    if error > 1e-4:
        sys.exit(f"PyTorch's torques differ from onnxruntime's by {error:.1e}")
    print(json.dumps(measure(cases(net, image.contiguous(), configuration, white)[case], float(seconds))))


main(*sys.argv[1:])
