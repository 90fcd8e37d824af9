"""Building blocks of the architectures that robot people train, small and in the form in which they are written."""

import math

import torch
from torch import nn
from torch.nn import functional as F
from torch_policies import Preprocess, SpatialSoftmax


def scatter(module, generator=None):
    """Random weights that matter everywhere: gains around 1, one of them negative, small biases, lively embeddings."""
    for layer in module.modules():
        if isinstance(layer, (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.Linear)):
            fan_in = layer.weight[0].numel()
            nn.init.normal_(layer.weight, 0, math.sqrt(1.6 / fan_in), generator=generator)
            if layer.bias is not None:
                nn.init.normal_(layer.bias, 0, 0.1)
        elif isinstance(layer, (nn.GroupNorm, nn.LayerNorm, nn.BatchNorm2d, FrozenBatchNorm2d, nn.InstanceNorm2d)):
            if layer.weight is None:
                continue
            nn.init.uniform_(layer.weight, 0.6, 1.4)
            nn.init.normal_(layer.bias, 0, 0.2)
            with torch.no_grad():
                layer.weight[-1] *= -1
            if hasattr(layer, "running_mean") and layer.running_mean is not None:
                nn.init.normal_(layer.running_mean, 0, 0.2)
                nn.init.uniform_(layer.running_var, 0.5, 1.5)
        elif isinstance(layer, nn.MultiheadAttention):
            nn.init.normal_(layer.in_proj_weight, 0, 1.2 / math.sqrt(layer.embed_dim))
            nn.init.normal_(layer.in_proj_bias, 0, 0.1)
    return module


class Pixels(Preprocess):
    """Preprocess that follows the module's own type, so that the policy can also be run in float64."""

    def __init__(self, kind, channels, mean=None, std=None):
        super().__init__(kind, channels, mean or [0.0] * channels, std or [1.0] * channels)
        self.plain = mean is None

    def forward(self, x):
        """[..., C, H, W] or [..., H, W, C] → [..., C, H, W]."""
        if "uint8" in self.kind:
            x = x.to(self.mean.dtype) / 255.0
        if self.layout == "NHWC":
            *lead, h, w, c = range(x.dim())
            x = x.permute(*lead, c, h, w)
        return x if self.plain else (x - self.mean) / self.std


class FrozenBatchNorm2d(nn.Module):
    """Statistics and gains as buffers, as in torchvision's detection backbones and in ACT."""

    def __init__(self, channels, eps=1e-5):
        super().__init__()
        self.eps = eps
        for name, value in {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}.items():
            self.register_buffer(name, torch.full((channels,), value))

    def forward(self, x):
        weight, bias, mean, var = (b.reshape(1, -1, 1, 1) for b in (self.weight, self.bias, self.running_mean,
                                                                    self.running_var))
        scale = weight * (var + self.eps).rsqrt()
        return x * scale + (bias - mean * scale)


NORMS = {
    "group": lambda c: nn.GroupNorm(2, c),
    "batch": nn.BatchNorm2d,
    "frozen": FrozenBatchNorm2d,
    "instance": lambda c: nn.InstanceNorm2d(c, affine=True),
}


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride, norm):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), norm(c_out)
        self.conv2, self.norm2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), norm(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), norm(c_out))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + identity)


class ResNet(nn.Module):
    """ResNet-18's shape less its classifier: 7×7 stride 2, 3×3 max pooling, `blocks` basic blocks a stage."""

    def __init__(self, norm="group", channels=3, widths=(4, 6, 8, 10), blocks=2):
        super().__init__()
        norm = NORMS[norm]
        self.stem = nn.Sequential(nn.Conv2d(channels, widths[0], 7, 2, 3, bias=False), norm(widths[0]), nn.ReLU(),
                                  nn.MaxPool2d(3, 2, 1))
        stages, c = [], widths[0]
        for i, width in enumerate(widths):
            stages.append(nn.Sequential(*[BasicBlock(c if b == 0 else width, width, 2 if i and b == 0 else 1, norm)
                                          for b in range(blocks)]))
            c = width
        self.stages, self.channels = nn.Sequential(*stages), c

    def forward(self, x):
        return self.stages(self.stem(x))


class ResNetEncoder(nn.Module):
    """ResNet → keypoints → linear → ReLU: the image encoder of robomimic and diffusion policy."""

    def __init__(self, height, width, features, norm="group", form="lerobot", channels=3, widths=(4, 6, 8, 10),
                 blocks=2):
        super().__init__()
        self.backbone = ResNet(norm, channels, widths, blocks)
        shape = self.backbone.eval()(torch.zeros(1, channels, height, width)).shape
        self.keypoints = nn.Conv2d(shape[1], 6, 1)
        self.pool = SpatialSoftmax(form, 6, shape[2], shape[3])
        self.out = nn.Linear(12, features)

    def forward(self, x):
        return F.relu(self.out(self.pool(self.keypoints(self.backbone(x)))))


def small_encoder(channels, features, height, width):
    """Three convolutions, flattened into a linear layer."""
    trunk = nn.Sequential(nn.Conv2d(channels, 6, 5, 2), nn.ReLU(), nn.Conv2d(6, 8, 3, 2), nn.ReLU(),
                          nn.Conv2d(8, 8, 3, 1), nn.ReLU(), nn.Flatten())
    n = trunk(torch.zeros(1, channels, height, width)).shape[1]
    return nn.Sequential(*trunk, nn.Linear(n, features), nn.ReLU())


class SinusoidalEmbedding(nn.Module):
    """Sine and cosine of a time step at geometric frequencies, [B] → [B, n]."""

    def __init__(self, n):
        super().__init__()
        half = n // 2
        self.register_buffer("frequencies", torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1))))

    def forward(self, t):
        angles = t.to(self.frequencies.dtype)[:, None] * self.frequencies[None, :]
        return torch.cat([angles.sin(), angles.cos()], -1)


class PositionEmbedding2d(nn.Module):
    """[B, C, H, W] → [1, dim, H, W]: sines of the rows and columns, computed in the graph as ACT does."""

    def __init__(self, dim):
        super().__init__()
        self.half = dim // 2

    def forward(self, x):
        ones = torch.ones_like(x[0, :1])
        rows, columns = ones.cumsum(1, dtype=x.dtype), ones.cumsum(2, dtype=x.dtype)
        rows = rows / (rows[:, -1:, :] + 1e-6) * 2 * math.pi
        columns = columns / (columns[:, :, -1:] + 1e-6) * 2 * math.pi
        frequency = 10000 ** (2 * (torch.arange(self.half, dtype=x.dtype) // 2) / self.half)
        rows, columns = rows.unsqueeze(-1) / frequency, columns.unsqueeze(-1) / frequency
        each = [torch.stack([p[..., 0::2].sin(), p[..., 1::2].cos()], -1).flatten(3) for p in (rows, columns)]
        return torch.cat(each, 3).permute(0, 3, 1, 2)


def sinusoid_table(positions, dim):
    """[positions, dim] of sines and cosines."""
    p = torch.arange(positions)[:, None] / 10000 ** (2 * (torch.arange(dim) // 2) / dim)
    table = p.clone()
    table[:, 0::2], table[:, 1::2] = p[:, 0::2].sin(), p[:, 1::2].cos()
    return table


class SelfAttention(nn.Module):
    """Attention by F.scaled_dot_product_attention on one projection of queries, keys and values."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(b, n, d))


class MultiheadSelfAttention(nn.Module):
    """The same by nn.MultiheadAttention."""

    def __init__(self, dim, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer around a residual stream; LayerNorm before (`pre`) or after each."""

    def __init__(self, dim, heads, pre=True, gelu="none", attention="sdpa"):
        super().__init__()
        self.pre = pre
        self.attention = (SelfAttention if attention == "sdpa" else MultiheadSelfAttention)(dim, heads)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.feed = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(approximate=gelu), nn.Linear(2 * dim, dim))

    def forward(self, x):
        if self.pre:
            x = x + self.attention(self.norm1(x))
            return x + self.feed(self.norm2(x))
        x = self.norm1(x + self.attention(x))
        return self.norm2(x + self.feed(x))


class Film(nn.Module):
    """x * scale(condition) + bias(condition) on the channels of [B, C, ...]."""

    def __init__(self, condition, channels):
        super().__init__()
        self.layer, self.channels = nn.Linear(condition, 2 * channels), channels

    def forward(self, x, condition):
        scale, bias = self.layer(condition).chunk(2, dim=1)
        shape = (-1, self.channels, *[1] * (x.dim() - 2))
        return x * scale.reshape(shape) + bias.reshape(shape)


class Conv1dBlock(nn.Sequential):
    def __init__(self, c_in, c_out, kernel=3):
        super().__init__(nn.Conv1d(c_in, c_out, kernel, padding=kernel // 2), nn.GroupNorm(2, c_out), nn.Mish())


class FilmResidualBlock1d(nn.Module):
    """Two Conv1dBlocks with FiLM between them and a residual connection (diffusion policy)."""

    def __init__(self, c_in, c_out, condition):
        super().__init__()
        self.block1, self.block2 = Conv1dBlock(c_in, c_out), Conv1dBlock(c_out, c_out)
        self.mish, self.film = nn.Mish(), Film(condition, c_out)
        self.skip = nn.Conv1d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x, condition):
        y = self.film(self.block1(x), self.mish(condition))
        return self.block2(y) + self.skip(x)


class FilmUnet1d(nn.Module):
    """The conditional U-Net of diffusion policy on [B, T, J], two levels deep."""

    def __init__(self, joints, condition, widths=(8, 12), step=16, up="transposed"):
        super().__init__()
        self.time = nn.Sequential(SinusoidalEmbedding(step), nn.Linear(step, 2 * step), nn.Mish(),
                                  nn.Linear(2 * step, step))
        a, b = widths
        c = condition + step
        self.down1, self.down2 = FilmResidualBlock1d(joints, a, c), FilmResidualBlock1d(a, b, c)
        self.downsample = nn.Conv1d(a, a, 3, 2, 1)
        self.middle = FilmResidualBlock1d(b, b, c)
        self.up1 = FilmResidualBlock1d(b, a, c)
        self.upsample = (nn.ConvTranspose1d(a, a, 4, 2, 1) if up == "transposed" else
                       nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv1d(a, a, 3, padding=1)))
        self.up2 = FilmResidualBlock1d(2 * a, a, c)
        self.final = nn.Sequential(Conv1dBlock(a, a), nn.Conv1d(a, joints, 1))

    def forward(self, sample, timestep, condition):
        condition = torch.cat([self.time(timestep), condition], 1)
        x = self.down1(sample.transpose(1, 2), condition)
        y = self.middle(self.down2(self.downsample(x), condition), condition)
        y = torch.cat([self.upsample(self.up1(y, condition)), x], 1)
        return self.final(self.up2(y, condition)).transpose(1, 2)
