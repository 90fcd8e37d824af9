"""Regions of XRAI by the authors' package, and its parts by scikit-image: test/data/xrai.json. python xrai.py

Needs saliency 0.2 and scikit-image. Pictures and relevance come from formulas that the test repeats: they have no two
equal distances of neighbours, so that the order of equal edges does not matter.
"""

import json
import os
import sys

sys.path.pop(0)  # this folder has a saliency.py of its own

import numpy as np
from saliency.core import xrai
from skimage.segmentation import felzenszwalb
from skimage.transform import resize

SIZES = {"square": (64, 64, 3), "wide": (40, 72, 3), "grey": (48, 48, 1), "large": (240, 300, 3)}


def noise(shape, code):
    n = np.sin((np.arange(int(np.prod(shape))) + 1) * 12.9898 + code) * 43758.5453
    return (n - np.floor(n)).reshape(shape)


# Bright and dark discs and a slope, with noise.
def picture(shape):
    h, w, c = shape
    y, x = np.mgrid[0:h, 0:w]
    image = np.repeat((40 + 60 * x / w)[:, :, None], c, 2)
    for k, (cy, cx, r) in enumerate([(0.3, 0.3, 0.15), (0.6, 0.7, 0.2), (0.8, 0.25, 0.1)]):
        inside = ((y / h - cy) ** 2 + (x / w - cx) ** 2) < r**2
        for channel in range(c):
            image[inside, channel] = 80 + 50 * ((k + channel) % 3)
    return image + 12 * noise(shape, 1.0)


def relevance(shape):
    h, w, _ = shape
    y, x = np.mgrid[0:h, 0:w]
    return np.exp(-((y / h - 0.6) ** 2 + (x / w - 0.7) ** 2) / 0.02) + 0.3 * (noise((h, w), 2.0) - 0.5)


def numbers(array, every):
    return [float(f"{v:.9g}") for v in np.asarray(array, float).flatten()[::every].tolist()]


def case(shape):
    image = picture(shape)
    scaled = xrai._normalize_image(image, [-1.0, 1.0])
    large = xrai._normalize_image(image, [-1.0, 1.0], (224, 224))
    labels = felzenszwalb(large, scale=250, sigma=0.8, min_size=150)
    found = {
        "shape": shape,
        "large": numbers(large, 997),
        "labels": labels.flatten()[::101].tolist(),
        "segments": int(labels.max()) + 1,
        "small_labels": felzenszwalb(scaled, scale=100, sigma=0.5, min_size=20).flatten()[::7].tolist(),
    }
    segments = xrai._get_segments_felzenszwalb(image)
    attribution, ranks = xrai.XRAI._xrai(relevance(shape), segments)
    found["masks"] = [int(mask.sum()) for mask in segments]
    found["map"] = numbers(attribution, 13)
    found["ranks"] = ranks.flatten()[::13].tolist() if shape[0] > 100 else ranks.flatten().tolist()
    return found


if __name__ == "__main__":
    out = os.path.join(os.path.dirname(__file__), "../data/xrai.json")
    with open(out, "w") as file:
        json.dump({name: case(shape) for name, shape in SIZES.items()}, file, separators=(",", ":"))
        file.write("\n")
