import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { blankObservation } from "#src/explain/blank-observation.js";
import { Explainer } from "#src/explain/explainer.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { CARD_ENCODINGS, type CardEncoding, pixelsOf } from "#src/image/pixel-formats.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";

/** torque = the mean of an image of this encoding. */
function imagePolicy(encoding: CardEncoding): Policy {
  const image = b.input("image", "float32", [1, pixelsOf(encoding).channels, 4, 6]);
  const bytes = writeModel({
    name: "mean",
    inputs: new Map([["image", image]]),
    outputs: new Map([["torque", b.reshape(b.mean(image), [1, 1])]]),
    metadata: new Map(),
    opset: 18,
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const card = {
    torquelens_card: 1,
    name: "mean",
    control_period: 0.05,
    joints: ["hinge"],
    torque: { output: "torque", limits: 1 },
    inputs: { image: { modality: "image", encoding, layout: "NCHW", range: [0, 1] } },
  };
  const model = { path: "test.onnx", bytes, sha256, graph: readModel(bytes, "test.onnx") };
  return policyOf(model, { card: parseCard(JSON.stringify(card), "card"), source: "card", folder: "." });
}

it.each(CARD_ENCODINGS)("warms up and explains an image of %s", async (encoding) => {
  const policy = imagePolicy(encoding);
  const explainer = await Explainer.create(policy, { method: "gradient", worker: false, threads: 1 });
  const { torque } = await explainer.explain(blankObservation(policy));
  expect(Array.from(torque)).toEqual([0]);
  await explainer.close();
});
