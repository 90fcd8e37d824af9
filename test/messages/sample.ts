import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import type { Heatmap } from "#src/image/heatmap.js";
import type { Image } from "#src/image/image.js";
import { TORQUE } from "#src/outputs/kinds.js";

export const MODALITIES = ["image", "joint_position", "joint_velocity", "end_effector_position"];
const LENGTHS: Readonly<Record<string, number>> = { joint_position: 2, joint_velocity: 2, end_effector_position: 3 };

/** Stamp of tick 0: later than 2^53 nanoseconds, so that a number could not hold it. */
const START = 1_700_000_000_123_456_789n;

export function sampleImage(width: number, height: number, tick = 0): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 5) + 13 * tick) % 256);
  return { width, height, encoding: "rgb8", data, frameId: "camera_optical_frame" };
}

function sampleHeatmap(width: number, height: number): Heatmap {
  const data = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      data[i] = 0.02 * Math.exp(-((x - width / 3) ** 2 + (y - height / 2) ** 2) / (width + height));
    }
  }
  return { width, height, data };
}

/** An explanation of two torques at a tick, every value of it its own. */
export function sampleExplanation(tick = 0, width = 128, height = 96): Explanation {
  const count = MODALITIES.length;
  const elements = (scale: number, rows: number) =>
    Object.fromEntries(
      Object.entries(LENGTHS).map(([modality, n], m) => [
        modality,
        Float32Array.from({ length: n * rows }, (_, i) => scale * (1 + i + 10 * m)),
      ]),
    );
  const observation: Observation = {
    tick,
    stamp: START + 50_000_000n * BigInt(tick),
    images: { image: sampleImage(width, height, tick) },
    values: {},
    joints: {
      names: ["shoulder", "elbow"],
      position: Float64Array.of(0.1 + tick, -0.2),
      velocity: Float64Array.of(1.5, -2.5),
    },
    importance: Float64Array.of(1.25, 0.75),
    flags: ["in_contact"],
    transforms: [{ parent: "base", child: "upper_arm", translation: [0.1, 0.2, 0.3], rotation: [0, 0, 0.6, 0.8] }],
  };
  return {
    observation,
    method: "dtd",
    convention: {
      reference: { image: "range", joint_position: "zero", joint_velocity: "zero", end_effector_position: "mean" },
      featurePoints: "policy",
    },
    policySha256: "ab".repeat(32),
    level: "full",
    outputs: [TORQUE, TORQUE],
    heatmapOf: undefined,
    contrast: undefined,
    against: undefined,
    choice: undefined,
    mask: undefined,
    instruction: undefined,
    joints: ["shoulder", "elbow"],
    torque: Float32Array.of(0.5, -0.25),
    importance: Float32Array.of(1.25, 0.75),
    modalities: MODALITIES,
    shares: Float32Array.of(0.5, 0.25, 0.125, 0.125),
    torqueShares: Float32Array.from({ length: 2 * count }, (_, i) => (i + 1) / 16),
    relevance: elements(0.01, 1),
    torqueRelevance: elements(0.1, 2),
    heatmaps: { image: sampleHeatmap(width, height) },
    attention: {},
    featurePoints: { image: Float32Array.of(10, 20, 30.5, 40.25) },
    ratios: { image: 0.5, position: 0.375, velocity: 0.125, configuration: 0.5 },
    conservationResidual: 1e-6,
    omitted: 2 ** -11,
    latencyMs: 3.5,
    flags: ["in_contact", "idle"],
  };
}
