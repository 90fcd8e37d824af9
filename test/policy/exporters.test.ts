import { expect, test } from "vitest";
import { parse } from "yaml";
import { parseCard } from "#src/policy/card.js";
import { habitsOf } from "#src/policy/exporters.js";
import { cardTemplate } from "#src/policy/template.js";
import type { Tensor, Tensors } from "#src/policy/tensors.js";

const tensor = (name: string, ...shape: number[]): Tensor => ({ name, shape, dtype: "float32" });

/** The template of a model, as a card once its nulls are filled in. */
function template(
  tensors: Tensors,
  metadata: Readonly<Record<string, string>> = {},
  fill: Readonly<Record<string, string>> = {},
) {
  const habits = habitsOf({ tensors, metadata: new Map(Object.entries(metadata)), config: undefined });
  let text = cardTemplate(tensors, "policy", [], habits);
  for (const [from, to] of Object.entries(fill)) text = text.replace(from, to);
  return { text, card: parseCard(text, "a card", tensors) };
}

test("robomimic: cameras of robosuite, its poses, and actions of its controller need nothing filled in", () => {
  const inputs = [
    tensor("agentview_image", 1, 3, 84, 84),
    tensor("robot0_eye_in_hand_image", 1, 3, 84, 84),
    tensor("robot0_eef_pos", 1, 3),
    tensor("robot0_eef_quat", 1, 4),
    tensor("robot0_gripper_qpos", 1, 2),
  ];
  const { card } = template({ inputs, outputs: [tensor("actions", 1, 7)] });
  expect(card.control_period).toBe(0.05);
  expect(card.outputs).toEqual({ actions: [{ kind: "end_effector_delta", size: 6 }, { kind: "gripper" }] });
  expect(card.inputs.agentview_image).toMatchObject({ encoding: "rgb8", layout: "NCHW", range: [0, 1] });
  const names = inputs.slice(2).map(({ name }) => (card.inputs[name] as { modality: string }[])[0]!.modality);
  expect(names).toEqual(["end_effector_position", "end_effector_orientation", "gripper"]);
});

test("rsl_rl: the metadata of Isaac Lab's export tells joints, default pose, scale and terms", () => {
  const metadata = {
    joint_names: "hip,knee",
    default_joint_pos: "0.1,-0.8",
    action_scale: "0.25",
    observation_names: "base_ang_vel,projected_gravity,command,joint_pos,joint_vel,actions",
  };
  const tensors = { inputs: [tensor("obs", 1, 15)], outputs: [tensor("actions", 1, 2)] };
  const { card } = template(tensors, metadata, { "control_period: null": "control_period: 0.02" });
  expect(card.joints).toEqual(["hip", "knee"]);
  expect(card.outputs).toEqual({ actions: { kind: "joint_position", mean: [0.1, -0.8], std: [0.25, 0.25] } });
  const slices = card.inputs.obs as { modality: string; start: number; size: number; mean?: number[] }[];
  expect(slices.map(({ modality, start, size }) => [modality, start, size])).toEqual([
    ["base_angular_velocity", 0, 3],
    ["projected_gravity", 3, 3],
    ["command", 6, 3],
    ["joint_position", 9, 2],
    ["joint_velocity", 11, 2],
    ["previous_action", 13, 2],
  ]);
  expect(slices[3]!.mean).toEqual([0.1, -0.8]);
});

test("rsl_rl without metadata: the usual terms by size, a height scan behind them, and memory", () => {
  const inputs = [tensor("obs", 1, 12 + 3 * 12 + 187), tensor("h_in", 1, 1, 64), tensor("c_in", 1, 1, 64)];
  const outputs = [tensor("actions", 1, 12), tensor("h_out", 1, 1, 64), tensor("c_out", 1, 1, 64)];
  const habits = habitsOf({ tensors: { inputs, outputs }, metadata: new Map(), config: undefined });
  const draft = parse(cardTemplate({ inputs, outputs }, "walk", [], habits)) as {
    state: object;
    inputs: Record<string, { modality: string; size: number }[]>;
  };
  expect(draft.state).toEqual({ h_in: "h_out", c_in: "c_out" });
  expect(draft.inputs.obs!.at(-1)).toMatchObject({ modality: "height_scan", size: 187 });
  expect(draft.inputs.h_in).toEqual([{ modality: "memory_h", start: 0, size: 64 }]);
});

test("Stable-Baselines3: images in bytes; other models keep the general template", () => {
  const tensors = {
    inputs: [tensor("observation", 1, 3, 84, 84)],
    outputs: [tensor("actions", 1, 2), tensor("values", 1, 1)],
  };
  const habits = habitsOf({ tensors, metadata: new Map(), config: undefined });
  const draft = parse(cardTemplate(tensors, "sb3", [], habits)) as { inputs: Record<string, object> };
  expect(draft.inputs.observation).toMatchObject({ encoding: "rgb8", range: [0, 255] });
  const other = { inputs: [tensor("camera", 1, 3, 8, 8), tensor("q", 1, 2)], outputs: [tensor("torque", 1, 2)] };
  expect(habitsOf({ tensors: other, metadata: new Map(), config: undefined })).toBeUndefined();
});
