"""Relative attributing propagation (Nam et al. 2020) by explicit matrices, in float64.

Contributions z_ij = x_i w_ij of a layer, p = max(z, 0), n = max(-z, 0), P and N their sums over i, 0/0 = 0.

  output   z and the bias turned by the torque's sign; the bias goes to the contributions in proportion, b·P/(P-N) to the
           positive and b·(-N)/(P-N) to the negative ones, which gives r; R_i = |r_i| Σr/Σ|r|
  hidden   C_i = Σ_{R_j>0} R_j (p/P + n/(P+N)) + Σ_{R_j<0} R_j (n/N + n/(P+N)), biases left out;
           R_i = C_i - (ΣC - ΣR)/#{C ≠ 0} where C_i ≠ 0
  image    zB with the lowest and highest value of the declared picture, carried through its normalisation
  max pooling: winner; average pooling: x/Σx; spatial softmax: mass rule; ReLU passes
"""

import torch
from canonical import SoftArgmax
from dense import LINEAR, PASS, backward, bounds_at_first, folded, matrix, over
from torch import nn

POOLS = (nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def output(x, weights, bias, explained):
    """x [n], weights [n, J] → [J, n], each torque's share of |explained|."""
    sign = torch.where(explained < 0, -1.0, 1.0).double()
    z, bias = x[:, None] * weights * sign, bias * sign
    positive, negative = z.clamp(min=0), z.clamp(max=0)
    total = z.sum(0)
    kept = torch.where(total == 0, torch.zeros_like(bias), bias)
    r = z + over(positive, positive.sum(0)) * over(kept * positive.sum(0), total)
    r = r + over(negative, negative.sum(0)) * over(kept * negative.sum(0), total)
    return (r.abs() * over(r.sum(0), r.abs().sum(0))).T


def hidden(x, weights, relevance):
    """relevance [J, m] → [J, n]."""
    z = x[:, None] * weights
    p, n = z.clamp(min=0), (-z).clamp(min=0)
    both = over(n, p.sum(0) + n.sum(0))
    c = relevance.clamp(min=0) @ (over(p, p.sum(0)) + both).T + relevance.clamp(max=0) @ (over(n, n.sum(0)) + both).T
    counted = c != 0
    shift = over(c.sum(1) - relevance.sum(1), counted.sum(1).double())
    return torch.where(counted, c - shift[:, None], torch.zeros_like(c))


def step(layer, x, relevance, bounds):
    if isinstance(layer, LINEAR) and not isinstance(layer, POOLS) and bounds is None:
        flat = relevance.reshape(len(relevance), -1)
        return hidden(x.flatten(), matrix(layer, x.shape[1:]), flat).reshape(-1, *x.shape[1:])
    assert isinstance(layer, (*LINEAR, *PASS, SoftArgmax, nn.ZeroPad2d, nn.MaxPool2d, nn.AdaptiveMaxPool2d))
    return backward(layer, x, relevance, bounds, strict=True)


def chain(layers, x, relevance, image=None):
    """`image`: lowest and highest value of each of its channels, [C] each."""
    layers, inputs = folded(layers), []
    first, cells = None, None
    if image is not None:
        first, cells = bounds_at_first(layers, x, image)
    for layer in layers:
        inputs.append(x)
        x = layer(x)
    for i in reversed(range(len(layers))):
        relevance = step(layers[i], inputs[i], relevance, cells if i == first else None)
    return relevance


def relevance(subject):
    """Rows [J, …] at the subject's images and configuration."""
    net = subject.net
    parts = [trunk(image) for trunk, image in zip(net.cameras, subject.images, strict=True)]
    parts.append(net.configuration(subject.configuration))
    x = torch.cat(parts, 1)
    *before, last = folded(net.head)
    at_output = nn.Sequential(*before)(x)
    r = output(at_output.flatten(), last.weight.T, last.bias, subject.explained)
    r = chain(before, x, r)
    *of_images, of_configuration = r.split([part.shape[1] for part in parts], 1)
    cameras = zip(net.cameras, subject.images, of_images, subject.ranges, strict=True)
    rows = [chain(trunk, image, part, range) for trunk, image, part, range in cameras]
    return [*rows, chain(net.configuration, subject.configuration, of_configuration)]
