"""Gradients of losses that contain an input gradient, by PyTorch's create_graph in float64.

python second_gradients.py writes test/data/reference/second-gradients.json. Weights, images, teachers and masks are
`randoms` of test/evaluate.ts, so that the file holds results alone.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
OUT = Path(__file__).parent.parent / "data/reference/second-gradients.json"
THRESHOLD = 0.1


def randoms(shape, seed, low=-1.0, high=1.0):
    """Float32 numbers of mulberry32, as test/evaluate.ts draws them."""
    word = 0xFFFFFFFF
    state = seed & word
    values = []
    for _ in range(torch.Size(shape).numel()):
        state = (state + 0x6D2B79F5) & word
        mixed = ((state ^ (state >> 15)) * (1 | state)) & word
        mixed = ((mixed + (((mixed ^ (mixed >> 7)) * (61 | mixed)) & word)) & word) ^ mixed
        values.append(low + (high - low) * ((mixed ^ (mixed >> 14)) & word) / 2**32)
    return torch.tensor(values, dtype=torch.float32).double().reshape(shape)


def levine(p, image, configuration):
    """Levine et al. 2016 as src/train/network/network.ts builds it, torques as parts of their limits."""
    x = F.relu(F.conv2d(image, p["conv1.weight"], stride=2))
    x = F.relu(F.conv2d(x, p["conv2.weight"], padding=2))
    maps = F.conv2d(x, p["conv3.weight"], padding=2)
    _, channels, rows, columns = maps.shape
    probability = torch.softmax(maps.flatten(2), 2)
    y, x = torch.meshgrid(torch.linspace(-1, 1, rows), torch.linspace(-1, 1, columns), indexing="ij")
    points = probability @ torch.stack([x.flatten(), y.flatten()], 1)
    x = torch.cat([points.reshape(1, 2 * channels), configuration], 1)
    x = F.relu(x @ p["fc1.weight"] + p["fc1.bias"])
    x = F.relu(x @ p["fc2.weight"] + p["fc2.bias"])
    return x @ p["fc3.weight"] + p["fc3.bias"]


def choosing(p, image, _):
    """Three convolutions and two linear layers to logits, as the paper's policies."""
    x = F.relu(F.conv2d(image, p["conv1.weight"], p["conv1.bias"], stride=2))
    x = F.relu(F.conv2d(x, p["conv2.weight"], p["conv2.bias"], stride=2))
    x = F.relu(F.conv2d(x, p["conv3.weight"], p["conv3.bias"]))
    x = F.relu(F.linear(x.flatten(1), p["fc1.weight"], p["fc1.bias"]))
    return F.linear(x, p["fc2.weight"], p["fc2.bias"])


def normalising(p, image, _):
    """Strided and dilated convolution, BatchNorm of constant statistics, GroupNorm, pooling, LayerNorm, softmax, tanh."""
    x = F.conv2d(image, p["conv1.weight"], p["conv1.bias"], stride=2, dilation=2)
    mean, var = randoms([4], 91, -0.1, 0.1), randoms([4], 92, 0.5, 1.5)
    x = F.gelu(F.batch_norm(x, mean, var, p["batch.weight"], p["batch.bias"], eps=1e-3))
    x = F.silu(F.group_norm(x, 2, p["group.weight"], p["group.bias"], eps=1e-2))
    x = F.avg_pool2d(x, 3).flatten(1)
    x = F.layer_norm(x, [x.shape[1]], p["layer.weight"], p["layer.bias"], eps=1e-2)
    x = torch.tanh(F.linear(x, p["fc1.weight"], p["fc1.bias"]))
    x = x * torch.softmax(x, 1)
    return F.linear(x, p["fc2.weight"], p["fc2.bias"])


CONVOLUTIONS = {"conv1.weight": [4, 3, 5, 5], "conv1.bias": [4], "conv2.weight": [4, 4, 3, 3], "conv2.bias": [4],
                "conv3.weight": [4, 4, 3, 3], "conv3.bias": [4]}
NETWORKS = {
    "levine": (levine, "torques", [1, 3, 20, 18], 4, {
        "conv1.weight": [4, 3, 7, 7], "conv2.weight": [4, 4, 5, 5], "conv3.weight": [3, 4, 5, 5], "fc1.weight": [10, 8],
        "fc1.bias": [8], "fc2.weight": [8, 8], "fc2.bias": [8], "fc3.weight": [8, 2], "fc3.bias": [2]}),
    "choosing": (choosing, "logits", [1, 3, 19, 19], 0,
                 {**CONVOLUTIONS, "fc1.weight": [10, 4], "fc1.bias": [10], "fc2.weight": [4, 10], "fc2.bias": [4]}),
    "normalising": (normalising, "logits", [1, 3, 15, 15], 0, {
        "conv1.weight": [4, 3, 3, 3], "conv1.bias": [4], "batch.weight": [4], "batch.bias": [4], "group.weight": [4],
        "group.bias": [4], "layer.weight": [16], "layer.bias": [16], "fc1.weight": [8, 16], "fc1.bias": [8],
        "fc2.weight": [4, 8], "fc2.bias": [4]}),
}


def record(name):
    network, kind, size, configuration, shapes = NETWORKS[name]
    p = {}
    for i, (key, shape) in enumerate(shapes.items()):
        # Norms' weights around 1; weights of the size that He et al. 2015 give.
        norm = key.split(".")[0] in ("batch", "group", "layer") and key.endswith("weight")
        fan = shape[0] if len(shape) == 2 and name == "levine" else torch.Size(shape[1:]).numel()
        most = (6 / fan) ** 0.5 if len(shape) > 1 else 0.2
        p[key] = randoms(shape, i + 1, *((0.5, 1.5) if norm else (-most, most))).requires_grad_(True)
    image = randoms(size, 50, 0, 1).requires_grad_(True)
    outputs = network(p, image, randoms([1, configuration], 51) if configuration else None)
    answers = outputs if kind == "torques" else torch.softmax(outputs, 1)
    # Eq. 2: π times its gradient, and both depend on the parameters.
    slope = torch.autograd.grad((0.5 * answers**2).sum(), image, create_graph=True)[0]
    size_of = slope.abs()
    saliency = size_of / size_of.max()
    mask = (THRESHOLD - randoms(size[2:], 52, 0, 0.3) >= 0).double()
    penalty = (mask * saliency).mean()
    share = (mask * size_of).sum() / size_of.sum()
    teacher = randoms(list(outputs.shape), 53)
    if kind == "torques":
        distance = ((answers - teacher) ** 2).mean()
    else:
        teacher = torch.softmax(teacher, 1)
        distance = (teacher * (teacher.log() - torch.log_softmax(outputs, 1))).sum()
    names = list(p)

    def gradients(loss):
        found = torch.autograd.grad(loss, [p[key] for key in names], retain_graph=True, allow_unused=True)
        return {key: [] if g is None else [float(f"{v:.8g}") for v in g.flatten().tolist()]
                for key, g in zip(names, found, strict=True)}

    losses = {"regulariser": penalty, "share": share, "distance": distance}
    return {**{key: loss.item() for key, loss in losses.items()}, "outputs": outputs.flatten().tolist(),
            "gradients": {key: gradients(loss) for key, loss in losses.items()}}


if __name__ == "__main__":
    golden = {"torch": torch.__version__.split("+")[0], **{name: record(name) for name in NETWORKS}}
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    sys.stdout.write(f"{OUT}: {OUT.stat().st_size} bytes\n")
