import { expect, it } from "vitest";
import { policyFileOf } from "#src/cli/input/sim-stage.js";
import { taskFor } from "#src/cli/input/sim-task.js";
import { InputError } from "#src/errors.js";
import { dense, jointPolicy, reacherPolicy } from "../../explain/policies.js";
import { reacherCard } from "../../policy/cards.js";

const slices = (changes: Readonly<Record<string, object>>) => {
  const { image, configuration } = reacherCard().inputs;
  return { inputs: { image, configuration: configuration.map((slice) => ({ ...slice, ...changes[slice.modality] })) } };
};

it("gives a policy that fits the camera it expects", async () => {
  const task = await taskFor(reacherPolicy(), "reacher");
  expect([task.name, task.width, task.height]).toEqual(["reacher", 80, 64]);
  task.delete();
});

it.each<[string, object, string]>([
  [
    "joints of other names",
    { joints: ["hip", "knee"], ...slices({ joint_velocity: { elements: ["hip", "knee"] } }) },
    "the policy commands hip, knee; task reacher has the joints shoulder, elbow, in this order",
  ],
  [
    "joints in another order",
    { joints: ["elbow", "shoulder"] },
    "the policy commands elbow, shoulder; task reacher has the joints shoulder, elbow, in this order",
  ],
  [
    "elements in another order",
    slices({ joint_velocity: { elements: ["elbow", "shoulder"] } }),
    "joint_velocity is of elbow, shoulder; task reacher has shoulder, elbow, in this order",
  ],
  [
    "a modality that the task lacks",
    slices({ end_effector_velocity: { modality: "wrench", quantity: "other" } }),
    'task reacher has no modality "wrench"; it has image, joint_position, joint_velocity, end_effector_position, end_effector_velocity',
  ],
  [
    "another size",
    {
      ...slices({
        end_effector_position: { size: 4, elements: ["x", "y", "z", "w"] },
        end_effector_velocity: { start: 8, elements: ["x", "y"] },
      }),
      reference: {},
    },
    "end_effector_position is 4 elements; task reacher has 3",
  ],
  ["another control period", { control_period: 0.02 }, "the control period is 0.02 s; task reacher has 0.05 s"],
])("refuses a policy with %s", async (_, card, message) => {
  await expect(taskFor(reacherPolicy(card), "reacher")).rejects.toThrow(new InputError(`test.onnx: ${message}`));
});

it("refuses a policy without a camera", async () => {
  const policy = jointPolicy((state) => dense(state, [[1], [1]], [0]));
  await expect(taskFor(policy, "reacher")).rejects.toThrow(
    new InputError("test.onnx: the simulation has one camera, the policy sees 0 images"),
  );
});

it("says where no policy is shipped", () => {
  expect(() => policyFileOf({ policy: "nothing" }, {})).toThrow(
    "nothing: no policy is shipped for it; give one with --policy",
  );
  for (const world of ["tabletop", "tabletop-unseen"])
    expect(() => policyFileOf({ policy: world }, {})).toThrow(
      `${world}: no policy is shipped for it; give one with --policy, such as models/tabletop/moca.onnx`,
    );
  expect(policyFileOf({ policy: "reacher" }, {})).toMatch(/models\/reacher\.onnx$/);
  expect(policyFileOf({ policy: "own.onnx" }, { policy: "own.onnx" })).toBe("own.onnx");
});
