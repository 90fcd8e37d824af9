"""NSS, KL divergence and shuffled AUC of random maps: test/data/reference/saliency.json.

    python3 -m venv /tmp/saliency && /tmp/saliency/bin/pip install numpy scipy
    /tmp/saliency/bin/python saliency.py [FILE]

Nothing here is written as in src/evaluation/saliency: NSS by z-scores of SciPy, the divergence by scipy.stats.entropy on
maps that scipy.ndimage blurs, the area by the statistic of Mann and Whitney.
"""

import json
import sys
from pathlib import Path

import numpy as np
from fixation_measures import divergence, nss, shuffled

rng = np.random.default_rng(11)
CASES = [
    ("small", 9, 7, 12, 30),
    ("one row", 1, 40, 9, 20),
    ("square", 24, 24, 40, 200),
    ("frame", 42, 32, 100, 800),
    ("ties", 20, 26, 60, 300),
    ("one fixation", 16, 16, 1, 40),
]


def fixations(height, width, count):
    places = rng.integers(0, height * width, count)
    return np.bincount(places, minlength=height * width).reshape(height, width)


cases = []
for name, height, width, count, other in CASES:
    saliency = rng.gamma(0.7, 2, (height, width)) + 1e-3
    if name == "ties":
        saliency = np.ceil(saliency)
    fixated, others = fixations(height, width, count), fixations(height, width, other)
    cases.append(
        {
            "name": name,
            "height": height,
            "width": width,
            "map": saliency.ravel().tolist(),
            "fixations": fixated.ravel().tolist(),
            "others": others.ravel().tolist(),
            "nss": nss(saliency, fixated),
            "kl": divergence(saliency, fixated),
            "sauc": shuffled(saliency, fixated, others),
        }
    )

here = Path(__file__).parent.parent / "data" / "reference" / "saliency.json"
target = Path(sys.argv[1]) if len(sys.argv) > 1 else here
target.write_text(json.dumps({"torquelens_reference": "saliency", "cases": cases}) + "\n")
