"""What OpenCV and Pillow make of small images: test/data/sensing.json.

opencv-python-headless 5.0.0, pillow 13.0.0, numpy 2.4.6. Not in requirements.txt: only this file needs them.
"""

import base64
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

random = np.random.default_rng(4)
OUT = Path(__file__).parent.parent / "data" / "sensing.json"


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def yuv():
    width, height = 16, 6
    data = random.integers(0, 256, (height, width, 2), dtype=np.uint8)
    codes = {"uyvy": cv2.COLOR_YUV2RGB_UYVY, "yuyv": cv2.COLOR_YUV2RGB_YUY2}
    return [
        {"encoding": name, "width": width, "height": height, "data": packed(data), "rgb": packed(cv2.cvtColor(data, code))}
        for name, code in codes.items()
    ]


def bayer():
    # As cv_bridge takes them: OpenCV names a pattern by its second row.
    codes = {
        "bayer_rggb8": cv2.COLOR_BayerBG2RGB,
        "bayer_bggr8": cv2.COLOR_BayerRG2RGB,
        "bayer_gbrg8": cv2.COLOR_BayerGR2RGB,
        "bayer_grbg8": cv2.COLOR_BayerGB2RGB,
    }
    cases = []
    for width, height in [(12, 8), (9, 7)]:
        data = random.integers(0, 256, (height, width), dtype=np.uint8)
        for name, code in codes.items():
            rgb = cv2.cvtColor(data, code)
            cases.append({"encoding": name, "width": width, "height": height, "data": packed(data), "rgb": packed(rgb)})
    return cases


def resize():
    def opencv(flag):
        return lambda image, size: cv2.resize(image, size, interpolation=flag)

    def pillow(way):
        return lambda image, size: np.asarray(Image.fromarray(image).resize(size, way))

    filters = {
        "nearest": pillow(Image.Resampling.NEAREST),
        "bilinear": opencv(cv2.INTER_LINEAR),
        "area": opencv(cv2.INTER_AREA),
        "antialias": pillow(Image.Resampling.BILINEAR),
    }
    images = {
        "rgb8": random.integers(0, 256, (17, 23, 3), dtype=np.uint8),
        "rgba8": random.integers(0, 256, (12, 10, 4), dtype=np.uint8),
        "mono8": random.integers(0, 256, (24, 32), dtype=np.uint8),
        "16UC1": random.integers(0, 65536, (15, 20), dtype=np.uint16),
    }
    cases = []
    for encoding, image in images.items():
        height, width = image.shape[:2]
        for name, run in filters.items():
            # Pillow blends by alpha, and knows no words.
            if name == "antialias" and encoding in ("rgba8", "16UC1"):
                continue
            # OpenCV's area filter is another one where an image grows.
            sizes = [(width // 2, height // 2), (7, 5), (width - 1, height - 2)]
            for size in sizes + ([] if name == "area" else [(2 * width, 2 * height), (31, 29)]):
                cases.append(
                    {
                        "encoding": encoding,
                        "filter": name,
                        "from": [width, height],
                        "to": list(size),
                        "data": packed(image),
                        "expected": packed(run(image, size)),
                    }
                )
    return cases


OUT.write_text(json.dumps({"yuv": yuv(), "bayer": bayer(), "resize": resize()}, indent=1) + "\n")
