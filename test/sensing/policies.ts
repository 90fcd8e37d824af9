import { resolve } from "node:path";
import { pixelsOf } from "#src/image/pixel-formats.js";
import { parseCard } from "#src/policy/card.js";
import type { CardInput } from "#src/policy/card-schema.js";
import { modalitiesOf } from "#src/policy/modalities.js";
import { outputsOf } from "#src/policy/outputs.js";
import type { Policy } from "#src/policy/policy.js";
import type { Tensor } from "#src/policy/tensors.js";

const SLICES = [
  { modality: "joint_position", start: 0, size: 2 },
  { modality: "joint_velocity", start: 2, size: 2 },
];
const IMAGE = { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] } as const;

/** A card of two joints and a camera of 4 × 3 pixels. */
export const card = (rest: Partial<CardInput> = {}): CardInput => ({
  torquelens_card: 1,
  name: "test",
  control_period: 0.05,
  joints: ["shoulder", "elbow"],
  torque: { output: "torque", limits: 1 },
  inputs: { image: { ...IMAGE, range: [0, 255] }, state: SLICES },
  ...rest,
});

/** As much of a policy as sensing looks at. Images are 4 × 3 pixels; other inputs as long as their slices. */
export function policyOf(given: CardInput): Policy {
  const parsed = parseCard(JSON.stringify(given), "test.yaml");
  const inputs = Object.entries(parsed.inputs).map(([name, input]): Tensor => {
    if (!Array.isArray(input)) {
      const channels = pixelsOf(input.encoding).channels;
      return { name, shape: [1, 3, 4, channels], dtype: "float32" };
    }
    const size = input.reduce((sum, { size: own, elements }) => sum + (own ?? elements!.length), 0);
    return { name, shape: [1, size], dtype: "float32" };
  });
  const armFile = parsed.arm?.file === undefined ? undefined : resolve(parsed.arm.file);
  return {
    card: parsed,
    cardSource: "test.yaml",
    outputs: outputsOf(parsed),
    modalities: modalitiesOf(parsed, inputs),
    armFile,
  } as unknown as Policy;
}
