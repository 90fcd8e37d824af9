"""The form of a policy that relevance is defined on (float64, preprocessing folded away).

Every policy module can say its canonical form: convolutional trunks whose input is the image as the first convolution
sees it, an optional trunk of the configuration, and a head on their concatenation whose last layer is linear. The
configuration is in the physical units of the declared input, measured from the reference; whatever the policy does to
it before its first layer (mean, standard deviation, BatchNorm) is folded into that layer. `generate.py` checks that the
canonical form gives the framework's outputs.
"""

import copy

import torch
from torch import nn


class SoftArgmax(nn.Module):
    """[B, C, H, W] → feature points [B, 2C]: expected coordinates under softmax(logits / temperature)."""

    def __init__(self, x, y, temperature=1.0, interleaved=True):
        super().__init__()
        self.x, self.y = x.double().flatten(), y.double().flatten()
        self.temperature, self.interleaved = temperature, interleaved

    def probabilities(self, logits):
        return torch.softmax(logits.flatten(2) / self.temperature, -1)

    def forward(self, logits):
        p = self.probabilities(logits)
        x, y = (p * self.x).sum(-1), (p * self.y).sum(-1)
        return torch.stack([x, y], -1).flatten(1) if self.interleaved else torch.cat([x, y], 1)


class ChannelsLast(nn.Module):
    """[B, C, H, W] → [B, H, W, C], as TensorFlow flattens."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1)


class Residual(nn.Module):
    """body(x) + skip(x)."""

    def __init__(self, body, skip=None):
        super().__init__()
        self.body, self.skip = body, skip or nn.Sequential()

    def forward(self, x):
        return self.body(x) + self.skip(x)


class Canonical(nn.Module):
    """`cameras`: one Sequential an image input. `low`, `high`: [C] bounds of each at its first convolution."""

    def __init__(self, cameras, low, high, head, configuration=None):
        super().__init__()
        self.cameras = nn.ModuleList(copy.deepcopy(trunk) for trunk in cameras)
        self.low, self.high = low, high
        self.configuration = copy.deepcopy(configuration) or nn.Sequential()
        self.head = copy.deepcopy(head)
        self.double().eval().requires_grad_(False)
        for layer in self.modules():
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
                # Zennit's MergeBatchNorm leaves ε behind: a merged layer would still divide by √(1 + ε).
                layer.running_var += layer.eps
                layer.eps = 0.0

    def forward(self, images, configuration):
        parts = [trunk(image) for trunk, image in zip(self.cameras, images, strict=True)]
        if configuration is not None:
            parts.append(self.configuration(configuration))
        return self.head(torch.cat(parts, 1))


def linear(weight, bias):
    """A float64 nn.Linear from given numbers, weight [out, in]."""
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def fold_input(layer, columns, scale, shift):
    """The linear layer that does to x what `layer` does to the input whose `columns` are x * scale + shift."""
    weight, bias = layer.weight.double().clone(), layer.bias.double().clone()
    bias += weight[:, columns] @ shift.double()
    weight[:, columns] *= scale.double()
    return linear(weight, bias)


def fold_output(layer, scale, shift):
    """The linear layer that gives layer(x) * scale + shift."""
    scale = torch.as_tensor(scale).double()
    return linear(layer.weight.double() * scale.reshape(-1, 1), layer.bias.double() * scale + shift)
