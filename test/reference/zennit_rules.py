"""The same relevance by Zennit (Anders et al.), wherever it has the rule.

ZPlus without biases is Eq. 2; Gamma with γ → ∞ fed |value| is Eq. 1; ZBox is zB; Norm is average pooling after ReLU;
max pooling keeps its gradient. The spatial softmax alone has no rule in Zennit: the mass rule is added as a hook.
"""

import torch
from canonical import Residual, SoftArgmax
from dense import bounds_at_first
from torch import nn
from zennit.canonizers import SequentialMergeBatchNorm
from zennit.core import Composite, Hook
from zennit.rules import Gamma, Norm, Pass, ZBox, ZPlus

TINY = 1e-200


class Mass(Hook):
    def forward(self, module, input, output):
        self.stored_tensors["input"] = input[0]

    def backward(self, module, grad_input, grad_output):
        p = module.probabilities(self.stored_tensors["input"])
        r = grad_output[0]
        points = r.reshape(1, -1, 2).sum(2) if module.interleaved else r.reshape(1, 2, -1).sum(1)
        return ((p * points[:, :, None]).reshape(self.stored_tensors["input"].shape),)

    def copy(self):
        return Mass()


def applies(net):
    """Residual sums split differently in Zennit; average pooling of signed values too."""
    return not any(isinstance(module, Residual) for module in net.modules())


def composite(net, images):
    bounded = {}
    for i, trunk in enumerate(net.cameras):
        first, (low, high) = bounds_at_first(trunk, images[i], (net.low[i], net.high[i]))
        bounded[f"cameras.{i}.{first}"] = ZBox(low, high, stabilizer=TINY, zero_params="bias")
    output = f"head.{len(net.head) - 1}"

    def rule(ctx, name, module):
        if name in bounded:
            return bounded[name]
        if name == output:
            return Gamma(gamma=1e13, stabilizer=TINY, zero_params="bias")
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            return ZPlus(stabilizer=TINY, zero_params="bias")
        if isinstance(module, (nn.AvgPool2d, nn.AdaptiveAvgPool2d)):
            return Norm(stabilizer=TINY)
        if isinstance(module, (nn.ReLU, nn.Tanh, nn.Sigmoid)):
            return Pass()
        if isinstance(module, SoftArgmax):
            return Mass()
        return None

    return Composite(module_map=rule, canonizers=[SequentialMergeBatchNorm()])


def relevance(net, images, configuration, seeds):
    """As dense.relevance, without the flag."""
    images = [image.detach().clone().requires_grad_(True) for image in images]
    inputs = list(images)
    if configuration is not None:
        configuration = configuration.detach().clone().requires_grad_(True)
        inputs.append(configuration)
    rows = []
    with composite(net, images).context(net) as hooked:
        for j, seed in enumerate(seeds):
            out = hooked(images, configuration)
            start = torch.zeros_like(out)
            start[0, j] = seed
            rows.append(torch.autograd.grad(out, inputs, start))
    stacked = [torch.cat(parts) for parts in zip(*rows, strict=True)]
    if configuration is None:
        return stacked, None
    return stacked[:-1], stacked[-1]
