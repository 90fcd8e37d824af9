"""Networks of public packages with random weights, and what PyTorch makes of them in float64: `python package_policies.py OUT`.

Builds small policies with the packages' own classes (requirements-packages.txt pins them), exports each with PyTorch's
TorchScript exporter, and writes OUT/NAME.onnx and OUT/NAME.json in the format of public_policies.py: observations, outputs,
gradients, Captum's integrated gradients and guided backprop, and Zennit's z+ where a network consists of what they know.
`npm run conformance:packages -- OUT` compares. Nothing of it is committed.
"""

import argparse
import copy
import json
import traceback
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path

import torch
from captum.attr import GuidedBackprop, IntegratedGradients
from packages import POLICIES
from torch import nn
from torch.utils._pytree import tree_map
from zennit.composites import LayerMapComposite
from zennit.rules import Pass, ZPlus
from zennit.types import Activation, Convolution, Linear

OBSERVATIONS = 2
STEPS = 16


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", help="these alone")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, (package, build) in POLICIES.items():
        if options.only and name not in options.only:
            continue
        torch.manual_seed(zlib.crc32(name.encode()))
        try:
            policy, inputs = build()
            write(options.out, name, f"{package} {version(package)}", policy.eval().requires_grad_(False), inputs)
            print(name)
        except Exception:
            traceback.print_exc()
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def write(out, name, package, policy, inputs):
    """`inputs` draws an observation: tensors by the names of the policy's arguments."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + 1)
    observations = [inputs(generator) for _ in range(OBSERVATIONS)]
    names = list(observations[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            policy,
            tuple(observations[0].values()),
            str(out / f"{name}.onnx"),
            input_names=names,
            output_names=["torque"],
            opset_version=17,
            dynamo=False,
        )
    exact = in_float64(policy)
    document = {
        "name": name,
        "package": package,
        "torque": "torque",
        "inputs": {key: {"shape": list(x.shape)} for key, x in observations[0].items()},
        "steps": STEPS,
        "cases": [case(exact, {key: x.double() for key, x in each.items()}) for each in observations],
    }
    (out / f"{name}.json").write_text(json.dumps(document))


def as_weights(layer, given):
    kind = next(layer.parameters()).dtype
    return tree_map(lambda x: x.to(kind), given)


def in_float64(policy):
    """A copy; what a package makes in float32 itself (steps, latents of zeros) is converted where a layer reads it."""
    exact = copy.deepcopy(policy).double()
    for layer in exact.modules():
        if isinstance(layer, (nn.Linear, nn.RNNBase)):
            layer.register_forward_pre_hook(as_weights)
    return exact


def case(policy, observation):
    names, values = list(observation), tuple(observation.values())
    tau = policy(*values).flatten()
    signs = [-1.0 if value < 0 else 1.0 for value in tau.tolist()]
    slopes = gradients(policy, values, signs)
    methods = {
        "gradient": slopes,
        "gradient-x-input": [row * x.flatten() for row, x in zip(slopes, values, strict=True)],
        **integrated(policy, values, signs),
        **guided(policy, values, signs),
        **supported(policy, values, tau, signs),
    }
    return {
        "inputs": {key: x.flatten().tolist() for key, x in observation.items()},
        "torque": tau.tolist(),
        "methods": {
            method: {name: each.flatten().tolist() for name, each in zip(names, rows, strict=True)}
            for method, rows in methods.items()
        },
        "without_dtd": [],
    }


def rows_of(outputs, values, seeds):
    """Rows [J, n] by input of what autograd hands back for each output with its seed."""
    rows = [[] for _ in values]
    for j, seed in enumerate(seeds):
        start = torch.zeros_like(outputs).flatten()
        start[j] = seed
        found = torch.autograd.grad(outputs, values, start.reshape(outputs.shape), retain_graph=True, allow_unused=True)
        for row, x, each in zip(rows, values, found, strict=True):
            row.append(torch.zeros(x.numel()).double() if each is None else each.flatten())
    return [torch.stack(each) for each in rows]


def gradients(policy, values, signs):
    leaves = [x.clone().requires_grad_(True) for x in values]
    return rows_of(policy(*leaves), leaves, signs)


class Flat(nn.Module):
    """The outputs as [N, J], each times its sign, for inputs that may be a batch of observations."""

    def __init__(self, policy, signs):
        super().__init__()
        self.policy, self.signs = policy, torch.tensor(signs).double()

    def forward(self, *inputs):
        each = [self.policy(*(x[i : i + 1] for x in inputs)).flatten() for i in range(len(inputs[0]))]
        return torch.stack(each) * self.signs


def integrated(policy, values, signs):
    """By Captum, where its own float32 finds the same: near a black picture rounding may decide the winner of a max pool."""

    def rows(kind):
        method = IntegratedGradients(Flat(copy.deepcopy(policy).to(kind), signs))
        given = tuple(x.to(kind) for x in values)
        each = [
            method.attribute(given, target=j, n_steps=STEPS, method="riemann_middle", internal_batch_size=1)
            for j in range(len(signs))
        ]
        return [torch.stack([row[i].flatten() for row in each]).double() for i in range(len(values))]

    exact = rows(torch.float64)
    pooled = any(isinstance(module, nn.MaxPool2d) for module in policy.modules())
    if pooled and any(
        (a - b).abs().max() > 1e-4 * a.abs().max() for a, b in zip(exact, rows(torch.float32), strict=True)
    ):
        return {}
    return {f"integrated-gradients:steps={STEPS}": exact}


def guided(policy, values, signs):
    """By Captum, of networks whose only activations are ReLU modules."""
    kinds = [type(module) for module in policy.modules() if not list(module.children())]
    if nn.ReLU not in kinds or not set(kinds) <= {nn.ReLU, nn.Linear, nn.Conv2d, nn.Flatten, nn.Identity, nn.MaxPool2d}:
        return {}
    network = copy.deepcopy(policy)
    method = GuidedBackprop(Flat(network, signs))
    rows = [method.attribute(tuple(x.clone() for x in values), target=j) for j in range(len(signs))]
    return {"guided-backprop:raw=true": [torch.stack([row[i].flatten() for row in rows]) for i in range(len(values))]}


def supported(policy, values, tau, signs):
    """z+ in every layer by Zennit, of chains of layers and activations; the last layer seen with each torque's sign."""
    chain = getattr(policy, "chain", None)
    if chain is None:
        return {}
    rows = [[] for _ in values]
    for sign in (-1.0, 1.0):
        network = copy.deepcopy(policy)
        last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
        with torch.no_grad():
            last.weight *= sign
            last.bias *= sign
        positive = ZPlus(stabilizer=1e-200, zero_params="bias")
        rule = [(Convolution, positive), (Linear, positive), (Activation, Pass())]
        leaves = [x.clone().requires_grad_(True) for x in values]
        with LayerMapComposite(rule).context(network) as modified:
            found = rows_of(modified(*leaves), leaves, tau.abs().tolist())
        for row, each in zip(rows, found, strict=True):
            row.append(each)
    pick = torch.tensor(signs) > 0
    return {"excitation-backprop": [torch.where(pick[:, None], plus, minus) for minus, plus in rows]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # Written out, attention can be exported.
    torch.backends.mha.set_fastpath_enabled(False)
    main()
