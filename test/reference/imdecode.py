"""What OpenCV's imdecode makes of JPEG and PNG files, whole and damaged: test/data/imdecode.json.

opencv-python-headless 5.0.0, pillow 13.0.0, numpy 2.4.6. Not in requirements.txt: only this file and sensing.py need
them. OpenCV 4.5.5, 4.6.0, 4.10.0 and 4.13.0 gave the same pixels, except for JPEGs without an end: 4.11 and later refuse
them, earlier ones repeat a row, leave grey, or both.
"""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

random = np.random.default_rng(7)
OUT = Path(__file__).parent.parent / "data" / "imdecode.json"
WIDTH, HEIGHT = 40, 32
END = b"\xff\xd9"

y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
smooth = np.stack([6 * x, 7 * y, 3 * (x + y)], -1)
rgb = np.clip(smooth + random.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)
image = Image.fromarray(rgb)


def jpeg(source=image, **options):
    file = io.BytesIO()
    source.save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


def segments(file):
    """Marker segments before the entropy-coded data, and that data."""
    at, found = 2, []
    while file[at : at + 2] != b"\xff\xda":
        length = 2 + struct.unpack(">H", file[at + 2 : at + 4])[0]
        found.append(file[at : at + length])
        at += length
    return found, file[at:]


def without_tables(file):
    """As MJPEG cameras send it: the Huffman tables are those of the standard, and left out."""
    found, rest = segments(file)
    return file[:2] + b"".join(s for s in found if s[1] != 0xC4) + rest


def inverted(file):
    """YCCK in place of CMYK: Adobe's transform 2."""
    at = file.index(b"Adobe") + 11
    return file[:at] + b"\x02" + file[at + 1 :]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, colour, bits, more=b""):
    rows = b"".join(b"\0" + row.astype(">u2" if bits == 16 else "u1").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def files():
    plain = jpeg()
    data = plain.index(b"\xff\xda") + 14
    half = data + (len(plain) - data) // 2
    restarts = jpeg(restart_marker_blocks=1)
    third = restarts.index(b"\xff\xd2")
    exif = Image.Exif()
    exif[0x112] = 6
    yield from {
        "jpeg 4:2:0": plain,
        "jpeg 4:2:2": jpeg(subsampling=1),
        "jpeg 4:4:4": jpeg(subsampling=0),
        "jpeg progressive": jpeg(progressive=True),
        "jpeg grey": jpeg(image.convert("L")),
        "jpeg rgb": jpeg(keep_rgb=True),
        "jpeg cmyk": jpeg(image.convert("CMYK")),
        "jpeg ycck": inverted(jpeg(image.convert("CMYK"))),
        "jpeg without Huffman tables": without_tables(plain),
        "jpeg turned by EXIF": jpeg(exif=exif),
        "jpeg with bytes after its end": plain + b"\0" * 20,
        "jpeg with stray bytes before a restart marker": restarts[:third] + b"\x12\x34\x56" + restarts[third:],
        "jpeg without a restart marker": restarts[:third] + restarts[third + 2 :],
        "jpeg with changed bytes": plain[:half] + bytes(b ^ 0x5A for b in plain[half : half + 9]) + plain[half + 9 :],
        "jpeg cut in half, with an end": plain[:half] + END,
        "jpeg cut in half": plain[:half],
        "jpeg without an end": plain[:-2],
        "jpeg cut in its header": plain[: data - 30],
        "jpeg with stray bytes before it": b"\0\x11" + plain,
    }.items()
    deep = (random.integers(0, 65536, (HEIGHT, WIDTH, 3)) // 7 * 7).astype(np.uint16)
    palette = random.integers(0, 256, (256, 3)).astype(np.uint8)
    whole = png(rgb, 2, 8)
    middle = len(whole) // 2
    yield from {
        "png rgb": whole,
        "png rgba": png(np.concatenate([rgb, rgb[..., :1]], -1), 6, 8),
        "png grey": png(rgb[..., 0], 0, 8),
        "png grey 16": png(deep[..., 0], 0, 16),
        "png rgb 16": png(deep, 2, 16),
        "png rgba 16": png(np.concatenate([deep, deep[..., :1]], -1), 6, 16),
        "png palette": png(rgb[..., 0], 3, 8, chunk(b"PLTE", palette.tobytes())),
        "png with gamma": png(rgb, 2, 8, chunk(b"gAMA", struct.pack(">I", 100000))),
        "png with a changed byte": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "png cut in half": whole[:middle],
    }.items()


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()).decode()


cases = []
for name, file in files():
    pixels = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    case = {"name": name, "file": base64.b64encode(file).decode()}
    if pixels is not None:
        # As cv_bridge scales words of colours.
        if pixels.ndim == 3 and pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
        case["encoding"] = {2: "16UC1" if pixels.dtype == np.uint16 else "mono8", 3: "rgb8"}[pixels.ndim]
        case["pixels"] = packed(pixels if pixels.ndim == 2 else pixels[..., 2::-1])
    cases.append(case)
OUT.write_text(json.dumps({"width": WIDTH, "height": HEIGHT, "cases": cases}, indent=1) + "\n")
