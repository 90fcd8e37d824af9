import { expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { parseCard } from "#src/policy/card.js";
import { checkCard } from "#src/policy/check.js";
import { idleThreshold, modalitiesOf } from "#src/policy/modalities.js";
import { outputsOf } from "#src/policy/outputs.js";
import { changed } from "../policy/cards.js";

/** The key `outputs` of the card: what it takes, and the line for what it does not. */

const JOINTS = ["base", "shoulder", "elbow"];

const card = (outputs: unknown = { actions: "joint_position" }) => ({
  torquelens_card: 1,
  name: "arm",
  control_period: 0.05,
  joints: JOINTS,
  outputs,
  inputs: {
    state: [
      { modality: "joint_position", start: 0, size: 3 },
      { modality: "opening", start: 3, elements: ["gripper"] },
    ],
  },
});

const tensors = (shape: readonly number[] = [1, 8, 3]) => ({
  inputs: [{ name: "state", shape: [1, 4], dtype: "float32" }],
  outputs: [
    { name: "actions", shape, dtype: "float32" },
    { name: "value", shape: [1, 1], dtype: "float32" },
  ],
});

const check = (data: object, shape?: readonly number[]) => {
  const read = parseCard(stringify(data), "arm.yaml");
  checkCard(read, tensors(shape), "arm.yaml");
  return read;
};

test("a kind alone stands for one element per joint, in the kind's unit, measured from what is present", () => {
  expect(outputsOf(check(card()))).toEqual(
    JOINTS.map((name) => ({ name, kind: "joint_position", unit: "rad", limit: undefined, reference: "present" })),
  );
});

test("slices have kinds, units, names and limits of their own; what is unused is not explained", () => {
  const outputs = {
    actions: [
      { kind: "end_effector_delta", size: 6, limits: 0.05 },
      { kind: "gripper", reference: { modality: "opening" } },
      { kind: "unused", size: 2 },
    ],
  };
  expect(outputsOf(check(card(outputs), [1, 9]))).toEqual(
    [
      ...["x", "y", "z"].map((name) => ({ name, unit: "m" })),
      ...["roll", "pitch", "yaw"].map((name) => ({ name, unit: "rad" })),
    ]
      .map((each) => ({ ...each, kind: "end_effector_delta", limit: 0.05, reference: "zero" }))
      .concat([{ name: "gripper", kind: "gripper", unit: "1", limit: undefined as never, reference: "present" }]),
  );
});

test("a chunk may be flat, where the card says how many steps it has", () => {
  expect(check(card({ actions: { kind: "joint_velocity", chunk: 8, step: 7 } }), [1, 24])).toBeTruthy();
});

test("a tick is idle below a thousandth of the limits, 0.1 of the unit for an output without one", () => {
  expect(idleThreshold(check(card()))).toBeCloseTo(3e-4, 12);
  expect(idleThreshold(check(card({ actions: { kind: "joint_velocity", limits: [1, 2, 3] } })))).toBeCloseTo(6e-3, 12);
});

test("a policy of the end effector needs no joints", () => {
  const data = changed(card({ actions: { kind: "end_effector_delta", size: 3 } }), ["joints"], undefined);
  const inputs = { state: [{ modality: "other", start: 0, size: 4 }] };
  expect(check({ ...data, inputs }).joints).toEqual([]);
});

test("a previous action has the outputs' names and unit", () => {
  const inputs = {
    state: [
      { modality: "previous_action", start: 0, size: 3 },
      { modality: "rest", start: 3, size: 1 },
    ],
  };
  const data = { ...card({ actions: { kind: "joint_velocity" } }), inputs };
  const [action] = modalitiesOf(check(data), tensors().inputs);
  expect(action).toMatchObject({ elements: JOINTS, unit: "rad/s" });
});

const KINDS =
  "joint_torque, joint_position, joint_position_delta, joint_velocity, end_effector_position, end_effector_delta, end_effector_velocity, gripper, other or unused";

test.each<[title: string, outputs: unknown, message: string, shape?: readonly number[]]>([
  [
    "an unknown kind",
    { actions: "joint_angle" },
    `outputs.actions: found "joint_angle", expected a kind (${KINDS}), a mapping with the key kind, or a list of such mappings`,
  ],
  [
    "an unknown kind of a slice",
    { actions: [{ kind: "joint_angle" }] },
    `outputs.actions[0].kind: found "joint_angle", expected ${KINDS}`,
  ],
  [
    "a unit that does not fit the kind",
    { actions: { kind: "joint_position", unit: "N·m" } },
    'outputs.actions.unit: found "N·m", expected rad or m for joint_position',
  ],
  [
    "degrees",
    { actions: { kind: "joint_position", unit: ["rad", "deg", "rad"] } },
    'outputs.actions.unit[1]: found "deg", expected rad or m for joint_position; std turns degrees into rad',
  ],
  [
    "units of another number",
    { actions: { kind: "joint_position", unit: ["rad", "m"] } },
    "outputs.actions.unit: found a list of 2, expected 3, one per element",
  ],
  [
    "a step that the chunk does not have",
    { actions: { kind: "joint_position", step: 8 } },
    "outputs.actions.step: found 8, expected one of 0 to 7: the output is float32 [1, 8, 3]",
  ],
  [
    "a step without a chunk",
    { actions: { kind: "joint_position", step: 1 } },
    "outputs.actions.step: found 1, expected none: it holds a single step: the output is float32 [1, 3]",
    [1, 3],
  ],
  [
    "a chunk of another length",
    { actions: { kind: "joint_position", chunk: 4 } },
    "outputs.actions.chunk: found 4, expected 8: the output is float32 [1, 8, 3]",
  ],
  [
    "two steps of one tensor",
    {
      actions: [
        { kind: "joint_position", step: 1 },
        { kind: "gripper", step: 2 },
      ],
    },
    "outputs.actions[1].step: found 2, expected 1, as in the tensor's first slice",
    [1, 8, 4],
  ],
  [
    "a target whose joint is not observed",
    { actions: { kind: "joint_position" } },
    'outputs.actions.reference: found the present joint position of "wrist" in no input, expected it there, or reference: zero, which explains the target itself',
  ],
  [
    "a modality that is not there",
    { actions: [{ kind: "joint_position" }, { kind: "gripper", reference: { modality: "fingers" } }] },
    'outputs.actions[1].reference: found the element "gripper" of the modality "fingers" in no input, expected it there, or reference: zero, which explains the target itself',
    [1, 8, 4],
  ],
  [
    "kinds that cover too little",
    { actions: { kind: "joint_position" } },
    "outputs.actions: its kinds cover 3 elements, expected 7 of each of 8 steps: the output is float32 [1, 8, 7]",
    [1, 8, 7],
  ],
  [
    "a gap between slices",
    { actions: [{ kind: "joint_position" }, { kind: "gripper", start: 6 }] },
    "outputs.actions[1].start: found 6, expected 3: elements 3 to 5 are in no slice",
    [1, 8, 7],
  ],
  [
    "a joint that the arm does not have",
    { actions: { kind: "joint_velocity", elements: ["base", "knee", "elbow"] } },
    'outputs.actions.elements[1]: found "knee", expected one of joints (base, shoulder, elbow)',
  ],
  [
    "a pose of an odd size",
    { actions: { kind: "end_effector_delta", size: 4 } },
    "outputs.actions.size: found 4, expected 3 (x, y, z), 6 (x, y, z, roll, pitch, yaw), 7 (x, y, z and a quaternion), or elements naming the components",
  ],
  [
    "a name twice",
    { actions: [{ kind: "joint_velocity" }, { kind: "joint_position" }] },
    'outputs.actions[1]: found "base" again, expected each output\'s name once: give elements',
    [1, 8, 6],
  ],
  [
    "an output that the model lacks",
    { action: "joint_position" },
    'outputs.action: the model has no output "action", expected one of actions, value',
  ],
  [
    "nothing that is used",
    { actions: { kind: "unused", size: 3 } },
    "outputs: found no output that is used, expected at least one",
  ],
  ["no output", {}, "outputs: found no output, expected at least one output tensor and its kind"],
  [
    "torques without limits",
    { actions: "joint_torque" },
    "outputs.actions.limits: missing, expected the torques' limits, or idle_threshold",
  ],
])("refused: %s", (title, outputs, message, shape) => {
  const wrist = title.includes("joint is not observed");
  const data = { ...card(outputs), ...(wrist && { joints: ["wrist", "shoulder", "elbow"] }) };
  const inputs = {
    state: [
      { modality: "joint_position", start: 0, elements: JOINTS },
      { modality: "opening", start: 3, elements: ["gripper"] },
    ],
  };
  expect(() => check({ ...data, inputs }, shape)).toThrow(new InputError(`arm.yaml: ${message}`));
});

test("torque and outputs together, and neither of them, are refused", () => {
  const both = { ...card(), torque: { output: "actions", limits: 1 } };
  expect(() => check(both)).toThrow(new InputError("arm.yaml: outputs: found beside torque, expected one of them"));
  expect(() => check(changed(card(), ["outputs"], undefined))).toThrow(
    new InputError("arm.yaml: torque: missing, expected torque, outputs or actions"),
  );
});
