import { describe, expect, test } from "vitest";
import { Explainer } from "#src/explain/explainer.js";
import { feedsOf } from "#src/explain/feeds.js";
import type { Observation } from "#src/explain/observation.js";
import type { Policy } from "#src/policy/policy.js";
import { LocalModels } from "#src/runtime/models.js";
import { policy } from "../explain/policies.js";
import { ACT_STATISTICS, ALOHA, act, diffusion, type Head, observed, VLA, vla } from "./heads.js";

/** What policies of today command, against the file as onnxruntime runs it, and plain arithmetic. */

const load = ({ bytes, card }: Head): Policy => policy(bytes, card);

/** The file's output for inputs as the file has them. */
async function fileOutput(head: Head, output: string, observation: Observation): Promise<Float64Array> {
  const models = await LocalModels.create({ file: head.bytes }, { spinning: false });
  const [run] = models.run(feedsOf(load(head), observation), [{ model: "file", outputs: [output] }]);
  const { data } = (await run!)[output]!;
  await models.release();
  return Float64Array.from(data as Float32Array);
}

async function explained(head: Head, observation: Observation, method = "dtd") {
  const explainer = await Explainer.create(load(head), { method, worker: false });
  return explainer.explain(observation).finally(() => explainer.close());
}

const close = (found: ArrayLike<number>, expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i], `element ${i}`).toBeCloseTo(value, 5);
};

describe("an ACT head", () => {
  const head = act();
  const observation = observed(load(head));

  test("is explained as the change that step 2 of the chunk commands, the grippers as they are", async () => {
    const chunk = await fileOutput(head, "actions", observation);
    const position = observation.values.joint_position!;
    const { mean, std } = ACT_STATISTICS;
    const { torque, joints, outputs } = await explained(head, observation);
    expect(joints).toEqual(ALOHA);
    close(
      torque,
      ALOHA.map((name, j) => mean[j]! + std[j]! * chunk[2 * 14 + j]! - (name.endsWith("gripper") ? 0 : position[j]!)),
    );
    expect(outputs.map(({ kind, unit }) => `${kind} ${unit}`)).toEqual(
      ALOHA.map((name) => (name.endsWith("gripper") ? "gripper 1" : "joint_position rad")),
    );
  });

  test.each(["dtd", "rap", "lrp-epsilon", "excitation-backprop"])("%s is conserved over the change", async (method) => {
    const { torque, shares, conservationResidual } = await explained(head, observation, method);
    expect(Array.from(shares).every(Number.isFinite)).toBe(true);
    expect(torque.some((value) => value !== 0)).toBe(true);
    // Learned queries and positions keep what is theirs, as in other transformers.
    expect(conservationResidual).toBeLessThan(method === "lrp-epsilon" ? 10 : 0.6);
  });

  test("explains grippers as changes where the card names a modality", async () => {
    const entries = (head.card as { outputs: { actions: object[] } }).outputs.actions;
    const changing = entries.map((entry, i) => (i % 2 === 1 ? { ...entry, reference: "present" } : entry));
    const absolute = await explained(head, observation);
    const change = await explained(act({ outputs: { actions: changing } }), observation);
    const position = observation.values.joint_position!;
    close(
      change.torque,
      Array.from(absolute.torque, (x, j) => (j % 7 === 6 ? x - position[j]! : x)),
    );
  });
});

test("a diffusion head is explained at the step that is executed first", async () => {
  const head = diffusion();
  const observation = observed(load(head));
  const chunk = await fileOutput(head, "actions", observation);
  const { torque, modalities } = await explained(head, observation);
  close(
    torque,
    [0, 1, 2].map((j) => 0.5 * chunk[3 + j]! - observation.values.joint_position![j]!),
  );
  // Each step's number stands beside what conditions it.
  expect(modalities).toEqual(["image", "joint_position", "noise", "constants"]);
});

test("a VLA head is explained as it is: metres, radians and the gripper", async () => {
  const head = vla();
  const observation = observed(load(head));
  const action = await fileOutput(head, "action", observation);
  const { torque, joints, outputs, modalities } = await explained(head, observation);
  close(torque, Array.from(action));
  expect(joints).toEqual(VLA);
  expect(outputs.map(({ unit }) => unit)).toEqual(["m", "m", "m", "rad", "rad", "rad", "1"]);
  // Its readout token is learned.
  expect(modalities).toEqual(["image", "pose", "opening", "language", "constants"]);
});

/** ∂f/∂x of each element, by central differences of the file as onnxruntime runs it. */
async function differences(observation: Observation, name: string, f: (o: Observation) => Promise<number>) {
  const found: number[] = [];
  const values = observation.values[name]!;
  for (const [i, x] of values.entries()) {
    const moved = (by: number) => {
      const changed = values.slice();
      changed[i] = x + by;
      return f({ ...observation, values: { ...observation.values, [name]: changed } });
    };
    const step = 2e-3;
    found.push(((await moved(step)) - (await moved(-step))) / (2 * step));
  }
  return found;
}

test("gradients are those of the change: the target's, less one for the joint's own position", async () => {
  const head = diffusion();
  const observation = observed(load(head));
  const target = async (o: Observation) => 0.5 * (await fileOutput(head, "actions", o))[3 + 1]!;
  const ofTarget = await differences(observation, "joint_position", target);
  const one = { ...observation, importance: Float64Array.of(0, 1, 0) };
  const { relevance, torque } = await explained(head, one, "gradient");
  // The gradient of the change's size.
  const sign = Math.sign(torque[1]!);
  for (const [i, slope] of ofTarget.entries())
    expect(relevance.joint_position![i], `position ${i}`).toBeCloseTo(sign * (slope - Number(i === 1)), 2);
});
