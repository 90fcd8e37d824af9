"""One policy of architectures.py as a fixture: the exported model, its card, observations, outputs."""

import tempfile
import zlib
from importlib.metadata import version

import torch
from architectures import ARCHITECTURES
from export import export, opset_of
from fixture import array, write_model

CASES = 2
# Observations with large images are kept once.
LARGE = 4096

# The exporters know attention's operators, not its fused kernel.
torch.backends.mha.set_fastpath_enabled(False)


def build(name):
    """(policy, observations), the same ones every time."""
    make, *_ = ARCHITECTURES[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    policy = make().eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + 2)
    observations = [policy.inputs(generator) for _ in range(CASES)]
    size = sum(x.numel() * x.element_size() for x in observations[0].values())
    return policy, observations[:1] if size > LARGE else observations


def in_double(inputs):
    return [x.double() if x.is_floating_point() else x for x in inputs.values()]


def importance(name, joints):
    """α, positive, Σα = J."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + 1)
    alpha = torch.rand(joints, dtype=torch.float64, generator=generator) + 0.2
    return alpha * (joints / alpha.sum())


def outputs_of(policy, inputs):
    result = policy(*inputs.values())
    return dict(zip(policy.outputs, result if isinstance(result, tuple) else (result,), strict=True))


def case(policy, inputs):
    return {
        "inputs": {key: array(value.numpy()) for key, value in inputs.items()},
        "outputs": {key: array(value.numpy()) for key, value in outputs_of(policy, inputs).items()},
        "explained": policy.in_float64().explain(*in_double(inputs))[0].tolist(),
    }


def card(name, policy):
    return {
        "torquelens_card": 1,
        "name": name,
        "control_period": 0.05,
        "joints": [f"joint_{j + 1}" for j in range(policy.joints)],
        "torque": {**policy.torque, "limits": 10},
        "inputs": policy.card(),
        **({"state": policy.carried} if hasattr(policy, "carried") else {}),
    }


def record(name, out):
    """Writes NAME.onnx, gives what NAME.json holds."""
    _, exporter, opset = ARCHITECTURES[name]
    policy, observations = build(name)
    with tempfile.TemporaryDirectory() as scratch:
        model = export(policy, observations[0], exporter, opset, False, f"{scratch}/policy.onnx", policy.outputs)
    write_model(out / f"{name}.onnx", model)
    return {
        "name": name,
        "exporter": {"framework": f"torch {version('torch')}", "form": exporter, "opset": opset_of(model),
                     "ir": model.ir_version},
        "operators": sorted({node.op_type for node in model.graph.node}),
        "card": card(name, policy),
        "explains": "torque",
        "importance": importance(name, policy.joints).tolist(),
        "cases": [case(policy, inputs) for inputs in observations],
    }
