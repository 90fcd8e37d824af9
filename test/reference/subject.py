"""A policy as the attribution libraries want it: one module of float64 tensors, and the way back to declared inputs."""

import copy

import torch
from canonical import Canonical, SoftArgmax
from torch import nn


class Signed(nn.Module):
    """The explained values, each times its own sign: what is explained is then always positive."""

    def __init__(self, net, cameras, signs):
        super().__init__()
        self.net, self.cameras, self.signs = net, cameras, signs

    def forward(self, *inputs):
        configuration = inputs[self.cameras] if len(inputs) > self.cameras else None
        return self.net(list(inputs[: self.cameras]), configuration) * self.signs


class Subject:
    """One observation of a canonical policy, measured from its reference.

    `inputs`: images at the first convolutions, then the configuration. `gain`: what a unit of each declared input is there.
    """

    def __init__(self, policy, net: Canonical, inputs):
        self.policy, self.names, self.declared = policy, list(inputs), inputs
        images, configuration = policy.prepare(*inputs.values())
        self.net = copy.deepcopy(net)
        preprocess = [getattr(policy, n) for n in ("preprocess", "preprocess2")[: len(images)]]
        zeros = [p(torch.zeros_like(declared)).double() for p, declared in zip(preprocess, inputs.values())]
        steps = [(h - l).double() / (p.range[1] - p.range[0]) for p, l, h in zip(preprocess, net.low, net.high)]
        self.gains = [step.reshape(1, -1, 1, 1) for step in steps]
        for i, zero in enumerate(zeros):
            self._measure_from(i, zero[:, :, :1, :1])
        self.images = [image - zero for image, zero in zip(images, zeros)]
        self.ranges = [(g.flatten() * x.min().double(), g.flatten() * x.max().double())
                       for g, x in zip(self.gains, inputs.values())]
        self.configuration = configuration
        self.inputs = (*self.images, configuration)
        self.explained = self.net(self.images, configuration)[0]
        assert torch.allclose(self.explained, net(images, configuration)[0], rtol=1e-12)
        self.signs = torch.where(self.explained < 0, -1.0, 1.0).double()
        self.seeds = self.explained.abs()
        self.joints = len(self.seeds)

    def _measure_from(self, i, zero):
        """Moves the first convolution's input by what a declared zero is there."""
        if not zero.any():
            return
        first = next(layer for layer in self.net.cameras[i] if isinstance(layer, nn.Conv2d))
        assert not any(first.padding) and isinstance(self.net.cameras[i][0], nn.Conv2d), "padding has no reference"
        first.bias.data += (first.weight * zero).sum((1, 2, 3))
        self.net.low[i], self.net.high[i] = (b.double() - zero.flatten() for b in (self.net.low[i], self.net.high[i]))

    def signed(self):
        """The module that Captum explains, freshly copied."""
        return Signed(copy.deepcopy(self.net), len(self.images), self.signs)

    def in_float32(self):
        other = copy.copy(self)
        other.net = copy.deepcopy(self.net).float()
        other.net.low, other.net.high = ([b.float() for b in bounds] for bounds in (self.net.low, self.net.high))
        for layer in other.net.modules():
            if isinstance(layer, SoftArgmax):
                layer.x, layer.y = layer.x.float(), layer.y.float()
        other.images, other.configuration = [x.float() for x in self.images], self.configuration.float()
        other.inputs, other.seeds = (*other.images, other.configuration), self.seeds.float()
        return other

    def relevance(self, rows, alpha, gradients=False):
        """Rows of J torques at `inputs` ([J, …] each) → (α-weighted sum by declared input, rows of configurations)."""
        summed, each, start = {}, {}, 0
        for i, (name, declared) in enumerate(self.declared.items()):
            if i < len(self.images):
                r = rows[i] * self.gains[i] if gradients else rows[i]
                r = r.permute(0, 2, 3, 1) if r.shape[1:] != declared.shape[1:] else r
            else:
                r = rows[-1][:, start : start + declared.numel()]
                start += declared.numel()
                each[name] = r
            summed[name] = torch.einsum("j,j...->...", alpha, r).reshape(declared.shape)
        return summed, each
