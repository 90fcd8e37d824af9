"""Writes the golden files of test/data/reference: python generate.py [--out DIR] [--only TEXT]"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
import zlib
from importlib.metadata import version
from pathlib import Path

sys.dont_write_bytecode = True
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

import dense
import golden_check
import methods
import numpy as np
import onnx
import torch
import zennit_rules
from architectures import ARCHITECTURES
from export import export, opset_of
from fixture import array, write_json, write_model
from record import importance
from record import record as record_architecture
from tf_canonical import POLICIES as TF_POLICIES
from torch_policies import POLICIES
from operators import OPERATORS, UNSUPPORTED, build, expectation

HERE = Path(__file__).parent
CASES = 2


def relative(a, b):
    scale = float(b.abs().max())
    return float((a - b).abs().max()) / scale if scale > 0 else float(a.abs().max())


def parts(of_images, of_configuration):
    return [*of_images, of_configuration]


def explain(name, policy, net, inputs, outputs, alpha):
    """One observation's golden record. `outputs` is the framework's float32 torque [1, J]."""
    images, configuration = policy.prepare(*inputs.values())
    values = net(images, configuration)[0]
    finished = policy.finish(unscaled(policy, values).float())
    error = float((finished - outputs[0]).abs().max())
    assert error < 1e-4 * max(1.0, float(outputs.abs().max())), f"{name}: canonical form is off by {error}"
    seeds = policy.seeds(values)
    of_images, of_configuration, empty = dense.relevance(net, images, configuration, seeds)
    source = "dense"
    if zennit_rules.applies(net):
        strict = parts(*dense.relevance(net, images, configuration, seeds, strict=True)[:2])
        zennit = parts(*zennit_rules.relevance(net, images, configuration, seeds))
        off = max(relative(a, b) for a, b in zip(strict, zennit, strict=True))
        assert off < 1e-9, f"{name}: dense and Zennit differ by {off}"
        if sum(float(r.sum()) for r in zennit) > float(seeds.sum()) * (1 - 1e-9):
            *of_images, of_configuration = zennit
            source = "zennit"
    card_inputs, _ = policy.card()
    relevance, per_torque, modalities = {}, {}, {}
    cameras, start = iter(of_images), 0
    for tensor, entry in card_inputs.items():
        shape = inputs[tensor].shape
        if isinstance(entry, dict):
            r = next(cameras)
            r = r.permute(0, 2, 3, 1) if entry["layout"] == "NHWC" else r
            modalities[entry["modality"]] = r.flatten(1)
        else:
            r = of_configuration[:, start : start + shape.numel()]
            start += shape.numel()
            per_torque[tensor] = array(r.numpy())
            for part in entry:
                modalities[part["modality"]] = r[:, part["start"] : part["start"] + part["size"]]
        summed = torch.einsum("j,j...->...", alpha, r).reshape(shape)
        relevance[tensor] = array((summed.float() if isinstance(entry, dict) else summed).numpy())
    each = torch.stack([(alpha @ r).abs().sum() for r in modalities.values()])
    each_torque = torch.stack([r.abs().sum(1) for r in modalities.values()], 1)
    total = sum(float((alpha @ r).sum()) for r in modalities.values())
    wanted = float(alpha @ seeds)
    return {
        "inputs": {key: array(value.numpy()) for key, value in inputs.items()},
        "outputs": {"torque": array(outputs.numpy())},
        "explained": policy.torques(values).tolist(),
        "seeds": seeds.tolist(),
        "importance": alpha.tolist(),
        "source": source,
        "relevance": relevance,
        "torque_relevance": per_torque,
        "shares": shares(each[None])[0].tolist(),
        "torque_shares": shares(each_torque).tolist(),
        "residual": abs(total - wanted) / wanted if wanted > 0 else 0.0,
        "empty_pool": empty,
    }


def unscaled(policy, values):
    """Undoes the scale that the canonical form has folded in, if it has, before `finish` applies it."""
    isFolded = policy.scale is not None and policy.squash not in ("tanh", "sigmoid")
    return values / policy.scale.double() if isFolded else values


def shares(sums):
    total = sums.sum(1, keepdim=True)
    return torch.where(total > 0, sums / total.masked_fill(total == 0, 1), torch.zeros_like(sums))


def card(name, policy):
    inputs, reference = policy.card()
    return {
        "torquelens_card": 1,
        "name": name,
        "control_period": 0.05,
        "joints": [f"joint_{j + 1}" for j in range(policy.joints)],
        "torque": {"output": "torque", "limits": 10},
        "inputs": inputs,
        **({"reference": reference} if reference else {}),
    }


def modality_names(card):
    entries = card["inputs"].values()
    return [m["modality"] for e in entries for m in ([e] if isinstance(e, dict) else e)]


def record(name, policy, net, cases, exporter, model):
    alpha = importance(name, policy.joints)
    described = card(name, policy)
    return {
        "name": name,
        "exporter": {**exporter, "opset": opset_of(model), "ir": model.ir_version},
        "operators": sorted({node.op_type for node in model.graph.node}),
        "card": described,
        "modalities": modality_names(described),
        "explains": "torque",
        "cases": [explain(name, policy, net, inputs, outputs, alpha) for inputs, outputs in cases],
    }


def torch_policy(name, out):
    make, exporter, opset, dynamic = POLICIES[name]
    torch.manual_seed(zlib.crc32(name.encode()))
    policy = make().eval().requires_grad_(False)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) + 2)
    observations = [policy.inputs(generator) for _ in range(CASES)] + policy.special()
    cases = [(inputs, policy(*inputs.values())) for inputs in observations]
    with tempfile.TemporaryDirectory() as scratch:
        model = export(policy, cases[0][0], exporter, opset, dynamic, f"{scratch}/policy.onnx")
    write_model(out / f"{name}.onnx", model)
    versions = {"framework": f"torch {version('torch')}", "form": exporter}
    return record(name, policy, policy.canonical(), cases, versions, model)


def tensorflow_policy(name, out):
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, HERE / "tf_policies.py", scratch, name]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONHASHSEED": "0"})
        model = onnx.load(f"{scratch}/{name}.onnx")
        arrays = dict(np.load(f"{scratch}/{name}.npz"))
    write_model(out / f"{name}.onnx", model)
    policy = TF_POLICIES[name](arrays).eval()
    versions = {"framework": f"tensorflow {version('tensorflow-cpu')}", "form": f"tf2onnx {version('tf2onnx')}"}
    return record(name, policy, policy.canonical(), policy.observations(), versions, model)


def operators(out):
    """operators/NAME.onnx, unsupported/NAME.onnx and what the reader must say of each of the latter."""
    expectations = {}
    for name, definition in [*OPERATORS.items(), *UNSUPPORTED.items()]:
        folder = out / ("operators" if name in OPERATORS else "unsupported")
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch:
            policy, inputs, exporter, opset = build(*definition[:4])
            model = export(policy, inputs, exporter, opset, False, f"{scratch}/policy.onnx")
        write_model(folder / f"{name}.onnx", model)
        if name in UNSUPPORTED:
            expectations[name] = expectation(name, model)
    write_json(out / "unsupported" / "expected.json", expectations)


def architectures(out, only):
    folder = out / "architectures"
    folder.mkdir(exist_ok=True)
    for name in ARCHITECTURES:
        if only in f"architectures/{name}":
            write_json(folder / f"{name}.json", record_architecture(name, folder))
            print(f"architectures/{name}", flush=True)


def of_methods(out, only):
    """methods/NAME.json: what Zennit, Captum and dense code make of NAME.onnx or architectures/NAME.onnx."""
    folder = out / "methods"
    folder.mkdir(exist_ok=True)
    golden_check.check()
    makers = {name: methods.of_canonical for name in methods.CANONICAL}
    makers |= {name: methods.of_architecture for name in ARCHITECTURES if methods.applies(name)}
    for name, make in makers.items():
        if only in f"methods/{name}":
            write_json(folder / f"{name}.json", make(name))
            print(f"methods/{name}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "data" / "reference")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    warnings.simplefilter("ignore")
    if arguments.only in "operators":
        operators(out)
    architectures(out, arguments.only)
    of_methods(out, arguments.only)
    for name in [*POLICIES, *TF_POLICIES]:
        if arguments.only not in name:
            continue
        fixture = torch_policy(name, out) if name in POLICIES else tensorflow_policy(name, out)
        write_json(out / f"{name}.json", fixture)
        for case in fixture["cases"]:
            print(name, [round(v, 3) for v in case["explained"]], [round(v, 3) for v in case["shares"]],
                  case["source"], f"{case['residual']:.1e}", "empty pool" if case["empty_pool"] else "", flush=True)


if __name__ == "__main__":
    main()
