import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { readModel } from "../../graph/onnx-read.js";
import { writeModel } from "../../graph/onnx-write.js";
import { largePolicy, shippedPolicy } from "../../package-files.js";
import { parseCard } from "../../policy/card.js";
import { loadModel, loadPolicy, type Policy, policyOf } from "../../policy/policy.js";
import { levineNetwork } from "../levine.js";

/** Ticks per second, the control rate of every policy here. */
export const RATE = 20;

/** A policy to time. */
export interface LivePolicy {
  readonly load: () => Promise<Policy>;
  /** The task that its camera shows; by default the camera sees patterns. */
  readonly task?: string;
}

/** A shipped policy that takes images of any size. */
const shipped = (path: string) => async (): Promise<Policy> => {
  const { card, cardSource } = await loadPolicy(path);
  const inputs = Object.fromEntries(
    Object.entries(card.inputs).map(([name, input]) => [
      name,
      Array.isArray(input) ? input : { ...input, resize: "area" as const, crop: "centre" as const },
    ]),
  );
  return policyOf(await loadModel(path), {
    card: { ...card, control_period: 1 / RATE, inputs },
    source: cardSource,
    folder: dirname(path),
  });
};

async function randomLevine(): Promise<Policy> {
  const bytes = writeModel(levineNetwork(240).graph);
  const path = "levine-240.onnx";
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const joints = Array.from({ length: 7 }, (_, j) => `joint_${j + 1}`);
  const card = {
    torquelens_card: 1,
    name: "levine-240",
    control_period: 1 / RATE,
    joints,
    torque: { output: "torque", limits: 100 },
    inputs: {
      image: {
        modality: "image",
        encoding: "rgb8",
        layout: "NHWC",
        range: [0, 255],
        resize: "area",
        crop: "centre",
      },
      configuration: [
        { modality: "joint_position", start: 0, size: 7 },
        { modality: "joint_velocity", start: 7, size: 7 },
        { modality: "features", start: 14, size: 25, quantity: "other" },
      ],
    },
  };
  const found = { card: parseCard(JSON.stringify(card), path), source: path, folder: "." };
  return policyOf({ path, bytes, sha256, graph: readModel(bytes, path) }, found);
}

/** Policies to time, by name; they resize images of any size. */
export const LIVE_POLICIES: Readonly<Record<string, LivePolicy>> = {
  "shipped-reacher": { load: shipped(shippedPolicy("reacher")) },
  "levine-240": { load: randomLevine },
  "trained-240": { load: shipped(largePolicy()), task: "reacher" },
};
