"""Small policies around one operation each: those that must be read, and those that must be refused naming the node."""

import torch
from torch import nn
from torch.nn import functional as F


class Head(nn.Module):
    """A linear layer, an operation, a linear layer."""

    def __init__(self, operation, n=8):
        super().__init__()
        self.first, self.operation, self.last = nn.Linear(4, n), operation, nn.Linear(n, 2)

    def forward(self, configuration):
        return self.last(self.operation(self.first(configuration)))


class Recurrent(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell, self.last = cell, nn.Linear(8, 2)

    def forward(self, configuration):
        return self.last(self.cell(configuration.unsqueeze(1))[0].squeeze(1))


class Images(nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.first, self.operation, self.last = nn.Conv2d(3, 4, 3), operation, nn.LazyLinear(2)

    def forward(self, image):
        return self.last(torch.flatten(self.operation(self.first(image)), 1))


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


class Attention(nn.Module):
    """Two tokens that look at each other."""

    def __init__(self):
        super().__init__()
        self.first, self.attention, self.last = nn.Linear(4, 16), nn.MultiheadAttention(8, 2, batch_first=True), nn.Linear(16, 2)

    def forward(self, configuration):
        tokens = self.first(configuration).unflatten(1, (2, 8))
        return self.last(self.attention(tokens, tokens, tokens, need_weights=False)[0].flatten(1))


def sampled(x):
    """The image read on a regular grid."""
    line = torch.linspace(-1, 1, 4)
    grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1).expand(x.shape[0], 4, 4, 2)
    return F.grid_sample(x, grid, align_corners=False)


def outer(x):
    return torch.einsum("bi,bj,ij->bi", x, x, torch.eye(8))


CONFIGURATION = {"configuration": torch.zeros(1, 4)}
IMAGE = {"image": torch.zeros(1, 3, 10, 8)}

# name: (maker, inputs, exporter, opset)
OPERATORS = {
    "gelu-ts17": (lambda: Head(nn.GELU()), CONFIGURATION, "torchscript", 17),
    "gelu-dynamo20": (lambda: Head(nn.GELU()), CONFIGURATION, "dynamo", 20),
    "elu-ts13": (lambda: Head(nn.ELU()), CONFIGURATION, "torchscript", 13),
    "mish-ts17": (lambda: Head(nn.Mish()), CONFIGURATION, "torchscript", 17),
    "layernorm-ts17": (lambda: Head(nn.LayerNorm(8)), CONFIGURATION, "torchscript", 17),
    "groupnorm-ts17": (lambda: Images(nn.GroupNorm(2, 4)), IMAGE, "torchscript", 17),
    "groupnorm-dynamo21": (lambda: Images(nn.GroupNorm(2, 4)), IMAGE, "dynamo", 21),
    "resize-ts17": (lambda: Images(nn.Upsample(scale_factor=2)), IMAGE, "torchscript", 17),
    "topk-dynamo18": (lambda: Head(Function(lambda x: torch.topk(x, 8).values)), CONFIGURATION, "dynamo", 18),
    "hardswish-ts17": (lambda: Head(Function(F.hardswish)), CONFIGURATION, "torchscript", 17),
    "lstm-ts17": (lambda: Recurrent(nn.LSTM(4, 8, batch_first=True)), CONFIGURATION, "torchscript", 17),
    "gru-ts13": (lambda: Recurrent(nn.GRU(4, 8, batch_first=True)), CONFIGURATION, "torchscript", 13),
    "bidirectional-dynamo18": (
        lambda: Recurrent(nn.LSTM(4, 4, num_layers=2, batch_first=True, bidirectional=True)),
        CONFIGURATION,
        "dynamo",
        18,
    ),
    "einsum-ts17": (lambda: Head(Function(outer)), CONFIGURATION, "torchscript", 17),
    "attention-ts17": (lambda: Attention(), CONFIGURATION, "torchscript", 17),
    "attention-dynamo18": (lambda: Attention(), CONFIGURATION, "dynamo", 18),
    "attention-dynamo23": (lambda: Attention(), CONFIGURATION, "dynamo", 23),
    "transposed-ts17": (lambda: Images(nn.ConvTranspose2d(4, 2, 3, stride=2)), IMAGE, "torchscript", 17),
    "bilinear-dynamo18": (lambda: Images(nn.Upsample(scale_factor=2, mode="bilinear")), IMAGE, "dynamo", 18),
    "reflected-ts17": (lambda: Images(nn.ReflectionPad2d(2)), IMAGE, "torchscript", 17),
    "shuffled-ts17": (lambda: Images(nn.PixelShuffle(2)), IMAGE, "torchscript", 17),
}

# And the operator that the error must name.
UNSUPPORTED = {
    "grid-sample-ts17": (lambda: Images(Function(sampled)), IMAGE, "torchscript", 17, "GridSample"),
    "fourier-dynamo18": (lambda: Head(Function(lambda x: torch.fft.fft(x).real)), CONFIGURATION, "dynamo", 18, "DFT"),
}


def build(make, inputs, exporter, opset):
    torch.manual_seed(0)
    policy = make().eval()
    policy(*inputs.values())
    return policy.requires_grad_(False), inputs, exporter, opset


def expectation(name, model):
    """{operator, node, consumers}: names as in the file."""
    operator = UNSUPPORTED[name][-1]
    node = next(node for node in model.graph.node if node.op_type == operator)
    readers = [n for n in model.graph.node if set(n.input) & set(node.output)]
    return {"operator": operator, "node": node.name, "consumers": [reader.name for reader in readers]}
