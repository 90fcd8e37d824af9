"""Holds rap.py against the numbers of the authors' own code (test/data/golden_vectors.json, net A)."""

import json
from pathlib import Path
from types import SimpleNamespace

import rap
import torch
from canonical import Canonical
from torch import nn

GOLDEN = Path(__file__).parent.parent / "data" / "golden_vectors.json"


def net_a(weights):
    conv1, conv2 = nn.Conv2d(3, 2, 3, padding=1), nn.Conv2d(2, 3, 3, padding=1)
    fc1, fc2 = nn.Linear(12, 4), nn.Linear(4, 2)
    for name, layer in {"conv1": conv1, "conv2": conv2, "fc1": fc1, "fc2": fc2}.items():
        layer.double().requires_grad_(False)
        layer.weight.copy_(torch.tensor(weights[f"{name}.w"]))
        layer.bias.copy_(torch.tensor(weights[f"{name}.b"]))
    trunk = nn.Sequential(conv1, nn.ReLU(), conv2, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    return Canonical([trunk], [torch.zeros(3)], [torch.ones(3)], nn.Sequential(fc1, nn.ReLU(), fc2))


def check():
    """@throws AssertionError where the largest difference is above 1e-8 of the largest relevance."""
    golden = json.loads(GOLDEN.read_text())
    torch.set_default_dtype(torch.float64)
    net, image = net_a(golden["weights"]), torch.tensor(golden["x"])
    empty = torch.zeros(1, 0)
    explained = net([image], empty)[0]
    torch.set_default_dtype(torch.float32)
    ranges = [(image.min().expand(3), image.max().expand(3))]
    subject = SimpleNamespace(net=net, images=[image], ranges=ranges, configuration=empty, explained=explained)
    [found, _] = rap.relevance(subject)
    for k, expected in enumerate(golden["rap_reference_seed_onehot_k"]):
        if explained[k] < 0:
            continue  # The authors' dense layers treat negative relevance unlike their convolutions; ours turn the sign.
        expected = torch.tensor(expected, dtype=torch.float64)
        off = float((found[k] - expected).abs().max() / expected.abs().max())
        assert off < 1e-8, f"RAP is {off} off the authors' numbers for output {k}"
