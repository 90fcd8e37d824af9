import { createHash } from "node:crypto";
import type { Observation } from "#src/explain/observation.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import { parseCard } from "#src/policy/card.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { reacherCard } from "../policy/cards.js";
import { reacherModel } from "../policy/model.js";

/** A policy of a file and a card. */
export function policy(bytes: Uint8Array, card: object): Policy {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path: "test.onnx", bytes, sha256, graph: readModel(bytes, "test.onnx") };
  return policyOf(model, { card: parseCard(JSON.stringify(card), "card"), source: "card", folder: "." });
}

/** A policy with the shipped reacher's interface and small random layers. */
export const reacherPolicy = (card: object = {}): Policy => policy(reacherModel(), { ...reacherCard(), ...card });

/** One joint, torque = f(position, velocity), as the graph says. */
export function jointPolicy(torque: (state: Value) => Value): Policy {
  const state = b.input("state", "float32", [1, 2]);
  const graph = {
    name: "joint",
    inputs: new Map([["state", state]]),
    outputs: new Map([["torque", torque(state)]]),
    metadata: new Map(),
    opset: 18,
  };
  return policy(writeModel(graph), {
    torquelens_card: 1,
    name: "joint",
    control_period: 0.05,
    joints: ["hinge"],
    torque: { output: "torque", limits: 1 },
    inputs: {
      state: [
        { modality: "joint_position", start: 0, size: 1 },
        { modality: "joint_velocity", start: 1, size: 1 },
      ],
    },
  });
}

/** [1, n] · weights + bias */
export const dense = (x: Value, weights: number[][], bias: number[]): Value =>
  b.add(
    b.matmul(x, b.tensor("float32", [weights.length, bias.length], weights.flat())),
    b.tensor("float32", [bias.length], bias),
  );

const NOTHING: Observation = {
  tick: 0,
  stamp: 0n,
  images: {},
  values: {},
  joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
  importance: Float64Array.of(1),
  flags: [],
  transforms: [],
};

/** What a `jointPolicy` sees. */
export const jointObservation = (position: number, velocity: number): Observation => ({
  ...NOTHING,
  values: { joint_position: Float64Array.of(position), joint_velocity: Float64Array.of(velocity) },
});

/** What a `reacherPolicy` sees; every tick another. */
export const reacherObservation = (tick = 0): Observation => ({
  ...NOTHING,
  tick,
  images: {
    image: {
      width: 80,
      height: 64,
      encoding: "rgb8",
      data: Uint8Array.from({ length: 80 * 64 * 3 }, (_, i) => (i * 37 + 101 * tick) % 256),
      frameId: "camera",
    },
  },
  values: {
    joint_position: Float64Array.of(0.3 + tick, -0.8),
    joint_velocity: Float64Array.of(1, -2),
    end_effector_position: Float64Array.of(0.1, 0.2, 0),
    end_effector_velocity: Float64Array.of(0.4, -0.3, 0.1 * tick),
  },
  importance: Float64Array.of(1.4, 0.6),
});
