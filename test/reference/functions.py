"""DTD on any PyTorch policy: every function that a policy calls is given a backward pass that hands relevance on.

Written from the formulas (docs/methods.md), for architectures that no library has rules for. x inputs, R relevance of a
function's output; what moves elements moves relevance back by its own gradient.

  linear, convolution  z+ without bias, where no contribution is positive by w⁺ (see zplus); first of an image: zB; last: Eq. 1
  normalisation        behind a linear function part of it, its statistics and shift a bias, the sign of its gain in the
                       weights; elsewhere R passes
  attention            weights are constants: z+ on the values, nothing to queries and keys
  a + b                by positive parts, by magnitude where none is; a constant takes nothing
  a · b                all to the signal where the other is a gate (sigmoid), else halves; a constant passes
  mean                 z+
  spatial softmax      mass rule
  activations          pass
  embedding            R of a row summed at its index
"""

import torch
from dense import over
from recurrent import Steps
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

# Of sums: Zennit's.
STABILISER = 1e-6
MOVES = {"reshape", "view", "flatten", "permute", "transpose", "unsqueeze", "squeeze", "cat", "stack", "split", "chunk",
         "unbind", "__getitem__", "contiguous", "to", "expand", "double", "float", "type_as", "interpolate", "moveaxis"}
PASSES = {"relu", "gelu", "mish", "elu", "silu", "leaky_relu", "softplus", "tanh", "sin", "cos", "clamp",
          "fake_quantize_per_tensor_affine"}
NORMS = {"layer_norm", "group_norm", "batch_norm", "instance_norm"}


class Rule(torch.autograd.Function):
    """A value whose gradient is what `back` says."""

    @staticmethod
    def forward(ctx, value, back, *inputs):
        ctx.back = back
        return value.detach().clone()

    @staticmethod
    def backward(ctx, relevance):
        return None, None, *ctx.back(relevance)


def transposed(function, x, weight, relevance):
    """L^T(relevance; weight) of a function L(x, weight), linear in x."""
    with torch.enable_grad():
        x = torch.zeros_like(x).requires_grad_(True)
        return torch.autograd.grad(function(x, weight), x, relevance)[0]


def shared(function, pairs, relevance):
    """Σ x · Lᵀ(R / z; w) over pairs (x, w), and z = Σ L(x, w)."""
    z = sum(function(x, w) for x, w in pairs)
    s = over(relevance, z)
    return sum(x * transposed(function, x, w, s) for x, w in pairs), z


def zplus(function, x, weight, relevance, rectified=False):
    """Where nothing contributes: by w⁺; where an output has no w⁺ at all, by x⁺|w|, then |w|, but before a ReLU."""
    up, down = weight.clamp(min=0), weight.clamp(max=0)
    tiers = [[(x.clamp(min=0), up), (x.clamp(max=0), down)], [(torch.ones_like(x), up)]]
    if not rectified:
        tiers += [[(x.clamp(min=0), weight.abs())], [(torch.ones_like(x), weight.abs())]]
    result = 0
    for pairs in tiers:
        share, z = shared(function, pairs, relevance)
        result, relevance = result + share, relevance * (z == 0)
    return result


def eq1(function, x, weight, relevance, sign):
    up, down = weight.clamp(min=0), weight.clamp(max=0)
    agreeing = [(x.clamp(min=0), up), (x.clamp(max=0), down)]
    opposing = [(x.clamp(min=0), -down), (x.clamp(max=0), -up)]
    first, second = (agreeing, opposing) if sign > 0 else (opposing, agreeing)
    result, z = shared(function, first, relevance)
    return result + shared(function, second, relevance * (z == 0))[0]


def zbox(function, x, weight, low, high, relevance):
    pairs = [(x, weight), (-low, weight.clamp(min=0)), (-high, weight.clamp(max=0))]
    return shared(function, pairs, relevance)[0]


class Relevance(TorchFunctionMode):
    """`output`: the weight of the torques' own layer. `sign`: of the torque that is explained.

    `epsilon`: the ε rule, biases kept in the denominators, in place of z+, zB and Eq. 1; sums in proportion to what they add,
    constants among it; a normalisation is linear for its deviation.
    """

    def __init__(self, output, epsilon=None):
        super().__init__()
        self.output, self.sign, self.epsilon = output, 1, epsilon

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = function.__name__.strip("_")
        if not any(is_dynamic(x) for x in flat(args)):
            return function(*args, **kwargs)
        if name in HANDLERS:
            return HANDLERS[name](self, *args, **kwargs)
        if name == "relu" and hasattr(args[0], "readers"):
            args[0].readers["rectified"] = True
        if name in PASSES:
            return passed(function(*args, **kwargs), args[0])
        if name in NORMS:
            return self.normalised(function, *args, **kwargs)
        result = function(*args, **kwargs)
        if name in MOVES or function.__name__ in MOVES:
            return moved(function, result, args, kwargs)
        if isinstance(result, torch.Tensor) and result.requires_grad:
            raise TypeError(f"no rule for {name}")
        return result

    def layer(self, function, x, weight, value):
        """The value of a linear function of x, with its rule. `function(x, weight)` is without bias."""
        reference = getattr(x, "reference", None)
        bounds = getattr(x, "bounds", None)
        seen = (x if reference is None else x - reference).detach()
        isOutput = weight is self.output
        readers = {"rectified": False}
        if self.epsilon is not None:
            return self.by_epsilon(function, x, seen, weight, value)

        def back(relevance, weight=weight, normalised=False):
            if isOutput:
                return (eq1(function, seen, weight, relevance, self.sign),)
            if bounds is not None:
                return (zbox(function, x.detach(), weight, *bounds, relevance),)
            return (zplus(function, seen, weight, relevance, readers["rectified"] and not normalised),)

        result = Rule.apply(value, back, x)
        result.layer, result.readers = (x, back, weight), readers
        return result

    def by_epsilon(self, function, x, seen, weight, value):
        def back(relevance):
            s = relevance / stabilised(value.detach(), self.epsilon)
            return (seen * transposed(function, seen, weight, s),)

        result = Rule.apply(value, back, x)
        result.folded = lambda value, gain: self.by_epsilon(function, x, seen, weight * gain, value)
        return result

    def scaled(self, value, x, gain, normalised=False):
        """What a gain a channel makes of a linear function's output: its sign goes into the weights."""
        inner, back, weight = x.layer
        sign = torch.sign(gain).reshape(-1, *[1] * (weight.dim() - 1))
        result = Rule.apply(value, lambda relevance: back(relevance, weight * sign, normalised), inner)
        result.layer, result.readers = (inner, back, weight * sign), x.readers
        return result

    def normalised(self, function, x, *args, **kwargs):
        value = function(x, *args, **kwargs)
        if self.epsilon is not None and function.__name__ == "layer_norm":
            return centred_by_epsilon(value, x, *args, **kwargs)
        if not hasattr(x, "layer"):
            return passed(value, x)
        gain = {"layer_norm": 1, "group_norm": 1, "batch_norm": 2, "instance_norm": 2}[function.__name__]
        weight = kwargs["weight"] if "weight" in kwargs else args[gain]
        return self.scaled(value, x, weight, function.__name__ != "batch_norm")

    def linear(self, x, weight, bias=None):
        return self.layer(lambda x, w: F.linear(x, w), x, weight, F.linear(x, weight, bias))

    def convolved(kind):
        def run(self, x, weight, bias=None, *args, **kwargs):
            run = getattr(F, kind)
            return self.layer(lambda x, w: run(x, w, None, *args, **kwargs), x, weight, run(x, weight, bias, *args, **kwargs))

        return run

    def mean(self, x, dim, keepdim=False):
        one = torch.ones((), dtype=x.dtype)
        function = lambda x, w: x.mean(dim, keepdim=keepdim) * w
        return self.layer(function, x, one, x.mean(dim, keepdim=keepdim))

    def add(self, a, b):
        value = a.__class__.__add__(a, b) if isinstance(a, torch.Tensor) else b + a
        if not (is_dynamic(a) and is_dynamic(b)):
            known = folded(value, a, b, None)
            if known is None and self.epsilon is not None:
                return absorbed(value, a, b)
            return constant(value, a, b) if known is None else known
        if self.epsilon is not None:
            s = 1 / stabilised(value.detach(), STABILISER)
            parts = [(x.detach() * s, x) for x in (a, b)]
            return Rule.apply(value, lambda r: tuple((r * part).sum_to_size(x.shape) for part, x in parts), a, b)
        pool = torch.stack([a.expand(value.shape), b.expand(value.shape)]).detach()
        positive = pool.clamp(min=0)
        pool = torch.where(positive.sum(0) > 0, positive, pool.abs())
        pool = torch.where(pool.sum(0) > 0, pool, torch.ones_like(pool))
        parts = pool / pool.sum(0)
        return Rule.apply(value, lambda r: ((r * parts[0]).sum_to_size(a.shape), (r * parts[1]).sum_to_size(b.shape)), a, b)

    def sub(self, a, b):
        value = a - b
        if not (is_dynamic(a) and is_dynamic(b)):
            return constant(value, a, b)
        negative = Rule.apply(-b, lambda r: (r,), b)
        return HANDLERS["add"](self, a, negative)

    def rsub(self, a, b):
        return HANDLERS["sub"](self, b, a)

    def mul(self, a, b):
        value = a * b
        if is_dynamic(a) and is_dynamic(b):
            gates = [hasattr(x, "gate") for x in (a, b)]
            parts = [float(gates[1]), float(gates[0])] if gates[0] != gates[1] else [0.5, 0.5]
            back = lambda r: ((parts[0] * r).sum_to_size(a.shape), (parts[1] * r).sum_to_size(b.shape))
            return Rule.apply(value, back, a, b)
        x, factor = (a, b) if is_dynamic(a) else (b, a)
        if hasattr(x, "folded"):
            return folded(value, a, b, factor)
        if hasattr(x, "layer") and isinstance(factor, torch.Tensor) and factor.dim() and x.layer[2] is not self.output:
            return self.scaled(value, x, factor.flatten())
        return constant(value, a, b)

    def div(self, a, b):
        assert not is_dynamic(b)
        return constant(a / b, a, b)

    def sigmoid(self, x):
        result = passed(torch.sigmoid(x), x)
        result.gate = True
        return result

    def max_pool2d(self, x, *args, **kwargs):
        return F.max_pool2d(x, *args, **kwargs)

    def mixture(self, weights, values):
        """Σ_s A_ls V_s, A constant."""
        weights = weights.detach()
        return self.layer(lambda v, a: a @ v, values, weights, weights @ values)

    def scaled_dot_product_attention(self, q, k, v, scale=None):
        scale = q.shape[-1] ** -0.5 if scale is None else scale
        return self.mixture(torch.softmax(scale * q @ k.transpose(-1, -2), -1), v)

    def multi_head_attention_forward(self, query, key, value, dim, heads, weight, bias, *args, **kwargs):
        """Tokens in front: [L, B, dim]."""
        out_weight, out_bias = args[4], args[5]
        parts = zip((query, key, value), weight.chunk(3), bias.chunk(3), strict=True)
        with torch._C.DisableTorchFunctionSubclass():
            linear = lambda x, w, b: self.linear(x, w, b) if is_dynamic(x) else F.linear(x, w, b)
            q, k, v = (linear(*part).reshape(len(part[0]), -1, heads, dim // heads).permute(1, 2, 0, 3) for part in parts)
            y = self.scaled_dot_product_attention(q, k, v) if is_dynamic(v) else F.scaled_dot_product_attention(q, k, v)
            y = y.permute(2, 0, 1, 3).reshape(len(query), -1, dim)
            return linear(y, out_weight, out_bias), None

    def pass_(self, value, x):
        return passed(value, x)

    def lstm(self, x, memory, weights, has_biases, layers, *args):
        return Steps(self, carry).lstm_layers(x, memory, weights, layers)

    def gru(self, x, memory, weights, has_biases, layers, *args):
        return Steps(self, carry).gru_layers(x, memory, weights, layers)

    def lstm_cell(self, x, memory, *weights):
        return Steps(self, carry).lstm_cell(x, *memory, *weights)

    def gru_cell(self, x, h, *weights):
        return Steps(self, carry).gru_cell(x, h, *weights)

    def embedding(self, indices, table, *args, **kwargs):
        return Rule.apply(F.embedding(indices.long(), table), lambda r: (r.sum(-1),), indices)

    def cumsum(self, x, *args, **kwargs):
        return x.detach().cumsum(*args, **kwargs)

    def ones_like(self, x, *args, **kwargs):
        return torch.ones_like(x.detach())


HANDLERS = {
    "linear": Relevance.linear,
    **{kind: Relevance.convolved(kind) for kind in ("conv1d", "conv2d", "conv_transpose1d")},
    "mean": Relevance.mean,
    "add": Relevance.add,
    "radd": Relevance.add,
    "sub": Relevance.sub,
    "rsub": Relevance.rsub,
    "mul": Relevance.mul,
    "rmul": Relevance.mul,
    "div": Relevance.div,
    "truediv": Relevance.div,
    "sigmoid": Relevance.sigmoid,
    "max_pool2d": Relevance.max_pool2d,
    "scaled_dot_product_attention": Relevance.scaled_dot_product_attention,
    "multi_head_attention_forward": Relevance.multi_head_attention_forward,
    **{name: getattr(Relevance, name) for name in ("lstm", "gru", "lstm_cell", "gru_cell")},
    "embedding": Relevance.embedding,
    "ones_like": Relevance.ones_like,
}


def carry(function, *args):
    """A function that moves elements, and what is known of them."""
    return moved(function, function(*args), args, {})


def flat(args):
    for x in args:
        if isinstance(x, (tuple, list)):
            yield from flat(x)
        else:
            yield x


def is_dynamic(x):
    return isinstance(x, torch.Tensor) and x.requires_grad


def passed(value, x):
    """R of the output is R of x, summed where x was broadcast."""
    return Rule.apply(value, lambda r: (r.sum_to_size(x.shape),), x)


def constant(value, a, b):
    """A sum or product with a constant: R passes; the reference and the range of an input go with it."""
    x, other = (a, b) if is_dynamic(a) else (b, a)
    return passed(value, x)


def folded(value, a, b, gain):
    """A linear function times a constant an output channel, or plus a constant, as one: for the ε rule."""
    x, other = (a, b) if is_dynamic(a) else (b, a)
    if not hasattr(x, "folded") or not isinstance(other, torch.Tensor) or other.numel() != other.shape[-1]:
        return None
    return x.folded(value, 1 if gain is None else gain.reshape(-1, 1))


def absorbed(value, a, b):
    """A sum with a constant that is no reference: the constant takes its part."""
    x, _ = (a, b) if is_dynamic(a) else (b, a)
    if hasattr(x, "reference") or x.is_leaf:
        return constant(value, a, b)
    share = x.detach() / stabilised(value.detach(), STABILISER)
    return Rule.apply(value, lambda r: ((r * share).sum_to_size(x.shape),), x)


def centred_by_epsilon(value, x, shape, weight=None, bias=None, eps=1e-5):
    """A normalisation with its deviation held fixed, its shift kept in the denominator."""
    seen, axes = x.detach(), tuple(range(-len(shape), 0))
    deviation = (seen.var(axes, unbiased=False, keepdim=True) + eps).sqrt()

    def back(relevance):
        slope = relevance / stabilised(value.detach(), STABILISER) / deviation
        slope = slope if weight is None else slope * weight
        return (seen * (slope - slope.mean(axes, keepdim=True)),)

    return Rule.apply(value, back, x)


def stabilised(z, epsilon):
    return z + torch.where(z < 0, -epsilon, epsilon)


def moved(function, result, args, kwargs):
    """Takes what is known of the elements with them: the value at the reference, the range of an image."""
    tensors = [x for x in flat(args) if is_dynamic(x)]
    known = [key for key in ("reference", "bounds", "gate") if any(hasattr(x, key) for x in tensors)]
    for key in known:
        if key == "gate":
            carried = True
        elif key == "bounds":
            carried = tuple(function(*replaced(args, lambda x: x.bounds[i]), **kwargs) for i in range(2))
        else:
            carried = function(*replaced(args, lambda x: getattr(x, "reference", torch.zeros_like(x.detach()))), **kwargs)
        for i, part in enumerate(result if isinstance(result, (tuple, list)) else [result]):
            split = key == "reference" and isinstance(result, (tuple, list))
            setattr(part, key, carried[i] if split else carried)
    return result


def replaced(args, other):
    if isinstance(args, (tuple, list)):
        return [replaced(x, other) for x in args]
    return other(args) if is_dynamic(args) else args.detach() if isinstance(args, torch.Tensor) else args
