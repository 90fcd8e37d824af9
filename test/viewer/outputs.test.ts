import { expect, test } from "vitest";
import type { ExplanationMessage } from "#src/messages/types.js";
import { Course } from "../../viewer/src/model/course.js";

const output = (joint: string, torque: number, more: object) => ({
  joint,
  torque,
  importance: 1,
  shares: Float32Array.of(1),
  relevance: new Float32Array(0),
  ...more,
});

const message = (torques: ExplanationMessage["torques"]) =>
  ({
    header: { stamp: { sec: 1, nanosec: 0 }, frame_id: "" },
    modalities: ["image"],
    shares: Float32Array.of(1),
    latency_ms: 2,
    conservation_residual: 0,
    flags: [],
    torques,
  }) as unknown as ExplanationMessage;

/** Columns of the only tick: time, the image's share, then one an output. */
function columnsOf(torques: ExplanationMessage["torques"]) {
  const course = new Course();
  course.add(message(torques));
  const [, , ...columns] = course.history.between(0, 1).map(([first]) => first);
  return { outputs: course.outputs.map(({ kind }) => kind), values: columns.slice(0, torques.length) };
}

test("the course shows torques, and of actions their probabilities", () => {
  const torque = { kind: "joint_torque", unit: "N·m", measured_from: "zero", probability: Number.NaN };
  expect(columnsOf([output("shoulder", 0.5, torque), output("elbow", -0.25, torque)])).toEqual({
    outputs: ["joint_torque", "joint_torque"],
    values: [0.5, -0.25],
  });
  const action = { kind: "action_logit", unit: "1", measured_from: "zero" };
  const actions = [
    output("left", 1.5, { ...action, probability: 0.75 }),
    output("right", 0.5, { ...action, probability: 0.25 }),
  ];
  expect(columnsOf(actions)).toEqual({ outputs: ["action_probability", "action_probability"], values: [0.75, 0.25] });
});
