"""The canonical forms of tf_policies.py, rebuilt from the arrays it writes."""

import numpy as np
import torch
from canonical import Canonical, ChannelsLast, SoftArgmax, fold_input, linear
from torch import nn
from torch_policies import SEVEN, SIZES, Policy, Preprocess, Visual


class Saved(Policy):
    """What a TensorFlow policy and a PyTorch one have in common here; `arrays` are the .npz."""

    def __init__(self, arrays, joints, squash=None):
        nn.Module.__init__(self)
        self.arrays, self.joints, self.squash, self.scale = arrays, joints, squash, None
        self.sizes, self.reference = SEVEN if joints == 7 else SIZES, None
        self.n = sum(self.sizes.values())
        self.reference_values = torch.zeros(self.n)

    def observations(self):
        """[(inputs by name, torque)]."""
        cases = []
        while f"output{len(cases)}" in self.arrays:
            head = f"case{len(cases)}/"
            inputs = {k[len(head) :]: torch.from_numpy(v) for k, v in self.arrays.items() if k.startswith(head)}
            cases.append((inputs, torch.from_numpy(self.arrays[f"output{len(cases)}"])))
        return cases

    def array(self, name):
        return torch.from_numpy(self.arrays[name].astype(np.float64))

    def dense(self, name):
        return linear(self.array(f"{name}/0").T, self.array(f"{name}/1"))

    def conv(self, name, size, stride=1, same=False, depthwise=False):
        """Keras' kernel [h, w, in, out] as a PyTorch convolution, behind its padding where it is `same`."""
        kernel = self.array(f"{name}/0")
        height, width, channels, multiplier = kernel.shape
        groups, out = (channels, channels * multiplier) if depthwise else (1, multiplier)
        layer = nn.Conv2d(channels, out, (height, width), stride, groups=groups, bias=f"{name}/1" in self.arrays)
        layer = layer.double().requires_grad_(False)
        layer.weight.copy_(kernel.permute(2, 3, 0, 1) if depthwise else kernel.permute(3, 2, 0, 1))
        if layer.bias is not None:
            layer.bias.copy_(self.array(f"{name}/1"))
        padding = same_padding(size, (height, width), stride) if same else (0, 0, 0, 0)
        return [nn.ZeroPad2d(padding), layer] if any(padding) else [layer]

    def batchnorm(self, name):
        gamma, beta, mean, variance = (self.array(f"{name}/{i}") for i in range(4))
        layer = nn.BatchNorm2d(len(gamma), eps=1e-3).double().requires_grad_(False)
        layer.weight.copy_(gamma)
        layer.bias.copy_(beta)
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
        return layer.eval()


class SavedVisual(Saved, Visual):
    def __init__(self, arrays, kind, joints=3, squash=None, signed=False):
        super().__init__(arrays, joints, squash)
        self.signed = signed
        self.preprocess = Preprocess(kind, 3)

    def image(self, x):
        x = x.permute(0, 3, 1, 2).float()
        if self.preprocess.range[1] == 255:
            x = x * np.float32(1 / 127.5) - 1 if self.signed else x * np.float32(1 / 255)
        return x

    def prepare(self, image, configuration):
        return [self.image(image).double()], configuration.double()

    def canonical(self):
        low, high = (self.image(torch.full((1, 1, 1, 3), float(v))).flatten() for v in self.preprocess.range)
        return Canonical([nn.Sequential(*self.trunk())], [low], [high], nn.Sequential(*self.layers()))


class Levine(SavedVisual):
    def __init__(self, arrays, kind, joints=3, same=False, temperature=1.0, interleaved=True):
        super().__init__(arrays, kind, joints)
        self.same, self.temperature, self.interleaved = same, temperature, interleaved

    def trunk(self):
        first = [*self.conv("conv1", (24, 20), 2, self.same), nn.ReLU()]
        height, width = (12, 10) if self.same else (9, 7)
        second = [*self.conv("conv2", (height, width), 1, self.same), nn.ReLU()]
        third = [*self.conv("conv3", (height, width), 1, self.same), nn.ReLU()]
        rows, cols = (height, width) if self.same else (height - 6, width - 6)
        y, x = (torch.arange(n) / n - 0.5 for n in (rows, cols))
        y, x = torch.meshgrid(y, x, indexing="ij")
        return [*first, *second, *third, SoftArgmax(x, y, self.temperature, self.interleaved)]

    def layers(self):
        return [self.dense("fc1"), nn.ReLU(), self.dense("fc2"), nn.ReLU(), self.dense("fc3")]


class Nature(SavedVisual):
    def trunk(self):
        return [*self.conv("conv1", (24, 20), 2, True), self.batchnorm("bn1"), nn.ReLU(), nn.MaxPool2d(2),
                *self.conv("conv2", (6, 5), 1, True), self.batchnorm("bn2"), nn.ReLU(), ChannelsLast(), nn.Flatten()]

    def layers(self):
        return [self.dense("fc1"), nn.ReLU(), self.dense("fc2")]


class Pooled(SavedVisual):
    def trunk(self):
        return [*self.conv("conv1", (24, 20), 2, True), nn.ReLU(), nn.AvgPool2d(2),
                *self.conv("depthwise", (6, 5), 1, True, depthwise=True), nn.ReLU(), *self.conv("conv2", (6, 5)),
                nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]

    def layers(self):
        return [self.dense("fc1"), nn.Tanh(), self.dense("fc2")]


class Mlp(Saved):
    def canonical(self):
        mean, std = self.array("mean"), self.array("std")
        first = fold_input(self.dense("fc1"), slice(None), 1 / std, -mean / std)
        layers = [first, nn.Tanh(), self.dense("fc2"), nn.Sigmoid(), self.dense("fc3")]
        return Canonical([], [], [], nn.Sequential(*layers))


def same_padding(size, kernel, stride):
    """TensorFlow's `same`: (left, right, top, bottom), the odd cell at the end."""
    totals = [max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in zip(size, kernel, strict=True)]
    (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in totals)
    return left, right, top, bottom


POLICIES = {
    "tf-levine-gps-13": lambda a: Levine(a, "float-nhwc"),
    "tf-levine-gps-17-batch": lambda a: Levine(a, "uint8-nhwc", joints=7),
    "tf-levine-matmul-17": lambda a: Levine(a, "uint8-nhwc", same=True, temperature=0.6),
    "tf-levine-last-18-batch": lambda a: Levine(a, "float-nhwc", interleaved=False),
    "tf-nature-15-batch": lambda a: Nature(a, "uint8-nhwc", signed=True),
    "tf-pooled-18": lambda a: Pooled(a, "float-nhwc", squash="tanh"),
    "tf-mlp-13-batch": lambda a: Mlp(a, 3),
}
