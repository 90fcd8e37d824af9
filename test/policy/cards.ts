import type { CardInput } from "#src/policy/card-schema.js";
import type { Tensors } from "#src/policy/tensors.js";

/** The card and the tensors of a policy like the shipped reacher's; every test changes one thing of it. */
export function reacherCard() {
  return {
    torquelens_card: 1,
    name: "reacher",
    control_period: 0.05,
    joints: ["shoulder", "elbow"],
    torque: { output: "torque", limits: [3, 2] },
    inputs: {
      image: { modality: "image", encoding: "rgb8", layout: "NHWC", range: [0, 255] },
      configuration: [
        { modality: "joint_position", start: 0, size: 2, unit: "rad" },
        { modality: "joint_velocity", start: 2, elements: ["shoulder", "elbow"] },
        { modality: "end_effector_position", start: 4, size: 3 },
        { modality: "end_effector_velocity", start: 7, elements: ["x", "y", "z"] },
      ],
    },
    reference: { joint_position: { mean: [0.1, -0.2] }, end_effector_position: { values: [0, 0, 0.01] } },
  } satisfies CardInput;
}

export const reacherTensors: Tensors = {
  inputs: [
    { name: "image", shape: [1, 64, 80, 3], dtype: "uint8" },
    { name: "configuration", shape: [1, 10], dtype: "float32" },
  ],
  outputs: [{ name: "torque", shape: [1, 2], dtype: "float32" }],
};

/** Sets (or with `undefined` removes) the value at a path of a plain object. */
export function changed(data: object, path: readonly PropertyKey[], value: unknown): object {
  const copy = structuredClone(data);
  let parent = copy as Record<PropertyKey, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<PropertyKey, unknown>;
  const last = path.at(-1)!;
  if (value === undefined) delete parent[last];
  else parent[last] = value;
  return copy;
}
