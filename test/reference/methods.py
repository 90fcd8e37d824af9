"""What other people's implementations make of every method on a chosen set of policies (methods/NAME.json)."""

import copy
import zlib
from importlib.metadata import version

import composites
import gradients
import lrp
import rap
import torch
from canonical import Residual
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from fixture import array
from record import build as build_architecture
from record import importance
from subject import Subject
from torch import nn
from torch_policies import POLICIES

CANONICAL = (
    "nature-ts13",
    "nature-maxpool-batchnorm-ts17",
    "nature-overlapping-ts21",
    "nature-average-groups-ts13",
    "nature-residual-ts18",
    "nature-tanh-dynamo21",
    "levine-lerobot-ts13",
    "levine-robomimic-ts17",
    "mlp-reordered-ts13",
    "mlp-reference-ts21",
)
# Those whose images' relevance is kept a channel, not only as a heatmap.
IN_FULL = ("nature-ts13", "levine-lerobot-ts13", "lstm-ts17", "lstm-window-images-dynamo21", "gru-dynamo18",
           "gru-window-images-ts17", "frames-ts17", "frames-stacked-ts13", "frames-stacked-dynamo21", "gaussian-ts17")
# Enough of one kind.
LEFT_OUT = ("frames-dynamo18",)
# Those that Captum explains by gradients too.
DIFFERENTIATED = ("resnet-group-ts17", "resnet-batch-ts13", "act-dynamo18", "transformer-pre-class-ts17",
                  "transformer-post-mean-dynamo18", "transformer-pre-class-dynamo23", "lstm-ts17", "lstm-window-ts14",
                  "gru-dynamo18", "gru-cell-ts17", "diffusion-ts17", "language-ts17", "gaussian-ts17",
                  "gaussian-mlp-ts13", "gaussian-offset-ts17", "frames-stacked-ts13", "sparse-fls-ts17",
                  "query-agent-ts17")
ZENNIT, CAPTUM = f"zennit {version('zennit')}", f"captum {version('captum')}"


def entry(source, summed, each, images, name):
    """Relevance of images in float32, or its sum over the channels."""
    if name in IN_FULL:
        summed = {k: r.float() if k in images else r for k, r in summed.items()}
        maps = {}
    else:
        maps = {k: array(r.sum(int(r.shape[-1] > 3) or -1)[0].float().numpy()) for k, r in summed.items() if k in images}
        summed = {k: r for k, r in summed.items() if k not in images}
    return {
        "source": source,
        "relevance": {k: array(r.numpy()) for k, r in summed.items()},
        **({"heatmap": maps} if maps else {}),
        "torque_relevance": {k: array(r.numpy()) for k, r in each.items()},
    }


def is_well_conditioned(subject, rule):
    """Whether Zennit itself gets the same in float32: contributions may cancel in a denominator without its bias."""
    pairs = zip(lrp.relevance(subject, rule), lrp.relevance(subject.in_float32(), rule), strict=True)
    return all(float((a - b).abs().max()) < 1e-4 * float(a.abs().max()) for a, b in pairs)


def applies(name):
    """Whether there is a reference for a policy of architectures.py."""
    return name not in LEFT_OUT and (name in DIFFERENTIATED or bool(composites.methods(name)))


def of_canonical(name):
    """All methods on one observation of a policy of torch_policies.py."""
    torch.manual_seed(zlib.crc32(name.encode()))
    policy = POLICIES[name][0]().eval().requires_grad_(False)
    inputs = policy.inputs(torch.Generator().manual_seed(zlib.crc32(name.encode()) + 2))
    subject = Subject(policy, policy.canonical(), inputs)
    alpha, images = importance(name, policy.joints), list(inputs)[: len(subject.images)]
    found = {}
    for spec, rule in lrp.LRP.items():
        if lrp.applies(spec, subject) and is_well_conditioned(subject, rule):
            found[spec] = entry(ZENNIT, *subject.relevance(lrp.relevance(subject, rule), alpha), images, name)
    modules = list(subject.net.modules())
    if not any(isinstance(m, (Residual, nn.Tanh)) for m in modules):
        found["rap"] = entry("dense float64", *subject.relevance(rap.relevance(subject), alpha), images, name)
    for spec, run in gradients.GRADIENTS.items():
        if gradients.applies(spec, subject):
            raw = spec in gradients.RAW
            both = spec.startswith(("guided", "deconv"))
            source = f"{CAPTUM}, {ZENNIT}" if both else CAPTUM
            found[spec] = entry(source, *subject.relevance(run(subject), alpha, gradients=raw), images, name)
    if images:
        layer, which = gradients.NAMED.get(name, (None, -1))
        maps = gradients.grad_cam(subject, alpha, which)
        found[f"grad-cam:layer={layer}" if layer else "grad-cam"] = {
            "source": CAPTUM,
            "coarse": {k: array(coarse.numpy()) for k, (coarse, _) in zip(images, maps, strict=True)},
            "heatmap": {k: array(fine.numpy()) for k, (_, fine) in zip(images, maps, strict=True)},
        }
    return document(name, name, alpha, subject.explained, found)


def document(name, policy, alpha, explained, found):
    return {"name": name, "policy": policy, "case": 0, "importance": alpha.tolist(), "explained": explained.tolist(),
            "methods": found}


class Explained(nn.Module):
    """The explained values of a float64 policy, each times its sign. Tokens are given as what they are embedded to."""

    def __init__(self, policy, names, signs=1.0):
        super().__init__()
        self.policy, self.names, self.signs = policy, names, signs

    def forward(self, *inputs):
        return self.policy.explain(*inputs) * self.signs


def of_architecture(name):
    """DTD, and the gradient methods, on one observation of a policy of architectures.py."""
    policy, [inputs, *_] = build_architecture(name)
    policy = policy.in_float64()
    alpha, images = importance(name, policy.joints), list(policy.images)
    explained, found = None, {}
    if name in DIFFERENTIATED:
        explained, found = by_gradients(name, policy, inputs, alpha, images)
    for spec, epsilon in composites.methods(name).items():
        rows, explained = composites.relevance(copy.deepcopy(policy), {k: x.double() for k, x in inputs.items()}, epsilon)
        summed = {k: torch.einsum("j,j...->...", alpha, r) for k, r in rows.items()}
        each = {k: r.flatten(1) for k, r in rows.items() if k not in images}
        found[spec] = entry("dense float64", summed, each, images, name)
    return document(name, f"architectures/{name}", alpha, explained, found)


def by_gradients(name, policy, inputs, alpha, images):
    """The explained values, and the gradient methods by Captum."""
    policy, values = copy.deepcopy(policy), {k: x.double() for k, x in inputs.items()}
    if "tokens" in inputs:
        values["tokens"] = policy.embedding(inputs["tokens"])
        policy.embedding = nn.Identity()
    names, at = list(values), tuple(values.values())
    explained = Explained(policy, names)(*at)[0]
    model = Explained(policy, names, torch.where(explained < 0, -1.0, 1.0).double())

    def each(attribute, raw=False):
        """`raw` gradients of embeddings are multiplied by them: a token has no scale of its own."""
        rows = [attribute(tuple(x.clone().requires_grad_(True) for x in at), j) for j in range(policy.joints)]
        stacked = {k: torch.stack([row[i].detach() for row in rows]) for i, k in enumerate(names)}
        if "tokens" in stacked:
            stacked["tokens"] = (stacked["tokens"] * (values["tokens"] if raw else 1)).sum(-1)
        summed = {k: torch.einsum("j,j...->...", alpha, r) for k, r in stacked.items()}
        return entry(CAPTUM, summed, {k: r.flatten(1) for k, r in stacked.items() if k not in images}, images, name)

    found = {"gradient": each(lambda x, j: Saliency(model).attribute(x, target=j, abs=False), raw=True)}
    if not images or name in IN_FULL:
        found["gradient-x-input"] = each(lambda x, j: InputXGradient(model).attribute(x, target=j))
    # Captum runs all steps as one batch, for which a carried state has its batch in the second axis.
    if not hasattr(policy, "carried") and is_steady(policy, names, at):
        method = IntegratedGradients(model)
        found["integrated-gradients"] = each(lambda x, j: method.attribute(x, target=j, **INTEGRATION))
    return explained, found


INTEGRATION = {"n_steps": gradients.STEPS, "method": gradients.QUADRATURES["midpoint"]}


def is_steady(policy, names, values):
    """Whether PyTorch itself gets the same in float32: near the baseline, winners of max pools are decided by rounding."""
    found = []
    for type_ in (torch.float64, torch.float32):
        model = Explained(copy.deepcopy(policy).to(type_), names)
        at = tuple(x.to(type_).requires_grad_(True) for x in values)
        rows = [IntegratedGradients(model).attribute(at, target=j, **INTEGRATION) for j in range(policy.joints)]
        found.append([torch.cat(parts) for parts in zip(*rows, strict=True)])
    return all(float((a - b).abs().max()) < 1e-5 * float(a.abs().max()) for a, b in zip(*found, strict=True))
