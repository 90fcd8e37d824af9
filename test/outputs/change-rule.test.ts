import { describe, expect, test } from "vitest";
import { Explainer } from "#src/explain/explainer.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import { policy } from "../explain/policies.js";
import { numbers } from "./heads.js";

/**
 * A target minus its present value is explained as the network whose last layer computes the change itself, with the
 * weights [W, −1] of [x, q] (methods.md §2.4): the oracle is such a network, explained as torques.
 */

const JOINTS = ["base", "shoulder", "elbow"];
const [STATE, HIDDEN] = [5, 6];

interface Weights {
  readonly first: number[];
  readonly firstBias: number[];
  readonly last: number[];
  readonly lastBias: number[];
  readonly mean: number[];
  readonly std: number[];
}

function weightsOf(seed: number): Weights {
  const next = numbers(seed);
  return {
    first: next(STATE * HIDDEN, 1),
    firstBias: next(HIDDEN, 0.3),
    last: next(HIDDEN * 3, 1),
    lastBias: next(3, 0.3),
    mean: next(3, 0.5),
    std: next(3, 0.4).map((x) => Math.abs(x) + 0.2),
  };
}

const modelOf = (input: Value, outputs: Readonly<Record<string, Value>>) =>
  writeModel({
    name: "arm",
    inputs: new Map([["state", input]]),
    outputs: new Map(Object.entries(outputs)),
    metadata: new Map(),
    opset: 18,
  });

const hidden = (state: Value, { first, firstBias }: Weights) =>
  b.relu(b.add(b.matmul(state, b.tensor("float32", [STATE, HIDDEN], first)), b.tensor("float32", [HIDDEN], firstBias)));

const base = {
  torquelens_card: 1,
  name: "arm",
  control_period: 0.05,
  joints: JOINTS,
  inputs: {
    state: [
      { modality: "goal", start: 0, size: 2 },
      { modality: "joint_position", start: 2, size: 3 },
    ],
  },
};

/** The target as step 1 of a chunk of two, whose other step is something else. */
function targets(weights: Weights, reference: object) {
  const state = b.input("state", "float32", [1, STATE]);
  const { last, lastBias, mean, std } = weights;
  // Columns: step 0, then step 1.
  const both = Array.from({ length: HIDDEN }, (_, i) => [7, -7, 7, ...last.slice(3 * i, 3 * i + 3)]).flat();
  const x = b.matmul(hidden(state, weights), b.tensor("float32", [HIDDEN, 6], both));
  const chunk = b.reshape(b.add(x, b.tensor("float32", [6], [0, 0, 0, ...lastBias])), [1, 2, 3]);
  const outputs = { actions: { kind: "joint_position", step: 1, mean, std } };
  return policy(modelOf(state, { actions: chunk }), { ...base, ...reference, outputs });
}

/** The change as torques of one layer of [x, q]. */
function changes(weights: Weights, reference: object) {
  const state = b.input("state", "float32", [1, STATE]);
  const { last, lastBias, mean, std } = weights;
  const rows = Array.from({ length: HIDDEN }, (_, i) => [0, 1, 2].map((j) => std[j]! * last[3 * i + j]!));
  const less = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? -1 : 0)));
  const layer = b.tensor("float32", [HIDDEN + 3, 3], [...rows, ...less].flat());
  const bias = b.tensor(
    "float32",
    [3],
    [0, 1, 2].map((j) => mean[j]! + std[j]! * lastBias[j]!),
  );
  const inputs = b.concat([hidden(state, weights), b.slice(state, 1, 2, 5)], 1);
  const change = b.add(b.matmul(inputs, layer), bias);
  return policy(modelOf(state, { change }), { ...base, ...reference, torque: { output: "change", limits: 1 } });
}

const observation = (seed: number): Observation => {
  const next = numbers(seed);
  return {
    tick: 0,
    stamp: 0n,
    images: {},
    values: { goal: Float64Array.from(next(2, 1)), joint_position: Float64Array.from(next(3, 1.5)) },
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: Float64Array.of(1.2, 0.5, 1.3),
    flags: [],
    transforms: [],
  };
};

async function explained(of: ReturnType<typeof targets>, seed: number, method: string): Promise<Explanation> {
  const explainer = await Explainer.create(of, { method, worker: false });
  return explainer.explain(observation(seed)).finally(() => explainer.close());
}

const close = (found: ArrayLike<number>, expected: ArrayLike<number>, what: string, digits = 5) => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(found[i], `${what} ${i}`).toBeCloseTo(expected[i]!, digits);
};

const REFERENCES: readonly (readonly [string, object])[] = [
  ["from zero", {}],
  ["from a mean pose", { reference: { joint_position: { mean: [0.4, -0.6, 0.9] } } }],
];

describe.each(REFERENCES)("%s", (_, reference) => {
  test.each(["dtd", "excitation-backprop", "gradient-x-input", "integrated-gradients", "lrp-epsilon"])(
    "%s explains a change as the layer that computes it",
    async (method) => {
      for (let seed = 1; seed <= 8; seed++) {
        const weights = weightsOf(seed);
        const found = await explained(targets(weights, reference), 100 + seed, method);
        const oracle = await explained(changes(weights, reference), 100 + seed, method);
        close(found.torque, oracle.torque, "change");
        // ε stands in both denominators of the two steps, and in one of the oracle's.
        const digits = method === "lrp-epsilon" ? 4 : 5;
        close(found.shares, oracle.shares, "share", digits);
        for (const name of ["goal", "joint_position"]) {
          close(found.torqueRelevance[name]!, oracle.torqueRelevance[name]!, `${name} of each`, digits);
          close(found.relevance[name]!, oracle.relevance[name]!, name, digits);
        }
      }
    },
  );

  test("dtd hands out the change, and no more", async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { conservationResidual } = await explained(targets(weightsOf(seed), reference), 100 + seed, "dtd");
      expect(conservationResidual).toBeLessThan(1e-4);
    }
  });
});

test("a fixed target is explained by the joint positions alone, each joint by its own", async () => {
  const weights = weightsOf(3);
  const fixed = { ...weights, last: weights.last.map(() => 0) };
  const { shares, torqueRelevance, torque } = await explained(targets(fixed, {}), 7, "dtd");
  close(shares, [0, 1], "share");
  const own = [0, 1, 2].flatMap((j) => [0, 1, 2].map((i) => (i === j ? Math.abs(torque[j]!) : 0)));
  close(torqueRelevance.joint_position!, own, "position");
});
