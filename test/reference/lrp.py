"""Layer-wise relevance propagation by Zennit (Anders et al.): each method's rules, and what Zennit is told of biases.

Zennit's defaults keep biases in the denominators; so do these, except where a method's paper has none (`NO_BIAS`). The
spatial softmax has no rule in Zennit: the mass rule is added as a hook of ours.
"""

import copy

import torch
from canonical import Residual, SoftArgmax
from dense import bounds_at_first
from torch import nn
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.core import Composite
from zennit.rules import AlphaBeta, Epsilon, Flat, Gamma, Norm, Pass, WSquare, ZBox, ZPlus
from zennit.layer import Sum
from zennit_rules import Mass

POOLS = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)

STABILISER = 1e-6
WITHOUT_BIAS = {"stabilizer": 1e-200, "zero_params": "bias"}


def eq1():
    """Relevance to the contributions of the output's sign: γ → ∞."""
    return Gamma(gamma=1e13, **WITHOUT_BIAS)


def signed(convolution=None, first=None, e=STABILISER, zero=None):
    """Zennit's composites: ε in dense layers, `convolution` in convolutions, `first` in the first of them."""

    def rule(place, bounds):
        if place == "first convolution" and first:
            return first(bounds)
        if convolution and "convolution" in place:
            return convolution(zero)
        return Epsilon(e, zero_params=zero)

    return rule


def gamma(g=0.25):
    return lambda zero: Gamma(g, stabilizer=STABILISER, zero_params=zero)


def alpha_beta(a):
    return lambda zero: AlphaBeta(a, a - 1, stabilizer=STABILISER, zero_params=zero)


def zplus(zero):
    return ZPlus(stabilizer=STABILISER, zero_params=zero)


def zbox(bounds):
    return ZBox(*bounds, stabilizer=STABILISER)


def flat(bounds):
    return Flat(**WITHOUT_BIAS)


def positive(first):
    """Eq. 1 at the torques, z+ without biases elsewhere, `first` in the first convolution."""

    def rule(place, bounds):
        if place == "output":
            return eq1()
        return first(**WITHOUT_BIAS) if place == "first convolution" else ZPlus(**WITHOUT_BIAS)

    return rule


LRP = {
    "lrp-epsilon": signed(),
    "lrp-epsilon:epsilon=0.1": signed(e=0.1),
    "lrp-epsilon:bias=ignore": signed(zero="bias"),
    "lrp-gamma": signed(gamma()),
    "lrp-gamma:gamma=1": signed(gamma(1.0)),
    "lrp-gamma:bias=ignore": signed(gamma(), zero="bias"),
    "lrp-alpha-beta": signed(alpha_beta(2.0)),
    "lrp-alpha-beta:alpha=1.5": signed(alpha_beta(1.5)),
    "epsilon-plus": signed(zplus),
    "epsilon-plus:first=flat": signed(zplus, flat),
    "epsilon-gamma-box": signed(gamma(), zbox),
    "excitation-backprop": positive(ZPlus),
    "dtd:first=wsquare": positive(WSquare),
    "dtd:first=flat": positive(Flat),
    "dtd:first=eq2": positive(ZPlus),
}


def applies(spec, subject):
    """Without convolutions most are ε. Zennit's sums and average pools are not ours where relevance is positive."""
    modules = list(subject.net.modules())
    if not subject.images:
        return spec.startswith("lrp-epsilon") or spec == "excitation-backprop"
    if any(isinstance(m, POOLS) for m in modules) and spec == "lrp-epsilon:epsilon=0.1":
        return False
    return spec.startswith(("lrp", "epsilon")) or not any(isinstance(m, Residual) for m in modules)


def composite(subject, rule_at):
    """`rule_at(place, bounds)`: place is first convolution, convolution, dense or output."""
    net, first = subject.net, {}
    for i, trunk in enumerate(net.cameras):
        layer, bounds = bounds_at_first(trunk, subject.images[i], (net.low[i], net.high[i]))
        first[f"net.cameras.{i}.{layer}"] = bounds
    output = f"net.head.{len(net.head) - 1}"

    def rule(ctx, name, module):
        if name in first:
            return rule_at("first convolution", first[name])
        if isinstance(module, nn.Conv2d):
            return rule_at("convolution", None)
        if isinstance(module, nn.Linear):
            return rule_at("output" if name == output else "dense", None)
        if isinstance(module, (*POOLS, Sum)):
            return Norm(stabilizer=STABILISER)
        if isinstance(module, (nn.ReLU, nn.Tanh, nn.Sigmoid)):
            return Pass()
        return Mass() if isinstance(module, SoftArgmax) else None

    return Composite(module_map=rule, canonizers=[SequentialMergeBatchNorm()])


def relevance(subject, rule_at):
    """Rows [J, …] at the subject's images and configuration."""
    inputs = [x.detach().clone().requires_grad_(True) for x in subject.inputs]
    rows = []
    with composite(subject, rule_at).context(Plain(subject)) as hooked:
        for seed in torch.diag(subject.seeds):
            rows.append(torch.autograd.grad(hooked(*inputs), inputs, seed[None]))
    return [torch.cat(parts) for parts in zip(*rows, strict=True)]


class Summed(nn.Module):
    """A residual connection whose sum is a module, for Zennit to hook."""

    def __init__(self, residual):
        super().__init__()
        self.body, self.skip, self.sum = residual.body, residual.skip, Sum()

    def forward(self, x):
        return self.sum(torch.stack([self.body(x), self.skip(x)], -1))


class Plain(nn.Module):
    def __init__(self, subject):
        super().__init__()
        self.net, self.cameras = copy.deepcopy(subject.net), len(subject.images)
        for trunk in self.net.cameras:
            for i, layer in enumerate(trunk):
                trunk[i] = Summed(layer) if isinstance(layer, Residual) else layer

    def forward(self, *inputs):
        return self.net(list(inputs[: self.cameras]), inputs[-1])
