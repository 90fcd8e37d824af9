"""Outputs of the networks of Nikulin et al. (2019) by PyTorch: test/data/attention-networks.json. python attention_networks.py

The modules are written after the paper's figures and tables. Parameters and image come from formulas that the test
repeats, so that the file holds outputs alone. All in float64.
"""

import json
import math
import os

os.environ.update(OMP_NUM_THREADS="2", CUDA_VISIBLE_DEVICES="")

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
ACTIONS = 4


class Fls(nn.Module):
    def __init__(self, channels, kernel=3, base2=False, norm=False):
        super().__init__()
        self.hidden = nn.Conv2d(channels, 256, kernel, padding=kernel // 2)
        self.places = nn.Conv2d(256, 1, kernel, padding=kernel // 2)
        self.base2, self.norm = base2, norm

    def forward(self, x):
        a = self.places(F.relu(self.hidden(x)))
        a = torch.log2(1 + 2**a) if self.base2 else F.softplus(a, threshold=1e9)
        if self.norm:
            a = a / a.sum((2, 3), keepdim=True)
        return x * a, a


class Daqn(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.hidden, self.places = nn.Conv2d(channels, 256, 1), nn.Conv2d(256, 1, 1)

    def forward(self, x):
        a = self.places(torch.tanh(self.hidden(x)))
        a = F.softmax(a.flatten(1), 1).view_as(a)
        return (x * a).sum((2, 3)), a


class Region(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.hidden, self.places = nn.Conv2d(channels, 512, 1), nn.Conv2d(512, 2, 1)

    def forward(self, x):
        a = self.places(F.elu(self.hidden(F.normalize(x, dim=1))))
        a = F.softmax(a.flatten(2), 2).view_as(a).sum(1, keepdim=True)
        return x * a, a


SPARSE = [(4, 32, 8, 4, 0), (32, 64, 4, 2, 0), (64, 64, 3, 1, 0)]
PADDED = [(4, 32, 8, 4, 1), *SPARSE[1:]]
DENSE = [(4, 32, 7, 1, 3), (32, 64, 5, 1, 2), (64, 64, 3, 1, 1)]


class Net(nn.Module):
    def __init__(self, convolutions, attention=None, after=(3,), pooled=False, linear=False):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, s, p) for i, o, k, s, p in convolutions)
        self.attention = nn.ModuleDict({str(n): attention(convolutions[n - 1][1]) for n in (after if attention else ())})
        self.pooled, self.linear = pooled, linear
        with torch.no_grad():
            size = self.features(torch.zeros(1, 4, 84, 84))[0].shape[1]
        self.hidden, self.policy, self.value = nn.Linear(size, 512), nn.Linear(512, ACTIONS), nn.Linear(512, 1)

    def features(self, x):
        maps = {}
        for n, conv in enumerate(self.convs, 1):
            x = conv(x)
            if not (self.linear and n == len(self.convs)):
                x = F.relu(x)
            if str(n) in self.attention:
                x, maps[n] = self.attention[str(n)](x)
        return (x.sum((2, 3)) if self.pooled else x.flatten(1)), maps

    def forward(self, image):
        x, maps = self.features(image / 255)
        h = F.relu(self.hidden(x))
        return self.policy(h), self.value(h), maps


NETWORKS = {
    "nature": lambda: Net(SPARSE),
    "daqn": lambda: Net(SPARSE, Daqn),
    "rs-ppo": lambda: Net(PADDED, Region),
    "rs-ppo-unpadded": lambda: Net(SPARSE, Region),
    "sparse-fls": lambda: Net(SPARSE, Fls),
    "sparse-fls-pooled": lambda: Net(SPARSE, Fls, pooled=True),
    "sparse-fls-normalised": lambda: Net(SPARSE, lambda c: Fls(c, norm=True)),
    "sparse-fls-1x1": lambda: Net(SPARSE, lambda c: Fls(c, kernel=1)),
    "sparse-fls-softplus2": lambda: Net(SPARSE, lambda c: Fls(c, base2=True)),
    "sparse-fls-linear": lambda: Net(SPARSE, Fls, linear=True),
    "sparse-fls-linear-pooled": lambda: Net(SPARSE, Fls, linear=True, pooled=True),
    "fls-first": lambda: Net(SPARSE, Fls, after=(1,)),
    "fls-each": lambda: Net(SPARSE, Fls, after=(1, 2, 3)),
    "dense-fls-pooled": lambda: Net(DENSE, Fls, pooled=True),
    "dense-fls-linear-pooled": lambda: Net(DENSE, Fls, linear=True, pooled=True),
}

# Receptive fields of the saliency maps in the authors' code: kernel, stride, padding.
FIELDS = {"dense": (13, 1, 6), "first": (8, 4, 0), "sparse": (36, 8, 0)}


def ours(name, net):
    """Our name of a parameter, and whether our matrix is the transpose."""
    part, kind = name.rsplit(".", 1)
    part = part.split(".")
    if part[0] == "convs":
        return f"conv{int(part[1]) + 1}.{kind}", False
    if part[0] == "attention":
        return f"attention{part[1]}.{part[2]}.{kind}", False
    return f"{part[0]}.{kind}", kind == "weight"


def numbers(name, shape):
    """Parameters from a formula of our name and shape: He's size, that of maps eight times as large; biases of 0.05."""
    size = math.prod(shape)
    code = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    noise = torch.sin(torch.arange(1, size + 1) * 12.9898 + code * 0.37) * 43758.5453
    noise = (noise - torch.floor(noise) - 0.5) * math.sqrt(12)
    fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])
    gain = 8 if "places" in name else 1
    return (noise * (gain * math.sqrt(2 / fan_in) if name.endswith("weight") else 0.05)).reshape(shape)


def fill(net):
    with torch.no_grad():
        for name, p in net.named_parameters():
            mine, transposed = ours(name, net)
            shape = tuple(reversed(p.shape)) if transposed else tuple(p.shape)
            values = numbers(mine, shape)
            p.copy_(values.T if transposed else values)


def on_pixels(name, maps):
    if name.startswith("dense"):
        field = FIELDS["dense"]
    elif name in ("fls-first", "fls-each"):
        field = FIELDS["first"]
    else:
        field = FIELDS["sparse"]
    draw = lambda x, k, s, p=0: F.conv_transpose2d(x, torch.ones(1, 1, k, k), stride=s, padding=p)
    first = maps[min(maps)]
    if name == "fls-each":
        first = first + draw(maps[2], 4, 2) + draw(maps[3], 8, 2)
    return draw(first, *field)


def main():
    # Something bright in a corner.
    image = (torch.arange(4 * 84 * 84) * 7919 % 64).double().reshape(1, 4, 84, 84)
    image[:, :, :30, 5:25] += 190
    found = {}
    for name, make in NETWORKS.items():
        net = make()
        fill(net)
        with torch.no_grad():
            policy, value, maps = net(image)
        digits = lambda t: [float(f"{x:.8g}") for x in t.flatten().tolist()]
        case = {
            "parameters": sum(p.numel() for p in net.parameters()),
            "policy": digits(policy), "value": digits(value),
            # A part of a large map.
            "maps": {str(n): digits(m.flatten()[:100]) for n, m in maps.items()},
        }
        if maps and name != "rs-ppo":
            case["pixels"] = digits(on_pixels(name, maps)[0, 0, ::12, ::7])
        found[name] = case
    path = os.path.join(os.path.dirname(__file__), "../data/attention-networks.json")
    with open(path, "w") as file:
        json.dump({"networks": found}, file, separators=(",", ":"))
        file.write("\n")
    print({name: case["parameters"] for name, case in found.items()})


main()
