"""Policies as people write them in PyTorch, with random weights, each with its canonical form (see canonical.py).

A policy has `inputs(generator)` (an observation: declared inputs by name, images before the configuration), `forward`,
`canonical()`, `prepare(*inputs)` → (images at the first convolutions, configuration from its reference) and
`seeds(values)`. `card()` gives the policy card's `inputs` and `reference`.
"""

import math

import torch
from canonical import Canonical, Residual, SoftArgmax, fold_input, fold_output, linear
from torch import nn
from torch.nn import functional as F

SIZES = {"joint_position": 3, "joint_velocity": 3, "end_effector_position": 3, "end_effector_velocity": 3}
SPREAD = {"joint_position": 1.2, "joint_velocity": 0.6, "end_effector_position": 0.4, "end_effector_velocity": 0.2}


SEVEN = {**SIZES, "joint_position": 7, "joint_velocity": 7}


def initialise(module, gain=1.0):
    """He-normal weights, small biases, BatchNorm statistics that matter (one negative gain among them)."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            fan_in = layer.weight[0].numel()
            nn.init.normal_(layer.weight, 0, gain * math.sqrt(2 / fan_in))
            if layer.bias is not None:
                nn.init.normal_(layer.bias, 0, 0.1)
        if isinstance(layer, (nn.BatchNorm2d, nn.BatchNorm1d)):
            nn.init.normal_(layer.running_mean, 0, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.2)
            with torch.no_grad():
                layer.weight[-1] *= -1


def grid(height, width, low=-1.0, high=1.0):
    ys, xs = torch.linspace(low, high, height), torch.linspace(low, high, width)
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    return x.contiguous(), y.contiguous()


def slices(sizes):
    start, result = 0, []
    for modality, size in sizes.items():
        result.append({"modality": modality, "start": start, "size": size})
        start += size
    return result


def observe(generator, sizes):
    return torch.cat([torch.randn(1, n, generator=generator) * SPREAD[m] for m, n in sizes.items()], 1)


class Preprocess(nn.Module):
    """Image as declared → float NCHW. `kind` is layout and type, `mean`/`std` per channel after scaling to [0, 1]."""

    def __init__(self, kind, channels, mean=None, std=None):
        super().__init__()
        self.kind, self.channels = kind, channels
        self.layout = "NHWC" if "nhwc" in kind else "NCHW"
        self.range = [0, 255] if "uint8" in kind else [-1, 1] if "signed" in kind else [0, 1]
        shape = (1, channels, 1, 1)
        self.register_buffer("mean", None if mean is None else torch.tensor(mean).reshape(shape))
        self.register_buffer("std", None if std is None else torch.tensor(std).reshape(shape))

    def forward(self, x):
        if self.kind == "uint8-nhwc":
            x = (x.float() / 255.0).permute(0, 3, 1, 2)
        elif self.kind == "uint8-nhwc-late":
            x = x.permute(0, 3, 1, 2).to(torch.float32).mul(1 / 127.5).sub(1.0)
        elif self.kind == "uint8-nchw":
            x = x.to(torch.float32) / 255.0
        elif self.kind == "float-nhwc":
            x = x.permute(0, 3, 1, 2)
        return x if self.mean is None else (x - self.mean) / self.std

    def bounds(self):
        """[C] lowest and highest value at the first convolution."""
        shape = (1, 1, 1, self.channels) if self.layout == "NHWC" else (1, self.channels, 1, 1)
        dtype = torch.uint8 if "uint8" in self.kind else torch.float32
        return [self(torch.full(shape, v).to(dtype)).flatten() for v in self.range]

    def sample(self, generator, height, width):
        """A smooth background with a few blocks."""
        c = self.channels
        image = F.interpolate(torch.rand(1, c, 4, 4, generator=generator), (height, width), mode="bilinear")
        for _ in range(3):
            y, x = (int(torch.randint(0, n - 5, (1,), generator=generator)) for n in (height, width))
            image[:, :, y : y + 5, x : x + 5] = torch.rand(1, c, 1, 1, generator=generator)
        image = (image * 255).round()
        if "uint8" in self.kind:
            image = image.to(torch.uint8)
        else:
            low, high = self.range
            image = low + (high - low) * image / 255
        return image.permute(0, 2, 3, 1).contiguous() if self.layout == "NHWC" else image


class SpatialSoftmax(nn.Module):
    """Spatial softmax in the forms that people write it."""

    def __init__(self, form, channels, height, width, temperature=1.0, learned=False):
        super().__init__()
        self.form, self.shape = form, (channels, height, width)
        low, high = (-0.5, 0.5) if form == "gps" else (-1.0, 1.0)
        x, y = grid(height, width, low, high)
        if form == "gps":
            y, x = ((torch.arange(n) - n / 2) / n for n in (height, width))
            y, x = torch.meshgrid(y, x, indexing="ij")
        if form == "lerobot":
            self.register_buffer("pos_grid", torch.stack([x.flatten(), y.flatten()], 1))
        elif form == "marginal":
            self.register_buffer("xs", x[0].clone())
            self.register_buffer("ys", y[:, 0].clone())
        elif form == "gps":
            self.register_buffer("pos_x", x.reshape(1, 1, height, width).clone())
            self.register_buffer("pos_y", y.reshape(1, 1, height, width).clone())
        else:
            self.register_buffer("pos_x", x.reshape(1, -1).clone())
            self.register_buffer("pos_y", y.reshape(1, -1).clone())
        if learned:
            self.temperature = nn.Parameter(torch.tensor([temperature]))
        else:
            self.register_buffer("temperature", torch.tensor([temperature]) if temperature != 1 else None)
        self.x, self.y = x, y

    def forward(self, features):
        c, h, w = self.shape
        if self.form == "gps":
            flat = features.reshape(-1, c, h * w)
        else:
            flat = features.reshape(-1, h * w)
        if self.temperature is not None:
            flat = flat / self.temperature
        attention = F.softmax(flat, dim=-1)
        if self.form == "lerobot":
            return (attention @ self.pos_grid).view(-1, c * 2)
        if self.form == "robomimic":
            x = torch.sum(self.pos_x * attention, dim=1, keepdim=True)
            y = torch.sum(self.pos_y * attention, dim=1, keepdim=True)
            return torch.cat([x, y], 1).view(-1, c, 2).flatten(1)
        attention = attention.view(-1, c, h, w)
        if self.form == "gps":
            x = torch.sum(attention * self.pos_x, dim=(2, 3))
            y = torch.sum(attention * self.pos_y, dim=(2, 3))
        else:
            x = (attention.sum(dim=2) * self.xs).sum(dim=2)
            y = (attention.sum(dim=3) * self.ys).sum(dim=2)
        return torch.cat([x, y], 1)

    def canonical(self):
        temperature = 1.0 if self.temperature is None else float(self.temperature)
        return SoftArgmax(self.x, self.y, temperature, interleaved=self.form in ("lerobot", "robomimic"))


class Policy(nn.Module):
    """What all policies share: the configuration, its normalisation and reference, the head and its last operation."""

    height, width = 24, 20

    def __init__(self, sizes=SIZES, normalise=None, reference=None, squash=None, scale=None, joints=3):
        super().__init__()
        self.sizes, self.normalise, self.squash, self.joints = dict(sizes), normalise, squash, joints
        n = sum(sizes.values())
        self.n = n
        if normalise in ("sub-div", "mul-add"):
            self.register_buffer("mu", torch.randn(n) * 0.3)
            self.register_buffer("sigma", torch.rand(n) * 0.8 + 0.3)
        if normalise == "batchnorm":
            self.batchnorm = nn.BatchNorm1d(n)
        self.reference = reference
        self.reference_values = torch.randn(n) * 0.3 if reference else torch.zeros(n)
        self.register_buffer("scale", None if scale is None else torch.tensor(scale))

    def normalised(self, q):
        if self.normalise == "sub-div":
            return (q - self.mu) / self.sigma
        if self.normalise == "mul-add":
            return q * self.sigma + self.mu
        if self.normalise == "batchnorm":
            return self.batchnorm(q)
        return q

    def affine(self):
        """normalised(q) = q * scale + shift."""
        ones, zeros = torch.ones(self.n, dtype=torch.float64), torch.zeros(self.n, dtype=torch.float64)
        if self.normalise == "sub-div":
            return 1 / self.sigma.double(), -self.mu.double() / self.sigma.double()
        if self.normalise == "mul-add":
            return self.sigma.double(), self.mu.double()
        if self.normalise == "batchnorm":
            b = self.batchnorm
            gain = b.weight.double() / torch.sqrt(b.running_var.double() + b.eps)
            return gain.detach(), (b.bias.double() - b.running_mean.double() * gain).detach()
        return ones, zeros

    def fold_configuration(self, layer, columns):
        """`layer` with the normalisation and the reference of its configuration `columns` folded in."""
        scale, shift = self.affine()
        folded = fold_input(layer, columns, scale, shift)
        one = torch.ones_like(scale)
        return fold_input(folded, columns, one, self.reference_values.double())

    def finish(self, torque):
        """The operations after the last linear layer."""
        if self.squash == "tanh":
            torque = torch.tanh(torque)
        elif self.squash == "sigmoid":
            torque = torch.sigmoid(torque) * 2.0 - 1.0
        elif self.squash == "clip":
            torque = torch.clamp(torque, -0.6, 0.6)
        return torque if self.scale is None else torque * self.scale

    def fold_finish(self, layer):
        """The last linear layer with what follows it folded in, as far as that is linear."""
        if self.scale is None or self.squash in ("tanh", "sigmoid"):
            return layer
        return fold_output(layer, self.scale, 0.0)

    def torques(self, values):
        """The torques that the canonical form's values become. Their sign is the values' own."""
        return self.finish(values) if self.squash in ("tanh", "sigmoid") else values

    def seeds(self, values):
        """What each torque hands out: the size of the torque, squashed or clamped."""
        if self.squash == "clip":
            limit = 0.6 * (1.0 if self.scale is None else self.scale.double())
            return values.clamp(-limit, limit).abs()
        return self.torques(values).abs()

    def card(self):
        return {"configuration": slices(self.sizes)}, self.card_reference()

    def card_reference(self):
        if not self.reference:
            return {}
        result = {}
        for part in slices(self.sizes):
            values = self.reference_values[part["start"] : part["start"] + part["size"]]
            result[part["modality"]] = {self.reference: [float(v) for v in values]}
        return result

    def inputs(self, generator):
        return {"configuration": observe(generator, self.sizes)}

    def special(self):
        """Observations to add to the random ones."""
        return []

    def prepare(self, *inputs):
        return [], inputs[-1].double() - self.reference_values.double()


def head(n_in, hidden, joints, activation=nn.ReLU):
    layers = []
    for n in hidden:
        layers += [nn.Linear(n_in, n), activation()]
        n_in = n
    return nn.Sequential(*layers, nn.Linear(n_in, joints))


class Visual(Policy):
    """A policy with an image before its configuration."""

    def card(self):
        image = {"modality": "image", "encoding": "rgb8" if self.preprocess.channels == 3 else "mono8",
                 "layout": self.preprocess.layout, "range": self.preprocess.range}
        return {"image": image, **super().card()[0]}, self.card_reference()

    def inputs(self, generator):
        return {"image": self.preprocess.sample(generator, self.height, self.width), **super().inputs(generator)}

    def prepare(self, *inputs):
        images, configuration = super().prepare(*inputs)
        return [self.preprocess(inputs[0]).double()], configuration


class Levine(Visual):
    """Levine et al. 2016: convolutions, spatial softmax, concat with the configuration, 40-40-J."""

    def __init__(self, kind="uint8-nhwc", form="lerobot", temperature=1.0, learned=False, norm=None, keypoints=None,
                 batchnorm=False, channels=3, activation=nn.ReLU, hidden=(40, 40), sharp=3.0, **options):
        super().__init__(**options)
        mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if norm == "imagenet" else (None, None)
        self.preprocess = Preprocess(kind, channels, mean, std)
        layers = [nn.Conv2d(channels, 8, 7, 2)]
        layers += [nn.BatchNorm2d(8)] if batchnorm else []
        layers += [nn.ReLU(), nn.Conv2d(8, 8, 5, bias=not batchnorm)]
        layers += [nn.BatchNorm2d(8)] if batchnorm else []
        layers += [nn.ReLU(), nn.Conv2d(8, 6, 5, padding=2), nn.ReLU()]
        c = 6
        if keypoints:
            layers.append(nn.Conv2d(c, keypoints, 1))
            c = keypoints
        self.trunk = nn.Sequential(*layers)
        self.spatial_softmax = SpatialSoftmax(form, c, 5, 3, temperature, learned)
        self.head = head(2 * c + self.n, hidden, self.joints, activation)
        initialise(self)
        with torch.no_grad():
            [layer for layer in self.trunk if isinstance(layer, nn.Conv2d)][-1].weight *= sharp

    def forward(self, image, configuration):
        points = self.spatial_softmax(self.trunk(self.preprocess(image)))
        return self.finish(self.head(torch.cat([points, self.normalised(configuration)], dim=1)))

    def canonical(self):
        first, *rest, last = self.head
        c = first.in_features - self.n
        layers = [self.fold_configuration(first, slice(c, None)), *rest, self.fold_finish(last)]
        trunk = nn.Sequential(*self.trunk, self.spatial_softmax.canonical())
        low, high = self.preprocess.bounds()
        return Canonical([trunk], [low], [high], nn.Sequential(*layers))


class LevineParts(Levine):
    """The configuration in four inputs, concatenated inside; each normalised by BatchNorm or not at all."""

    def forward(self, image, joint_position, joint_velocity, end_effector_position, end_effector_velocity):
        q = torch.cat([joint_position, joint_velocity, end_effector_position, end_effector_velocity], -1)
        return super().forward(image, q)

    def card(self):
        inputs, reference = super().card()
        del inputs["configuration"]
        parts = {m: [{"modality": m, "start": 0, "size": n}] for m, n in self.sizes.items()}
        return {**inputs, **parts}, reference

    def inputs(self, generator):
        inputs = super().inputs(generator)
        parts = inputs.pop("configuration").split(list(self.sizes.values()), 1)
        return {**inputs, **dict(zip(self.sizes, (p.contiguous() for p in parts), strict=True))}

    def prepare(self, image, *parts):
        return super().prepare(image, torch.cat(parts, 1))


class LevineEncoded(Levine):
    """The configuration goes through a layer of its own before the concat (observation encoders of imitation code)."""

    def __init__(self, **options):
        super().__init__(**options)
        self.encoder = nn.Sequential(nn.Linear(self.n, 10), nn.ReLU(), nn.Linear(10, self.n), nn.Tanh())
        initialise(self.encoder)

    def forward(self, image, configuration):
        points = self.spatial_softmax(self.trunk(self.preprocess(image)))
        encoded = self.encoder(self.normalised(configuration))
        return self.finish(self.head(torch.cat([points, encoded], dim=1)))

    def canonical(self):
        net = super().canonical()
        first, *rest = self.encoder
        encoder = nn.Sequential(self.fold_configuration(first, slice(None)), *rest)
        first, *rest, last = self.head
        layers = nn.Sequential(first, *rest, self.fold_finish(last))
        return Canonical(list(net.cameras), net.low, net.high, layers, encoder)


class TwoCameras(Levine):
    """Two cameras with trunks of their own, feature points side by side."""

    def __init__(self, **options):
        super().__init__(**options)
        self.trunk2 = nn.Sequential(nn.Conv2d(1, 4, 5, 2, 1), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
        self.spatial_softmax2 = SpatialSoftmax("lerobot", 4, 9, 7)
        self.preprocess2 = Preprocess("float-nchw", 1)
        self.head = head(8 + 12 + self.n, (40, 40), self.joints)
        initialise(self.trunk2, 2.0)
        initialise(self.head)

    def forward(self, front, wrist, configuration):
        a = self.spatial_softmax(self.trunk(self.preprocess(front)))
        b = self.spatial_softmax2(self.trunk2(self.preprocess2(wrist)))
        return self.finish(self.head(torch.cat([a, b, self.normalised(configuration)], dim=1)))

    def canonical(self):
        first, *rest, last = self.head
        layers = [self.fold_configuration(first, slice(20, None)), *rest, self.fold_finish(last)]
        trunks = [nn.Sequential(*self.trunk, self.spatial_softmax.canonical()),
                  nn.Sequential(*self.trunk2, self.spatial_softmax2.canonical())]
        bounds = [self.preprocess.bounds(), self.preprocess2.bounds()]
        return Canonical(trunks, [b[0] for b in bounds], [b[1] for b in bounds], nn.Sequential(*layers))

    def card(self):
        inputs, reference = super().card()
        front = {**inputs.pop("image"), "modality": "front"}
        wrist = {"modality": "wrist", "encoding": "mono8", "layout": "NCHW", "range": self.preprocess2.range}
        return {"front": front, "wrist": wrist, **inputs}, reference

    def inputs(self, generator):
        inputs = super().inputs(generator)
        wrist = self.preprocess2.sample(generator, self.height, self.width)
        return {"front": inputs["image"], "wrist": wrist, "configuration": inputs["configuration"]}

    def prepare(self, front, wrist, configuration):
        [a], q = super().prepare(front, configuration)
        return [a, self.preprocess2(wrist).double()], q


class Nature(Visual):
    """Nature CNN type: convolutions, flatten, concat with the configuration, one wide layer. `trunk` is given."""

    def __init__(self, trunk, height, width, kind="uint8-nchw", channels=3, hidden=(48,), pooled=None, gain=1.0,
                 activation=nn.ReLU, **options):
        super().__init__(**options)
        self.height, self.width, self.pooled = height, width, pooled
        self.preprocess = Preprocess(kind, channels)
        self.trunk = trunk
        initialise(self.trunk, gain)
        self.eval()
        n = self.features(torch.zeros(1, channels, height, width)).shape[1]
        self.head = head(n + self.n, hidden, self.joints, activation)
        initialise(self.head)
        if self.normalise == "batchnorm":
            initialise(self.batchnorm)

    def features(self, x):
        x = self.trunk(x)
        if self.pooled == "mean":
            return x.mean(dim=(2, 3))
        if self.pooled == "max":
            return torch.amax(x, dim=(2, 3))
        if self.pooled == "adaptive":
            x = F.adaptive_avg_pool2d(x, 1)
        return torch.flatten(x, 1)

    def forward(self, image, configuration):
        features = self.features(self.preprocess(image))
        return self.finish(self.head(torch.cat([features, self.normalised(configuration)], dim=1)))

    def canonical(self):
        first, *rest, last = self.head
        c = first.in_features - self.n
        layers = [self.fold_configuration(first, slice(c, None)), *rest, self.fold_finish(last)]
        trunk = list(self.trunk)
        if self.pooled:
            trunk.append(nn.AdaptiveMaxPool2d(1) if self.pooled == "max" else nn.AdaptiveAvgPool2d(1))
        low, high = self.preprocess.bounds()
        return Canonical([nn.Sequential(*trunk, nn.Flatten())], [low], [high], nn.Sequential(*layers))


class ShapeChain(Nature):
    """Sizes read from the tensor at run time: x.reshape(x.size(0), -1), and a batch of any size."""

    def features(self, x):
        x = self.trunk(x)
        return x.reshape(x.size(0), -1)


class Mlp(Policy):
    """Configuration only."""

    def __init__(self, hidden=(32, 32), activation=nn.Tanh, gain=1.0, **options):
        super().__init__(**options)
        self.head = head(self.n, hidden, self.joints, activation)
        initialise(self, gain)

    def forward(self, configuration):
        return self.finish(self.head(self.normalised(configuration)))

    def canonical(self):
        first, *rest, last = self.head
        layers = [self.fold_configuration(first, slice(None)), *rest, self.fold_finish(last)]
        return Canonical([], [], [], nn.Sequential(*layers))


class MatMulMlp(Mlp):
    """x @ W + b with W [in, out], as JAX and TensorFlow people write it, torques de-normalised at the end."""

    def __init__(self, **options):
        super().__init__(**options)
        self.w = nn.ParameterList([layer.weight.detach().T.clone() for layer in self.head if isinstance(layer, nn.Linear)])
        self.b = nn.ParameterList([layer.bias.detach().clone() for layer in self.head if isinstance(layer, nn.Linear)])
        self.register_buffer("torque_mean", torch.tensor([0.2, -0.4, 0.1][: self.joints]))
        self.register_buffer("torque_std", torch.tensor([1.5, 0.7, 2.0][: self.joints]))

    def forward(self, configuration):
        x = self.normalised(configuration)
        for i, (w, b) in enumerate(zip(self.w, self.b, strict=True)):
            x = x @ w + b
            if i + 1 < len(self.w):
                x = torch.sigmoid(x)
        return self.finish(x * self.torque_std + self.torque_mean)

    def canonical(self):
        net = super().canonical()
        *layers, last = net.head
        last = fold_output(last, self.torque_std, self.torque_mean.double())
        return Canonical([], [], [], nn.Sequential(*layers, last))


class Reordered(Mlp):
    """Split, slice, squeeze, stack: position and velocity of each joint side by side, end effector by chunks."""

    def order(self):
        p, v = range(0, 3), range(3, 6)
        joints = [i for pair in zip(p, v, strict=True) for i in pair]
        return torch.tensor(joints + [9, 10, 11] + [6, 8])

    def __init__(self, **options):
        super().__init__(**options)
        self.head = head(11, (32, 32), self.joints, nn.ReLU)
        initialise(self.head)

    def forward(self, configuration):
        p, v, e = torch.split(configuration, [3, 3, 6], dim=1)
        joints = torch.cat([p.unsqueeze(2), v.unsqueeze(2)], 2).flatten(1)
        position, velocity = e.chunk(2, dim=1)
        x = torch.cat([joints, velocity, position[:, 0:3:2]], 1)
        x = x.unsqueeze(1)
        return self.finish(self.head(x).squeeze(1))

    def canonical(self):
        first, *rest = self.head
        pick = torch.zeros(11, self.n, dtype=torch.float64)
        pick[torch.arange(11), self.order()] = 1
        first = linear(first.weight.double() @ pick, first.bias)
        return Canonical([], [], [], nn.Sequential(self.fold_configuration(first, slice(None)), *rest))


class EmptyPools(Mlp):
    """Torques whose sign no contribution has (bias alone decides), and hidden units without positive contributions."""

    def __init__(self, **options):
        super().__init__(activation=nn.ReLU, **options)
        with torch.no_grad():
            last = self.head[-1]
            last.weight[0] = last.weight[0].abs()
            last.bias[0] = -30.0
            last.weight[1] = -last.weight[1].abs()
            last.bias[1] = 30.0
            self.head[2].weight[:8] = -self.head[2].weight[:8].abs()
            self.head[2].bias[:8] = 9.0

    def special(self):
        return [{"configuration": torch.zeros(1, self.n)}]


class BatchNormMlp(Mlp):
    """BatchNorm between a linear layer and its activation."""

    def __init__(self, **options):
        super().__init__(**options)
        self.head = nn.Sequential(nn.Linear(self.n, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 32, bias=False),
                                  nn.BatchNorm1d(32), nn.Tanh(), nn.Linear(32, self.joints))
        initialise(self)


def levine(**options):
    return lambda: Levine(**options)


def conv_nature(channels):
    return nn.Sequential(nn.Conv2d(channels, 8, 8, 4), nn.ReLU(), nn.Conv2d(8, 12, 4, 2), nn.ReLU(),
                         nn.Conv2d(12, 12, 3, 1), nn.ReLU())


def maxpool_batchnorm():
    return nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(6, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
                         nn.Conv2d(8, 8, 3), nn.ReLU())


def average_groups():
    return nn.Sequential(nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(3, 8, 5, 2), nn.ReLU(), nn.AvgPool2d(2, 1),
                         nn.Conv2d(8, 8, 3, 1, 2, dilation=2, groups=4), nn.ReLU(), nn.Conv2d(8, 8, (3, 1), (2, 1)),
                         nn.ReLU(), nn.AvgPool2d(2, 2, ceil_mode=True))


def overlapping():
    return nn.Sequential(nn.Conv2d(3, 8, 5, 2, (2, 1)), nn.ReLU(), nn.MaxPool2d(3, 1, 1), nn.Conv2d(8, 8, 3, 2),
                         nn.ReLU(), nn.AvgPool2d(3, 2, 1))


def residual_trunk():
    return nn.Sequential(nn.Conv2d(3, 8, 5, 2), nn.ReLU(),
                         Residual(nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 1, 1))), nn.ReLU(),
                         Residual(nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1)), nn.Sequential(nn.Conv2d(8, 8, 1, 2))), nn.ReLU())


def tanh_trunk():
    return nn.Sequential(nn.Conv2d(1, 6, 5, 2), nn.Tanh(), nn.Conv2d(6, 8, 3, 2), nn.Tanh())


# name: (maker, exporter, opset, dynamic batch); "torchscript-kept" leaves BatchNorm nodes behind convolutions
POLICIES = {
    "levine-lerobot-ts13": (levine(form="lerobot"), "torchscript", 13, False),
    "levine-lerobot-dynamo18": (levine(form="lerobot", kind="float-nchw", keypoints=5), "dynamo", 18, False),
    "levine-robomimic-ts17": (levine(form="robomimic", kind="uint8-nchw", norm="imagenet", temperature=0.7,
                                     normalise="sub-div"), "torchscript", 17, False),
    "levine-gps-ts18": (levine(form="gps", kind="float-nhwc", temperature=0.4, learned=True), "torchscript", 18, False),
    "levine-gps-dynamo21": (levine(form="gps", kind="uint8-nhwc", joints=7, sizes=SEVEN,
                                   normalise="mul-add"), "dynamo", 21, False),
    "levine-marginal-dynamo18": (levine(form="marginal", kind="uint8-nhwc-late", activation=nn.Tanh), "dynamo", 18, False),
    "levine-marginal-ts13": (levine(form="marginal", kind="float-signed-nchw", channels=1, squash="tanh",
                                    scale=[5.0, 4.0, 3.0]), "torchscript", 13, False),
    "levine-batchnorm-ts17-batch": (levine(form="lerobot", batchnorm=True, normalise="batchnorm"),
                                    "torchscript", 17, True),
    "levine-batchnorm-dynamo18-batch": (levine(form="robomimic", batchnorm=True, learned=True), "dynamo", 18, True),
    "levine-reference-ts17": (levine(form="lerobot", normalise="sub-div", reference="mean"), "torchscript", 17, False),
    "levine-parts-ts21": (lambda: LevineParts(form="gps", normalise="sub-div", reference="values"),
                          "torchscript", 21, False),
    "levine-encoded-ts17": (lambda: LevineEncoded(form="lerobot", normalise="sub-div", squash="clip"),
                            "torchscript", 17, False),
    "levine-two-cameras-dynamo20": (lambda: TwoCameras(form="marginal"), "dynamo", 20, False),
    "nature-ts13": (lambda: Nature(conv_nature(1), 44, 40, channels=1), "torchscript", 13, False),
    "nature-dynamo18": (lambda: Nature(conv_nature(1), 44, 40, channels=1, kind="float-nhwc", squash="tanh"),
                        "dynamo", 18, False),
    "nature-maxpool-batchnorm-ts17": (lambda: Nature(maxpool_batchnorm(), 24, 20), "torchscript", 17, False),
    "nature-batchnorm-kept-ts18": (lambda: Nature(maxpool_batchnorm(), 24, 20), "torchscript-kept", 18, False),
    "nature-average-groups-ts13": (lambda: Nature(average_groups(), 24, 20, kind="uint8-nhwc"), "torchscript", 13, False),
    "nature-average-groups-dynamo18": (lambda: Nature(average_groups(), 24, 20, kind="float-nchw"), "dynamo", 18, False),
    "nature-overlapping-ts21": (lambda: Nature(overlapping(), 24, 20, normalise="sub-div"), "torchscript", 21, False),
    "nature-adaptive-ts17": (lambda: Nature(overlapping(), 24, 20, pooled="adaptive", scale=[2.0, 0.5, 3.0]),
                             "torchscript", 17, False),
    "nature-mean-dynamo18": (lambda: Nature(overlapping(), 24, 20, pooled="mean"), "dynamo", 18, False),
    "nature-mean-ts13": (lambda: Nature(overlapping(), 24, 20, pooled="mean"), "torchscript", 13, False),
    "nature-max-ts17": (lambda: Nature(maxpool_batchnorm(), 24, 20, pooled="max"), "torchscript", 17, False),
    "nature-residual-ts18": (lambda: Nature(residual_trunk(), 24, 20), "torchscript", 18, False),
    "nature-tanh-dynamo21": (lambda: Nature(tanh_trunk(), 24, 20, channels=1, activation=nn.Sigmoid, gain=0.8),
                             "dynamo", 21, False),
    "nature-shapes-ts13-batch": (lambda: ShapeChain(overlapping(), 24, 20, kind="uint8-nhwc"), "torchscript", 13, True),
    "nature-shapes-dynamo18-batch": (lambda: ShapeChain(overlapping(), 24, 20, kind="uint8-nhwc"), "dynamo", 18, True),
    "mlp-tanh-ts13": (lambda: Mlp(normalise="sub-div", squash="tanh", scale=[5.0, 4.0, 3.0]), "torchscript", 13, False),
    "mlp-tanh-dynamo18-batch": (lambda: Mlp(normalise="batchnorm"), "dynamo", 18, True),
    "mlp-batchnorm-hidden-ts13": (lambda: BatchNormMlp(normalise="sub-div"), "torchscript", 13, False),
    "mlp-batchnorm-ts17-batch": (lambda: Mlp(normalise="batchnorm", activation=nn.ReLU, squash="clip",
                                             scale=[5.0, 4.0, 3.0]), "torchscript", 17, True),
    "mlp-sigmoid-matmul-ts13": (lambda: MatMulMlp(normalise="mul-add", activation=nn.Sigmoid), "torchscript", 13, False),
    "mlp-sigmoid-matmul-dynamo21": (lambda: MatMulMlp(normalise="sub-div", activation=nn.Sigmoid, squash="sigmoid"),
                                    "dynamo", 21, False),
    "mlp-reordered-ts13": (lambda: Reordered(), "torchscript", 13, False),
    "mlp-reordered-ts18-batch": (lambda: Reordered(reference="values"), "torchscript", 18, True),
    "mlp-reordered-dynamo18": (lambda: Reordered(), "dynamo", 18, False),
    "mlp-reference-ts21": (lambda: Mlp(normalise="sub-div", activation=nn.ReLU, reference="mean"), "torchscript", 21, False),
    "mlp-empty-pools-ts17": (lambda: EmptyPools(), "torchscript", 17, False),
}
