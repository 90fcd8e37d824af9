"""Outputs of a deeper network under every spot of a grid, by PyTorch: test/data/reference/perturbation-windows.json.

    python3.11 -m venv /tmp/perturbation && /tmp/perturbation/bin/pip install torch scipy
    /tmp/perturbation/bin/python perturbation_windows.py [FILE]

Every picture is evaluated whole, in float64. The layers have strides, padding, dilation, groups, pools and a residual
connection; parameters and image are random.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import nn
from torch.nn import functional

HEIGHT, WIDTH, CHANNELS, OUTPUTS = 41, 36, 3, 3
RADIUS, STRIDE, BLUR = 1, 6, 1.5


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, 4, 5, stride=2, padding=(2, 1))
        self.grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.dilated = nn.Conv2d(4, 5, 3, dilation=2)
        self.dense = nn.Linear(5 * 9 * 7, OUTPUTS)

    def forward(self, x):
        x = functional.relu(self.first(x))
        x = functional.relu(self.grouped(x) + x)
        x = functional.relu(self.dilated(x))
        x = functional.max_pool2d(x, 3, stride=2, padding=1)
        x = functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
        return self.dense(x.flatten(1))


torch.manual_seed(4)
network = Network().double().eval()
image = np.random.default_rng(8).uniform(0, 1, (CHANNELS, HEIGHT, WIDTH))


def spot(y, x):
    rows, columns = np.ogrid[-y : HEIGHT - y, -x : WIDTH - x]
    mask = gaussian_filter((rows * rows + columns * columns <= 1).astype(float), sigma=RADIUS)
    return mask / mask.max()


blurred = np.stack([gaussian_filter(channel, sigma=BLUR) for channel in image])
centres = [(y, x) for y in range(0, HEIGHT, STRIDE) for x in range(0, WIDTH, STRIDE)]
pictures = np.stack([image * (1 - mask) + blurred * mask for mask in (spot(y, x) for y, x in centres)])
with torch.no_grad():
    before = network(torch.tensor(image[None])).numpy()
    outputs = network(torch.tensor(pictures)).numpy()


def rounded(values):
    return [float(f"{value:.8g}") for value in np.asarray(values).reshape(-1)]


numbers = {
    "height": HEIGHT,
    "width": WIDTH,
    "channels": CHANNELS,
    "radius": RADIUS,
    "stride": STRIDE,
    "blur": BLUR,
    "parameters": {name: rounded(p.detach().numpy()) for name, p in network.named_parameters()},
    "image": rounded(image),
    "changes": rounded(outputs - before),
    "largest": float(np.abs(outputs).max()),
}
default = Path(__file__).parent.parent / "data/reference/perturbation-windows.json"
(Path(sys.argv[1]) if len(sys.argv) > 1 else default).write_text(json.dumps(numbers) + "\n")
