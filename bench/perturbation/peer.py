"""A perturbation map by plain batched evaluation in PyTorch: peer.py FOLDER THREADS SECONDS

FOLDER holds what run.js wrote: the layers and their numbers, one image, radius, stride and blur. Masks are made by SciPy
before the clock starts. A run blurs the image, puts the blurred one under every mask, evaluates the pictures batch by
batch, and takes ½ Σ Δ² of the outputs. The fastest of several batch sizes and memory formats is timed. Writes
scores.bin and prints one JSON line: {"median_ms", "cpu_ms", "runs", "how", "version"}.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from torch import nn

folder, threads, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
torch.set_num_threads(threads)
setup = json.loads((folder / "setup.json").read_text())
numbers = torch.from_numpy(np.fromfile(folder / "numbers.bin", dtype=np.float32))
radius, stride, blur = setup["radius"], setup["stride"], setup["blur"]


def parameter(place):
    size = int(np.prod(place["shape"]))
    return nn.Parameter(numbers[place["at"] : place["at"] + size].reshape(place["shape"]).clone(), requires_grad=False)


layers = []
for layer in setup["layers"]:
    if layer["kind"] == "convolution":
        weight = parameter(layer["weight"])
        made = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], layer["stride"])
        made.weight, made.bias = weight, parameter(layer["bias"])
    elif layer["kind"] == "dense":
        weight = parameter(layer["weight"])
        made = nn.Linear(*weight.shape)
        made.weight = nn.Parameter(weight.T.contiguous(), requires_grad=False)
        made.bias = parameter(layer["bias"])
    else:
        made = {"relu": nn.ReLU, "flatten": nn.Flatten}[layer["kind"]]()
    layers.append(made)
network = nn.Sequential(*layers)
image = torch.from_numpy(np.fromfile(folder / "image.bin", dtype=np.uint8)).reshape(setup["image"]).float()
height, width = image.shape[2:]


def spot(y, x):
    rows, columns = np.ogrid[-y : height - y, -x : width - x]
    mask = gaussian_filter((rows * rows + columns * columns <= 1).astype(np.float64), sigma=radius)
    return (mask / mask.max()).astype(np.float32)


centres = [(y, x) for y in range(0, height, stride) for x in range(0, width, stride)]
masks = torch.from_numpy(np.stack([spot(y, x) for y, x in centres]))[:, None]
down, across = (torch.from_numpy(gaussian_filter1d(np.eye(n), blur, axis=0).astype(np.float32)) for n in (height, width))


def run(batch, channels_last):
    difference = down @ image @ across.T - image
    before = network(image)
    scores = []
    for part in masks.split(batch):
        pictures = torch.addcmul(image, part, difference)
        if channels_last:
            pictures = pictures.contiguous(memory_format=torch.channels_last)
        scores.append((0.5 * (before - network(pictures)) ** 2).sum(1))
    return torch.cat(scores)


def timed(*how):
    wall, cpu = time.perf_counter(), time.process_time()
    run(*how)
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


with torch.inference_mode():
    ways = [(batch, last) for batch in (8, 32, 128, len(centres)) for last in (False, True)]
    best = min(ways, key=lambda how: min(timed(*how)[1] for _ in range(3)))
    times, end = [], time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        times.append(timed(*best))
    run(*best).numpy().tofile(folder / "scores.bin")
print(
    json.dumps(
        {
            "median_ms": statistics.median(wall for wall, _ in times),
            "cpu_ms": statistics.median(cpu for _, cpu in times),
            "runs": len(times),
            "how": f"batches of {best[0]}{', channels last' if best[1] else ''}",
            "version": torch.__version__,
        }
    )
)
