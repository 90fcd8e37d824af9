import { afterEach, expect, it } from "vitest";
import { ComparedMethod } from "#src/explain/compared-method.js";
import { Explainer } from "#src/explain/explainer.js";
import type { Observation } from "#src/explain/observation.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Policy } from "#src/policy/policy.js";
import { methodNamed } from "#src/relevance/methods.js";
import { dense, jointPolicy, policy as policyOfFile } from "../explain/policies.js";

const opened: { close(): Promise<void> }[] = [];
afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));
const open = <T extends { close(): Promise<void> }>(resource: T): T => {
  opened.push(resource);
  return resource;
};

const explainerOf = (policy: Policy, method: string) =>
  Explainer.create(policy, { method: methodNamed(method), levels: ["full", "shares"], worker: false });

/** @param ran the policy that the second explainer runs */
const comparedOf = (policy: Policy, ran = policy) =>
  open(new ComparedMethod(policy, ({ spec }) => explainerOf(ran, spec)));

const observation = (tick: number, changes: Partial<Observation> = {}): Observation => ({
  tick,
  stamp: BigInt(tick) * 50_000_000n,
  images: {},
  values: { joint_position: Float64Array.of(0.3), joint_velocity: Float64Array.of(-0.2 * tick) },
  joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
  importance: Float64Array.of(1),
  flags: [],
  transforms: [],
  ...changes,
});

const linear = (weight = 2) => jointPolicy((state) => dense(state, [[weight], [-1]], [0.1]));

/** Its torque is a sum over the ticks of the episode. */
function summing(): Policy {
  const [state, sum] = [b.input("state", "float32", [1, 2]), b.input("sum", "float32", [1, 1])];
  const torque = b.add(dense(state, [[2], [-1]], [0.1]), sum);
  const graph = {
    name: "summing",
    inputs: new Map([
      ["state", state],
      ["sum", sum],
    ]),
    outputs: new Map([
      ["torque", torque],
      ["next", b.add(torque, b.tensor("float32", [1, 1], [0]))],
    ]),
    metadata: new Map(),
    opset: 18,
  };
  return policyOfFile(writeModel(graph), {
    torquelens_card: 1,
    name: "summing",
    control_period: 1000,
    joints: ["hinge"],
    torque: { output: "torque", limits: 1 },
    inputs: {
      state: [
        { modality: "joint_position", start: 0, size: 1 },
        { modality: "joint_velocity", start: 1, size: 1 },
      ],
      sum: [{ modality: "memory", start: 0, size: 1 }],
    },
    state: { sum: "next" },
  });
}

it("explains a tick with the second method, at the level and for the joint of the first", async () => {
  const policy = linear();
  const first = open(await explainerOf(policy, "gradient-x-input"));
  const alone = open(await explainerOf(policy, "lrp-epsilon"));
  const compared = comparedOf(policy);
  const options = [{ level: "full" }, { level: "shares" }, { level: "full", heatmapOf: "hinge" }] as const;
  expect(await compared.explain(await first.explain(observation(0)))).toBeUndefined();
  await compared.set(methodNamed("lrp-epsilon"));
  for (const [tick, each] of options.entries()) {
    const explained = await first.explain(observation(tick), each);
    const second = await compared.explain(explained);
    expect({ ...second, latencyMs: 0 }).toEqual({ ...(await alone.explain(observation(tick), each)), latencyMs: 0 });
    expect(second!.torque).toEqual(explained.torque);
  }
  await compared.set(methodNamed("gradient"));
  expect((await compared.explain(await first.explain(observation(3))))!.method).toBe("gradient");
  await compared.set(undefined);
  expect(await compared.explain(await first.explain(observation(4)))).toBeUndefined();
});

it("flags torques that differ from those of the first method", async () => {
  const first = open(await explainerOf(linear(), "gradient"));
  const compared = comparedOf(linear(), linear(2.001));
  await compared.set(methodNamed("gradient"));
  const second = await compared.explain(await first.explain(observation(0)));
  expect(second!.flags).toContain("torque_differs");
});

it("begins with an episode where the policy remembers earlier ticks", async () => {
  const policy = summing();
  const first = open(await explainerOf(policy, "gradient"));
  const compared = comparedOf(policy);
  await first.explain(observation(0, { first: true }));
  await compared.set(methodNamed("gradient-x-input"));
  expect(await compared.explain(await first.explain(observation(1)))).toBeUndefined();
  const begun = await first.explain(observation(2, { first: true }));
  expect((await compared.explain(begun))!.torque).toEqual(begun.torque);
  const next = await first.explain(observation(3));
  expect((await compared.explain(next))!.torque).toEqual(next.torque);
});

it("a method that is still loading when the run ends is freed", async () => {
  const policy = linear();
  const compared = new ComparedMethod(policy, ({ spec }) => explainerOf(policy, spec));
  const setting = compared.set(methodNamed("dtd"));
  await compared.close();
  await setting;
  expect(compared.method).toBeUndefined();
});
