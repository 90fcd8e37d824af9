"""Faithfulness of random maps of a small network by Quantus: test/data/reference/faithfulness.json.

    python3.11 -m venv /tmp/faithfulness && /tmp/faithfulness/bin/pip install quantus==0.6.0 torch scipy
    /tmp/faithfulness/bin/python faithfulness.py [FILE]

The images have one channel, so that a feature of Quantus is a pixel. Noise of ROAD is off.
"""

import json
import sys
from pathlib import Path

import numpy as np
import quantus
import torch

HEIGHT, WIDTH, IMAGES, CLASSES, STEP, FILL = 10, 12, 6, 4, 6, 0.25
PERCENTAGES = [5, 10, 20, 35, 50, 75, 95]
if not hasattr(np, "trapz"):
    np.trapz = np.trapezoid  # its name since NumPy 2

torch.manual_seed(5)
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 3, 3, stride=2),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(3 * 4 * 5, CLASSES),
).eval()
with torch.no_grad():
    network[3].weight *= 6

rng = np.random.default_rng(3)
images = rng.uniform(0, 1, (IMAGES, 1, HEIGHT, WIDTH)).astype(np.float32)
maps = rng.normal(0, 1, (IMAGES, 1, HEIGHT, WIDTH)).astype(np.float32)
with torch.no_grad():
    logits = network(torch.tensor(images)).numpy()
chosen = logits.argmax(axis=1)
common = dict(model=network, x_batch=images, y_batch=chosen, a_batch=maps, device="cpu", batch_size=IMAGES)

flipping = dict(features_in_step=STEP, perturb_baseline=FILL, normalise=True, disable_warnings=True)
deletion = quantus.PixelFlipping(**flipping)(**common)
areas = quantus.PixelFlipping(**flipping, return_auc_per_sample=True)(**common)
sensitivity = quantus.SensitivityN(**flipping, return_aggregate=False)(**common)
road = quantus.ROAD(percentages=PERCENTAGES, noise=0.0, disable_warnings=True)(**common)

one = images[0]
indices = np.argsort(-maps[0].reshape(-1))[: HEIGHT * WIDTH // 2]
imputed = quantus.functions.perturb_func.noisy_linear_imputation(one, indices, noise=0.0)


def rounded(values):
    return [float(f"{value:.7g}") for value in np.asarray(values, dtype=np.float64).reshape(-1)]


found = {
    "source": f"quantus {quantus.__version__ if hasattr(quantus, '__version__') else '0.6.0'}",
    "height": HEIGHT,
    "width": WIDTH,
    "step": STEP,
    "fill": FILL,
    "percentages": PERCENTAGES,
    "parameters": [rounded(p.detach().numpy()) for p in network.parameters()],
    "images": [rounded(image) for image in images],
    "maps": [rounded(m) for m in maps],
    "chosen": chosen.tolist(),
    "deletion": [rounded(curve) for curve in deletion],
    "areas": rounded(areas),
    "sensitivity": rounded(sensitivity),
    "road": rounded([road[p] for p in PERCENTAGES]),
    "imputed": {"indices": indices.tolist(), "pixels": rounded(imputed)},
}
path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "data/reference/faithfulness.json"
path.write_text(json.dumps(found) + "\n")
