import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "@foxglove/rosmsg";
import { MessageWriter } from "@foxglove/rosmsg2-serialization";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRuns } from "#src/analysis/read-runs.js";
import { encoderOf } from "#src/messages/cdr.js";
import { messageType } from "#src/messages/definitions.js";
import { EXPLANATION, toExplanation } from "#src/messages/explanation.js";
import { fromMessages } from "#src/messages/explanation-numbers.js";
import type { ExplanationMessage } from "#src/messages/types.js";
import {
  areTorques,
  followJoints,
  kindNamed,
  meaningOf,
  OUTPUT_KINDS,
  type OutputKind,
  TORQUE,
  wordsOf,
} from "#src/outputs/kinds.js";
import { actionNames } from "#src/policy/action-names.js";
import { loadModel } from "#src/policy/policy.js";
import { cardTemplate } from "#src/policy/template.js";
import { writeMcap } from "../bag/recordings.js";
import { sampleExplanation } from "../messages/sample.js";
import { diffusion } from "./heads.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-words-"));
});
afterAll(() => rm(folder, { recursive: true }));

const DELTAS = [
  { kind: "end_effector_delta", unit: "m", reference: "zero" },
  { kind: "end_effector_delta", unit: "rad", reference: "zero" },
];

describe("words of several outputs", () => {
  test("are those of one kind, and its unit where they share it", () => {
    expect(wordsOf([TORQUE, TORQUE])).toEqual({ noun: "torque", plural: "torques", symbol: "τ", unit: "N·m" });
    expect(wordsOf(DELTAS)).toEqual({ noun: "change of pose", plural: "changes of pose", symbol: "Δx", unit: "" });
  });

  test("are those of commands where they are of several kinds", () => {
    expect(wordsOf([TORQUE, { kind: "gripper", unit: "1" }])).toMatchObject({
      plural: "commands",
      symbol: "u",
      unit: "",
    });
  });

  test("tell a target from the change that it commands", () => {
    const target = { kind: "joint_position", unit: "rad" };
    expect(wordsOf([{ ...target, reference: "zero" }])).toMatchObject({ plural: "positions", symbol: "q" });
    const change = { noun: "change of position", plural: "changes of position", symbol: "Δq", unit: "rad" };
    expect(wordsOf([{ ...target, reference: "present" }])).toEqual(change);
    expect(wordsOf([{ ...target, reference: "values" }])).toMatchObject({
      noun: "position from its reference",
      plural: "positions from their references",
      symbol: "q − q₀",
    });
    const both = [
      { ...target, reference: "zero" },
      { ...target, reference: "present" },
    ];
    expect(wordsOf(both)).toMatchObject({ plural: "commands" });
    expect(areTorques([{ kind: "joint_torque", reference: "values" }])).toBe(false);
  });

  test("say whether an effort controller takes them, and whether they are the arm's joints", () => {
    expect([areTorques([TORQUE]), areTorques(DELTAS)]).toEqual([true, false]);
    const joint = { kind: "joint_position" };
    expect([
      followJoints([joint, { kind: "gripper" }]),
      followJoints([{ kind: "gripper" }]),
      followJoints(DELTAS),
    ]).toEqual([true, false, false]);
  });

  test("of a kind that a later version wrote are those of any command", () => {
    expect(kindNamed("whole_body_twist")).toBe(OUTPUT_KINDS.other);
    expect(kindNamed("constructor")).toBe(OUTPUT_KINDS.other);
    expect(meaningOf({ kind: "whole_body_twist", unit: "m/s", measured_from: "a map" })).toEqual({
      kind: "other",
      unit: "m/s",
      reference: "zero",
    });
  });
});

test("docs/outputs.md lists every kind with its symbol and units", async () => {
  const text = await readFile(new URL("../../docs/outputs.md", import.meta.url), "utf8");
  for (const [name, { symbol, units, present }] of Object.entries<OutputKind>(OUTPUT_KINDS)) {
    const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
    expect(row, name).toBeDefined();
    const cells = row!.split("|").map((cell) => cell.trim());
    const shown = present === undefined ? symbol : `Δ${symbol}`;
    expect([cells[3], cells[4]], name).toEqual([shown, units?.join(", ") ?? "any"]);
  }
});

/** The message's definition as version 0.1 wrote it. */
const OLD = messageType(EXPLANATION)
  .schema.split("\n")
  .filter((line) => !/^string (kind|unit|measured_from) /.test(line))
  .join("\n");

test("a recording without kinds and units holds torques in N·m", async () => {
  expect(OLD).not.toBe(messageType(EXPLANATION).schema);
  const writer = new MessageWriter(parse(OLD, { ros2: true }));
  const explanation = sampleExplanation();
  const data = writer.writeMessage(toExplanation(explanation));
  const path = join(folder, "old.mcap");
  const { stamp } = explanation.observation;
  await writeMcap(path, [
    { topic: "/torquelens/explanation", type: EXPLANATION, logTime: stamp, data, definition: OLD },
  ]);
  const runs = [];
  for await (const run of readRuns(path)) runs.push(run);
  expect(runs.map(({ identity }) => identity.outputs)).toEqual([[TORQUE, TORQUE]]);
  expect(Array.from(runs[0]!.torque)).toEqual(Array.from(explanation.torque));
});

test("kind and unit go through a message and back", () => {
  const outputs = [
    { kind: "joint_velocity", unit: "rad/s", reference: "zero" },
    { kind: "gripper", unit: "1", reference: "present" },
  ] as const;
  const message = toExplanation({ ...sampleExplanation(), outputs });
  expect(encoderOf(EXPLANATION)(message).length).toBeGreaterThan(0);
  const ratios = { image: 0, position: 0, velocity: 0, configuration: 0 } as Parameters<typeof fromMessages>[1];
  expect(fromMessages(message, ratios, 0n).outputs).toEqual(outputs);
  const { torques } = message;
  const old = {
    ...message,
    torques: torques.map(({ kind: _, unit: __, measured_from: ___, ...rest }) => rest),
  } as ExplanationMessage;
  expect(fromMessages(old, ratios, 0n).outputs).toEqual([TORQUE, TORQUE]);
});

describe("a template's kinds", () => {
  const template = (name: string, shape: readonly number[], actions: readonly string[] = [], tokens = false) =>
    cardTemplate(
      {
        inputs: tokens ? [{ name: "tokens", shape: [1, 6], dtype: "int64" }] : [],
        outputs: [{ name, shape, dtype: "float32" }],
      },
      "policy",
      actions,
    );
  const kinds = (text: string) =>
    Array.from(text.matchAll(/- kind: (\w+)\n +(.*)\n/g), ([, kind, rest]) => `${kind} ${rest}`);

  test.each<[name: string, shape: readonly number[], expected: string[]]>([
    ["joint_pos_target", [1, 7], ["joint_position size: 7"]],
    ["target_qpos", [1, 7], ["joint_position size: 7"]],
    ["joint_velocities", [1, 7], ["joint_velocity size: 7"]],
    ["delta_pose", [1, 6], ["end_effector_delta size: 6"]],
    ["gripper_action", [1, 1], ["gripper size: 1"]],
    ["actions", [1, 16, 14], ["joint_position size: 14"]],
    ["torque", [1, 7], []],
    ["action", [1, 7], []],
    ["joint_efforts", [1, 8, 7], []],
  ])("come from the name and shape of %s %j", (name, shape, expected) => {
    const text = template(name, shape);
    expect(kinds(text)).toEqual(expected);
    expect(text).toContain(expected.length > 0 ? "the kinds are a guess by" : "torque:");
  });

  test.each([
    ["logits", "logits"],
    ["action_probs", "probabilities"],
    ["policy/probabilities", "probabilities"],
  ])("are actions where the output is called %s", (name, values) => {
    const text = template(name, [1, 3]);
    expect(text).toContain(`actions: # float32 [1, 3]; a guess by name: check it\n  output: ${JSON.stringify(name)}\n`);
    expect(text).toContain(
      `  names: [null, null, null] # of the actions, in the output's order\n  values: ${values}\n`,
    );
    expect(text).not.toMatch(/torques?:|joints/);
  });

  test("are an end-effector delta and a gripper where the policy reads words and puts out seven numbers", () => {
    const text = template("action", [1, 7], [], true);
    expect(kinds(text)).toEqual(["end_effector_delta size: 6", "gripper size: 1"]);
    expect(text).not.toContain("joints:");
  });

  test("say that torques are a guess where the output does not tell", () => {
    expect(template("action", [1, 7])).toContain("torque: # a guess; outputs in its place for positions");
    expect(template("torque", [1, 7])).toContain("torque:\n");
  });

  const LEROBOT = ["shoulder_pan.pos", "shoulder_lift.pos", "elbow_flex.pos", "gripper.pos"];

  test("come from the actions' names, as LeRobot has them", () => {
    const text = template("action", [1, 4], LEROBOT);
    expect(kinds(text)).toEqual([
      'joint_position elements: ["shoulder_pan", "shoulder_lift", "elbow_flex"]',
      'gripper elements: ["gripper"]',
    ]);
    expect(text).toContain('joints: ["shoulder_pan", "shoulder_lift", "elbow_flex", "gripper"]');
    expect(kinds(template("action", [1, 5], LEROBOT))).toEqual([]);
    expect(kinds(template("action", [1, 4], ["delta_x", "delta_y", "delta_z", "gripper"]))).toEqual([
      'end_effector_delta elements: ["x", "y", "z"]',
      'gripper elements: ["gripper"]',
    ]);
  });

  test("find these names in a data set's description beside the model", async () => {
    const path = join(folder, "policy.onnx");
    await writeFile(path, diffusion().bytes);
    const model = await loadModel(path);
    expect(await actionNames(model)).toEqual([]);
    await writeFile(join(folder, "info.json"), JSON.stringify({ features: { action: { names: LEROBOT } } }));
    expect(await actionNames(model)).toEqual(LEROBOT);
    await writeFile(
      join(folder, "info.json"),
      JSON.stringify({ features: { action: { names: { motors: LEROBOT } } } }),
    );
    expect(await actionNames(model)).toEqual(LEROBOT);
    await writeFile(join(folder, "info.json"), "{ no JSON");
    expect(await actionNames(model)).toEqual([]);
  });
});
