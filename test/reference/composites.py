"""DTD on the policies of architectures.py by functions.py."""

import torch
from architectures import IMAGENET, DiffusionStep, Gaussian
from functions import Relevance, Rule, passed
from torch import nn
from torch_policies import SpatialSoftmax


def methods(name):
    """The ε of each method that there is a reference for; None for DTD."""
    if name.startswith("language-masked"):
        return {}  # A mask of tokens would be a factor of theirs.
    signed = {"lrp-epsilon": 1e-6, "lrp-epsilon:epsilon=0.1": 0.1} if name in SIGNED else {}
    return {"dtd": None, **signed}


# Normalisations stand in the residual stream, or nowhere; float32 is enough for their denominators.
SIGNED = ("transformer-pre-class-ts17", "transformer-pre-mean-dynamo20", "gaussian-mlp-ts13",
          "gaussian-offset-ts17")


def output_weight(policy):
    if isinstance(policy, Gaussian):
        return policy.mean_head.weight
    if isinstance(policy, DiffusionStep):
        return policy.unet.final[-1].weight
    return (policy.head[-1] if isinstance(policy.head, nn.Sequential) else policy.head).weight


def seen_from_reference(policy):
    """The first functions of a policy told what they make of a declared zero, and the range of an image."""
    for name, pixels in policy.pixels.items():
        pixels.forward = image_of(pixels, getattr(policy, "outside", False))
    if hasattr(policy, "mean"):
        policy.normalised = lambda state: state_of(policy, state)
    for module in policy.modules():
        if isinstance(module, SpatialSoftmax):
            module.forward = points_of(module)
    return policy


def image_of(pixels, outside):
    """`outside`: the declared image is normalised already."""
    forward = type(pixels).forward
    mean, std = (torch.tensor(v, dtype=torch.float64).reshape(-1, 1, 1) for v in IMAGENET)
    edges = [(edge - mean) / std if outside else torch.tensor(float(edge)) for edge in pixels.range]

    def run(image):
        with torch._C.DisableTorchFunction():
            plain = image.detach()
            value, (low, high) = forward(pixels, plain), (
                forward(pixels, edge.expand(plain.shape).double()) for edge in edges)
            result = passed_by(value, image, pixels.layout)
            result.bounds = (low, high)
            result.reference = forward(pixels, torch.zeros_like(plain))
            return result

    return run


def passed_by(value, image, layout):
    *lead, a, b, c = range(image.dim())
    if layout == "NCHW":
        return passed(value, image)
    return Rule.apply(value, lambda r: (r.permute(*lead, b, c, a),), image)


def state_of(policy, state):
    with torch._C.DisableTorchFunction():
        result = passed((state.detach() - policy.mean) / policy.std, state)
        result.reference = (-policy.mean / policy.std).expand(state.shape)
        return result


def points_of(module):
    points = module.canonical()

    def run(features):
        with torch._C.DisableTorchFunction():
            logits = features.detach()
            p = points.probabilities(logits)

            def back(r):
                each = r.reshape(1, -1, 2).sum(2) if points.interleaved else r.reshape(1, 2, -1).sum(1)
                return ((p * each[:, :, None]).reshape(logits.shape),)

            return Rule.apply(points(logits), back, features)

    return run


def relevance(policy, inputs, epsilon=None):
    """Rows [J, …] of every input, and what is explained, by DTD or by the ε rule. `inputs`: float64, by name."""
    policy = seen_from_reference(policy)
    tensors = {name: x.clone().requires_grad_(True) for name, x in inputs.items()}
    mode = Relevance(output_weight(policy), epsilon)
    with mode:
        explained = policy.explain(*tensors.values())[0]
    rows = []
    for j, torque in enumerate(explained.detach()):
        mode.sign = (-1 if torque < 0 else 1) * (policy.direction[j] if policy.direction else 1)
        seed = torch.zeros_like(explained)
        seed[j] = torque.abs()
        rows.append(torch.autograd.grad(explained, list(tensors.values()), seed, retain_graph=True, allow_unused=True))
    stacked = [[x if x is not None else torch.zeros_like(v) for x, v in zip(row, inputs.values(), strict=True)] for row in rows]
    return {name: torch.stack([row[i] for row in stacked]) for i, name in enumerate(inputs)}, explained.detach()
