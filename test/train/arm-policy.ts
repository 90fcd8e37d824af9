import { writeFile } from "node:fs/promises";
import { readModel } from "#src/graph/onnx-read.js";
import { shippedModel } from "#src/package-files.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import type { ArmAttention, NetworkSpec } from "#src/sim/tasks/lesson.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { exportPolicy } from "#src/train/network/export.js";
import { headInputs } from "#src/train/network/network.js";
import { initialise, type Layout, layoutOf } from "#src/train/network/parameters.js";
import { trainedCard } from "#src/train/policy-card.js";
import { randoms } from "../evaluate.js";

const SPEC: NetworkSpec = {
  width: 32,
  height: 32,
  channels: [4, 4, 6],
  kernels: [5, 3, 3],
  configuration: 10,
  hidden: [8, 8],
  torques: 2,
};

/** Both kinds of attention of an arm's network. */
export const ARM_ATTENTION = {
  fls: { kind: "fls", filters: 3, kernel: 3 },
  query: { kind: "query", queries: 3, keys: 2, frequencies: [2, 2], told: 2, hidden: 5 },
} as const satisfies Record<string, ArmAttention>;

/**
 * A policy of the reacher with random weights.
 * @param change of its parameters
 */
export async function armPolicy(
  attention: ArmAttention | undefined,
  seed = 1,
  change: (layout: Layout, vector: Float32Array) => void = () => {},
): Promise<Policy> {
  const spec = attention ? { ...SPEC, attention } : SPEC;
  const layout = layoutOf(spec, 2);
  const vector = new Float32Array(layout.size);
  initialise(layout, vector, random(seed), { sharpness: 4 });
  const noise = randoms(vector.length, seed, -0.1, 0.1);
  noise.forEach((value, i) => {
    vector[i]! += value;
  });
  change(layout, vector);
  const record = { task: "reacher", recipe_name: "small", recipe: { spec } };
  const task = await loadTask("reacher", spec);
  const card = serialiseCard(trainedCard(task, { file: shippedModel("reacher"), site: task.arm.site }, record, spec));
  const { torqueLimit } = task;
  task.delete();
  const inputs = headInputs(spec);
  const normalisation = { mean: new Float32Array(inputs), scale: new Float32Array(inputs).fill(1), torqueLimit };
  const bytes = exportPolicy(spec, layout, vector, normalisation);
  const model = { path: "policy.onnx", bytes, sha256: "", graph: readModel(bytes, "policy.onnx") };
  return policyOf(model, { card: parseCard(card, "policy.yaml"), source: "policy.yaml", folder: "." });
}

/** Writes a policy and its card. @param path without ending @returns the policy's file */
export async function writePolicy(path: string, { bytes, card }: Policy): Promise<string> {
  await writeFile(`${path}.onnx`, bytes);
  await writeFile(`${path}.yaml`, serialiseCard(card));
  return `${path}.onnx`;
}
