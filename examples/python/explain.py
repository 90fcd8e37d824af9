"""Runs a compiled policy in Python: prints torques and shares, writes the heatmap as a grey PNG.

    npx torquelens compile models/reacher.onnx -o explained.onnx
    pip install onnxruntime numpy pillow
    python examples/python/explain.py explained.onnx examples/data/camera.png examples/data/state.json heatmap.png

The compiled file holds standard ONNX operators only: nothing of torquelens is needed to run it.
Not run in CI, which has no Python. Tried with Python 3.11 and onnxruntime 1.32.0.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image

model, camera, state, output = sys.argv[1:]
session = onnxruntime.InferenceSession(model)

image = np.asarray(Image.open(camera).convert("RGB"))[np.newaxis]  # uint8 [1, 96, 96, 3]
groups = json.load(open(state)).values()
numbers = [x for group in groups for x in (group.values() if isinstance(group, dict) else group)]
configuration = np.array([numbers], dtype=np.float32)  # [1, 10], in the order of the policy card
importance = np.ones(2, dtype=np.float32)  # one number a torque; [1, 0] explains the first torque alone

names = ["torque", "torquelens.shares", "torquelens.heatmap.image"]
feeds = {"image": image, "configuration": configuration, "torquelens.importance": importance}
torque, shares, heatmap = session.run(names, feeds)

print("torque", *(f"{t:.4f}" for t in torque[0]))
modalities = json.loads(session.get_modelmeta().custom_metadata_map["torquelens.modalities"])
for modality, share in zip(modalities, shares):
    print(f"{modality} {share:.4f}")
Image.fromarray((255 * heatmap / heatmap.max()).clip(0, 255).astype(np.uint8)).save(output)
