"""Relevance by explicit matrices: slow, plain, written from the formulas alone.

Every linear layer is turned into the full matrix W of its contributions z_ij = x_i W_ij by feeding it the identity,
and every rule is one line on that matrix. Rules (x inputs of a layer, R_j relevance of its outputs, 0/0 = 0):

  output   Eq. 1 of Kim & Choi: the contributions of the sign of the explained value share |value|;
           where there are none, those of the other sign do
  hidden   Eq. 2: R_i = Σ_j max(z_ij, 0) / Σ_i max(z_ij, 0) · R_j, biases left out; where no contribution is
           positive, the limit for vanishing equal inputs: max(W_ij, 0) in place of max(z_ij, 0)
  image    zB (Montavon 2017) on the first convolution: x W - l W⁺ - h W⁻ in place of z
  soft-argmax  mass rule: R_cell = p_cell (R_x + R_y)
  max pooling  winner takes all, the first of equal ones; average pooling is a linear layer
  residual sum  in proportion to max(x_k, 0); where all are ≤ 0, to |x_k|
  activations, reshapes, padding  pass
"""

import torch
from canonical import ChannelsLast, Residual, SoftArgmax
from torch import nn

LINEAR = (nn.Conv2d, nn.Linear, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
PASS = (nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Flatten, ChannelsLast)


def over(numerator, denominator):
    return torch.where(denominator == 0, torch.zeros_like(numerator), numerator / denominator.masked_fill(denominator == 0, 1))


def matrix(layer, shape):
    """The matrix [n_in, n_out] of a linear layer without its bias, for one input of `shape`."""
    n = shape.numel()
    basis = torch.eye(n, dtype=torch.float64).reshape(n, *shape)
    zero = torch.zeros(1, *shape, dtype=torch.float64)
    return (layer(basis) - layer(zero)).reshape(n, -1)


def folded(layers):
    """BatchNorm after a convolution or linear layer, folded into it."""
    result = []
    for layer in layers:
        if isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm1d)):
            before = result.pop()
            gain = layer.weight / torch.sqrt(layer.running_var + layer.eps)
            merged = type(before)(*arguments(before)).double().requires_grad_(False)
            merged.weight.copy_(before.weight * gain.reshape(-1, *[1] * (before.weight.dim() - 1)))
            before_bias = before.bias if before.bias is not None else torch.zeros_like(gain)
            merged.bias.copy_((before_bias - layer.running_mean) * gain + layer.bias)
            layer = merged
        result.append(layer)
    return result


def arguments(layer):
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    return (layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride, layer.padding, layer.dilation,
            layer.groups)


def eq1(x, weights, explained, relevance):
    """x [n], weights [n, J], explained [J], relevance [K, J] of K torques apart → ([K, n], any pool empty)."""
    z = x[:, None] * weights
    positive, negative = z.clamp(min=0), (-z).clamp(min=0)
    takes_positive = (explained >= 0) & (positive.sum(0) > 0) | (explained < 0) & (negative.sum(0) == 0)
    pool = torch.where(takes_positive, positive, negative)
    empty = torch.where(explained >= 0, positive.sum(0), negative.sum(0)) == 0
    return relevance @ over(pool, pool.sum(0)).T, bool((empty & (explained != 0)).any())


def eq2(x, weights, relevance, strict):
    """x [n], weights [n, m], relevance [K, m] → [K, n]. `strict` loses the relevance of an empty pool."""
    pool = (x[:, None] * weights).clamp(min=0)
    if not strict:
        pool = torch.where(pool.sum(0) > 0, pool, weights.clamp(min=0))
    return relevance @ over(pool, pool.sum(0)).T


def zb(x, weights, low, high, relevance):
    z = x[:, None] * weights - low[:, None] * weights.clamp(min=0) - high[:, None] * weights.clamp(max=0)
    return relevance @ over(z, z.sum(0)).T


def winners(layer, x):
    """For every output of a max pooling layer the flat index of the input that it is, the first of equal ones."""
    numbered = torch.arange(x.numel()).reshape(x.shape)
    if isinstance(layer, nn.AdaptiveMaxPool2d):
        indices = x.flatten(2).argmax(-1)
    else:
        options = (layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
        indices = nn.functional.max_pool2d(x, *options, return_indices=True)[1].flatten(2)
    return torch.gather(numbered.flatten(2), 2, indices.reshape(*x.shape[:2], -1)).flatten()


def backward(layer, x, relevance, bounds, strict):
    """relevance [K, *out] → [K, *in] for the one input x [1, *in]."""
    shape, k = x.shape[1:], relevance.shape[0]
    flat = relevance.reshape(k, -1)
    if isinstance(layer, LINEAR):
        if bounds is None:
            result = eq2(x.flatten(), matrix(layer, shape), flat, strict)
        else:
            result = zb(x.flatten(), matrix(layer, shape), *(b.flatten() for b in bounds), flat)
    elif isinstance(layer, ChannelsLast):
        return relevance.permute(0, 3, 1, 2)
    elif isinstance(layer, PASS):
        result = flat
    elif isinstance(layer, nn.ZeroPad2d):
        left, right, top, bottom = layer.padding
        return relevance[:, :, top : relevance.shape[2] - bottom, left : relevance.shape[3] - right]
    elif isinstance(layer, (nn.MaxPool2d, nn.AdaptiveMaxPool2d)):
        result = torch.zeros(k, x.numel(), dtype=torch.float64).index_add(1, winners(layer, x), flat)
    elif isinstance(layer, SoftArgmax):
        c = shape[0]
        points = flat.reshape(k, c, 2).sum(2) if layer.interleaved else flat.reshape(k, 2, c).sum(1)
        result = layer.probabilities(x) * points[:, :, None]
    elif isinstance(layer, Residual):
        branches = torch.stack([layer.body(x), layer.skip(x)])
        pool = branches.clamp(min=0)
        pool = torch.where(pool.sum(0) > 0, pool, branches.abs())
        parts = over(pool, pool.sum(0)) * relevance
        return chain(layer.body, x, parts[0], None, strict) + chain(layer.skip, x, parts[1], None, strict)
    else:
        raise TypeError(f"no rule for {layer}")
    return result.reshape(k, *shape)


def chain(layers, x, relevance, bounds, strict):
    """Relevance at the input x of a Sequential. `bounds` [C] of the image: see bounds_at_first."""
    layers, inputs = folded(layers), []
    first, cells = (None, None) if bounds is None else bounds_at_first(layers, x, bounds)
    for layer in layers:
        inputs.append(x)
        x = layer(x)
    for i in reversed(range(len(layers))):
        relevance = backward(layers[i], inputs[i], relevance, cells if i == first else None, strict)
    return relevance


def bounds_at_first(layers, image, bounds):
    """Index of the first convolution and lowest and highest value of each of its input cells: 0 in the padding."""
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d))
    pad = nn.Sequential(*list(layers)[:first])
    return first, [pad(b.double().reshape(1, -1, 1, 1).expand(image.shape)) for b in bounds]


def relevance(net, images, configuration, seeds, strict=False):
    """Relevance of the J torques apart.

    seeds [J]: what each torque hands out. `strict`: Eq. 2 as it stands, losing what empty pools hold. Returns the images' relevance ([J, C, H, W] each), that of the
    configuration ([J, n]) and whether a pool of Eq. 1 was empty.
    """
    parts = [trunk(image) for trunk, image in zip(net.cameras, images, strict=True)]
    if configuration is not None:
        parts.append(net.configuration(configuration))
    x = torch.cat(parts, 1)
    *hidden, output = net.head
    at_output = nn.Sequential(*hidden)(x)
    weights = matrix(output, at_output.shape[1:])
    r, empty = eq1(at_output.flatten(), weights, output(at_output)[0], torch.diag(seeds))
    r = chain(nn.Sequential(*hidden), x, r, None, strict)
    split = list(r.split([part.shape[1] for part in parts], 1))
    of_images = [
        chain(trunk, image, part, (low, high), strict)
        for trunk, image, part, low, high in zip(net.cameras, images, split, net.low, net.high, strict=False)
    ]
    of_configuration = None
    if configuration is not None:
        of_configuration = chain(net.configuration, configuration, split[-1], None, strict)
    return of_images, of_configuration, empty
