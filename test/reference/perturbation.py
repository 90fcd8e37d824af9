"""Perturbation maps of a small network by SciPy and Captum: test/data/reference/perturbation.json.

    python3.11 -m venv /tmp/perturbation && /tmp/perturbation/bin/pip install captum==0.9.0 torch scipy
    /tmp/perturbation/bin/python perturbation.py [FILE]

Blurred spots as Greydanus et al. 2018 describe them, their scores, and SARFA's (Puri et al. 2020), by the papers' formulas
in NumPy and SciPy; occlusion by Captum. Scores are given at the grid of centres, before any interpolation.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from captum.attr import Occlusion
from scipy.ndimage import gaussian_filter
from scipy.special import log_softmax, rel_entr, softmax

HEIGHT, WIDTH, CHANNELS, ACTIONS = 12, 15, 2, 4
RADIUS, STRIDE, BLUR = 2.5, 4, 1.5

torch.manual_seed(2)
network = torch.nn.Sequential(
    torch.nn.Conv2d(CHANNELS, 3, 3, stride=2),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(3 * 5 * 7, ACTIONS),
).double().eval()
with torch.no_grad():
    network[3].weight *= 4
image = np.random.default_rng(7).uniform(0, 1, (CHANNELS, HEIGHT, WIDTH))


def logits(x):
    with torch.no_grad():
        return network(torch.tensor(x[None])).numpy()[0]


def spot(y, x):
    rows, columns = np.ogrid[-y : HEIGHT - y, -x : WIDTH - x]
    mask = np.zeros((HEIGHT, WIDTH))
    mask[rows * rows + columns * columns <= 1] = 1
    mask = gaussian_filter(mask, sigma=RADIUS)
    return mask / mask.max()


def sarfa(before, after, action):
    fall = softmax(before)[action] - softmax(after)[action]
    if fall <= 0:
        return 0.0
    rest, changed = (softmax(np.delete(q, action)) for q in (before, after))
    k = 1 / (1 + rel_entr(rest, changed).sum())
    return 2 * fall * k / (fall + k)


blurred = np.stack([gaussian_filter(channel, sigma=BLUR) for channel in image])
before = logits(image)
found = {"square": [], "kl": [], "sarfa": []}
for y in range(0, HEIGHT, STRIDE):
    for x in range(0, WIDTH, STRIDE):
        mask = spot(y, x)
        after = logits(image * (1 - mask) + blurred * mask)
        found["square"].append((0.5 * (before - after) ** 2).tolist())
        logs, changed = log_softmax(before), log_softmax(after)
        found["kl"].append((np.exp(logs) * (logs - changed)).tolist())
        found["sarfa"].append([sarfa(before, after, a) for a in range(ACTIONS)])

occlusion = Occlusion(network)
mean = torch.tensor(image.mean(axis=(1, 2), keepdims=True) * np.ones_like(image))[None]
covered = [
    occlusion.attribute(
        torch.tensor(image[None]),
        sliding_window_shapes=(CHANNELS, 5, 5),
        strides=(CHANNELS, 3, 3),
        baselines=mean,
        target=action,
    )[0, 0].numpy()
    for action in range(ACTIONS)
]


def rounded(values):
    return [float(f"{value:.9g}") for value in np.asarray(values, dtype=np.float64).reshape(-1)]


numbers = {
    "height": HEIGHT,
    "width": WIDTH,
    "channels": CHANNELS,
    "radius": RADIUS,
    "stride": STRIDE,
    "blur": BLUR,
    "occlusion": {"size": 5, "stride": 3, "maps": rounded(covered)},
    "parameters": [rounded(p.detach().numpy()) for p in network.parameters()],
    "image": rounded(image),
    "logits": rounded(before),
    "scores": {key: [rounded(row) for row in rows] for key, rows in found.items()},
}
path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "data/reference/perturbation.json"
path.write_text(json.dumps(numbers) + "\n")
