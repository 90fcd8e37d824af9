import { expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { parseCard } from "#src/policy/card.js";
import { checkCard } from "#src/policy/check.js";
import { cardTemplate } from "#src/policy/template.js";
import type { Tensors } from "#src/policy/tensors.js";
import { changed, reacherCard, reacherTensors } from "./cards.js";

const check = (card: object, tensors: object) =>
  checkCard(parseCard(stringify(card), "reacher.yaml"), tensors as Tensors, "reacher.yaml");

test("a card that fits is accepted", () => {
  expect(check(reacherCard(), reacherTensors)).toBeUndefined();
});

test.each([
  [{ crop: [0, 0, 80, 64] }],
  [{ crop: [5, 5, 20, 20], resize: "area" }],
  [{ crop: "centre" }],
  [{ resize: "bilinear" }],
])("a card that crops and resizes is accepted: %j", (keys) => {
  const card = changed(reacherCard(), ["inputs", "image"], { ...reacherCard().inputs.image, ...keys });
  expect(check(card, reacherTensors)).toBeUndefined();
});

const image = ["inputs", "image"] as const;
const imageTensor = ["inputs", 0] as const;
const misfits: [title: string, card: [PropertyKey[], unknown], tensors: [PropertyKey[], unknown], message: string][] = [
  [
    "a missing input tensor",
    [[...image], undefined],
    [[], 0],
    "inputs.image: missing, expected an image or a list of slices for the model's input uint8 [1, 64, 80, 3]",
  ],
  [
    "an input that the model lacks",
    [["inputs", "wrist"], { ...reacherCard().inputs.image, modality: "wrist" }],
    [[], 0],
    'inputs.wrist: the model has no input "wrist", expected one of image, configuration',
  ],
  [
    "an output that the model lacks",
    [["torque", "output"], "action"],
    [[], 0],
    'torque.output: the model has no output "action", expected one of torque',
  ],
  [
    "a torque of the wrong size",
    [[], 0],
    [
      ["outputs", 0, "shape"],
      [1, 7],
    ],
    'torque.output: the output "torque" is float32 [1, 7], expected 2 torques, one for each of joints (shoulder, elbow)',
  ],
  [
    "an integer torque",
    [[], 0],
    [["outputs", 0, "dtype"], "int64"],
    "torque.output: the tensor is int64 [1, 2], expected float32 or float64",
  ],
  [
    "slices that do not reach the end",
    [[], 0],
    [
      ["inputs", 1, "shape"],
      [1, 12],
    ],
    "inputs.configuration: the slices cover 10 elements, expected 12: the model's input is float32 [1, 12]",
  ],
  [
    "slices beyond the end",
    [[], 0],
    [
      ["inputs", 1, "shape"],
      [1, 8],
    ],
    "inputs.configuration: the slices cover 10 elements, expected 8: the model's input is float32 [1, 8]",
  ],
  [
    "slices of integers",
    [[], 0],
    [["inputs", 1, "dtype"], "uint8"],
    "inputs.configuration: the tensor is uint8 [1, 10], expected float32, float64, int64, int32 or bool",
  ],
  [
    "a modality named twice",
    [["inputs", "configuration", 1], { modality: "joint_position", start: 2, size: 2 }],
    [[], 0],
    'inputs.configuration[0].modality: found "joint_position" 2 times, expected each modality once, or once per step of a window [1, steps, n]: the model\'s input is float32 [1, 10]',
  ],
  [
    "normalised integers",
    [
      ["inputs", "configuration", 0, "mean"],
      [0, 0],
    ],
    [["inputs", 1, "dtype"], "int64"],
    "inputs.configuration: the tensor is int64 [1, 10], expected float32 or float64",
  ],
  [
    "a normalised image of bytes",
    [
      [...image, "std"],
      [0.2, 0.2, 0.2],
    ],
    [[], 0],
    "inputs.image: the tensor is uint8 [1, 64, 80, 3], expected float32 where mean or std is given",
  ],
  [
    "stacked images of another number",
    [[...image, "frames"], 2],
    [[], 0],
    "inputs.image.encoding: found rgb8 in 2 frames (6 channels), expected an encoding of 3 channels: the tensor is uint8 [1, 64, 80, 3], NHWC",
  ],
  [
    "a window of images without one",
    [[...image, "layout"], "NTHWC"],
    [[], 0],
    "inputs.image: the tensor is uint8 [1, 64, 80, 3], expected [1, frames, height, width, channels] for an image",
  ],
  [
    "a step of an output that is no chunk",
    [["torque", "step"], 3],
    [[], 0],
    "torque.step: found 3, expected one of 0 to 0",
  ],
  [
    "a chunk of other joints",
    [["torque", "step"], 0],
    [
      ["outputs", 0, "shape"],
      [1, 8, 3],
    ],
    'torque.output: the output "torque" is float32 [1, 8, 3], expected a chunk [1, steps, 2], one row of joints per step',
  ],
  [
    "memory of another shape",
    [["state"], { configuration: "torque" }],
    [[], 0],
    'state.configuration: the output "torque" is float32 [1, 2], expected float32 [1, 10], the type of the input',
  ],
  [
    "an image of rank 2",
    [[], 0],
    [
      [...imageTensor, "shape"],
      [1, 100],
    ],
    "inputs.image: the tensor is uint8 [1, 100], expected [1, height, width, channels] for an image",
  ],
  [
    "a batch of images",
    [[...image, "layout"], "NCHW"],
    [
      [...imageTensor, "shape"],
      [4, 3, 64, 80],
    ],
    "inputs.image: the tensor is uint8 [4, 3, 64, 80], expected [1, channels, height, width] for an image",
  ],
  [
    "the other layout",
    [[], 0],
    [
      [...imageTensor, "shape"],
      [1, 3, 64, 80],
    ],
    "inputs.image.layout: found NHWC, expected NCHW for uint8 [1, 3, 64, 80]",
  ],
  [
    "an encoding of too few channels",
    [[...image, "encoding"], "mono8"],
    [[], 0],
    "inputs.image.encoding: found mono8 (1 channel), expected an encoding of 3 channels: the tensor is uint8 [1, 64, 80, 3], NHWC",
  ],
  [
    "an encoding of too many channels",
    [[], 0],
    [
      [...imageTensor, "shape"],
      [1, 64, 80, 1],
    ],
    "inputs.image.encoding: found rgb8 (3 channels), expected an encoding of 1 channel: the tensor is uint8 [1, 64, 80, 1], NHWC",
  ],
  [
    "a range that bytes cannot have",
    [
      [...image, "range"],
      [0, 1],
    ],
    [[], 0],
    "inputs.image.range: found [0, 1], expected [0, 255]: the tensor holds uint8",
  ],
  [
    "a scale that bytes cannot have",
    [[...image, "scale"], 0.5],
    [[], 0],
    "inputs.image.scale: found 0.5, expected 1: the tensor holds uint8",
  ],
  [
    "a crop of another size than the tensor",
    [
      [...image, "crop"],
      [0, 0, 60, 64],
    ],
    [[], 0],
    "inputs.image.crop: found 60×64 pixels, expected 80×64, the size of uint8 [1, 64, 80, 3], or the key resize",
  ],
  [
    "words in a tensor of bytes",
    [[...image, "encoding"], "16UC1"],
    [
      [...imageTensor, "shape"],
      [1, 64, 80, 1],
    ],
    "inputs.image.encoding: found 16UC1, expected rgb8, bgr8 or mono8: the tensor holds uint8",
  ],
  [
    "an image of 64-bit integers",
    [[], 0],
    [[...imageTensor, "dtype"], "int64"],
    "inputs.image: the tensor is int64 [1, 64, 80, 3], expected uint8, float32 or float64",
  ],
];

test.each(misfits)("refused: %s", (_title, [cardPath, cardValue], [tensorPath, tensorValue], message) => {
  const card = cardPath.length === 0 ? reacherCard() : changed(reacherCard(), cardPath, cardValue);
  const tensors = tensorPath.length === 0 ? reacherTensors : changed(reacherTensors, tensorPath, tensorValue);
  expect(() => check(card, tensors)).toThrow(new InputError(`reacher.yaml: ${message}`));
});

test("the template holds the model's tensors, is refused unfilled and fits once filled in", () => {
  const template = cardTemplate(reacherTensors, "reacher");
  expect(() => parseCard(template, "t")).toThrow(
    new InputError([
      "t: control_period: found null, expected a number of seconds above 0 and at most 3600",
      "t: joints[0]: found null, expected a joint name (and so 1 more entry)",
      "t: torque.limits: found null, expected a number of N·m above 0 or a list of them, one per joint",
      "t: inputs.image.encoding: found null, expected rgb8, bgr8, mono8 or 16UC1",
      "t: inputs.configuration[0].modality: found null, expected a modality name",
    ]),
  );
  const filled = template
    .replace("control_period: null", "control_period: 0.05")
    .replace("[null, null]", "[shoulder, elbow]")
    .replace("limits: null", "limits: 3")
    .replace("encoding: null", "encoding: rgb8")
    .replace("modality: null", "modality: configuration");
  expect(checkCard(parseCard(filled, "t"), reacherTensors, "t")).toBeUndefined();
});

test("the template names the modalities of several cameras after their tensors", () => {
  const cameras = ["front", "3.wrist"].map((name) => ({ name, shape: [1, 1, 8, 8], dtype: "float32" }));
  const template = cardTemplate({ ...reacherTensors, inputs: cameras }, "two");
  expect(template.match(/modality: .*/g)).toEqual(["modality: front", "modality: _3_wrist"]);
});

test.each<[name: string, shape: number[], expected: string]>([
  ["qpos", [1, 2], "joint_position 0 2"],
  ["observation.qpos", [2], "joint_position 0 2"],
  ["robot0_joint_pos", [1, 2], "joint_position 0 2"],
  ["joint_vel", [1, 2], "joint_velocity 0 2"],
  ["dof_vel", [1, 2], "joint_velocity 0 2"],
  ["obs/qvel", [1, 2], "joint_velocity 0 2"],
  ["observation.state", [1, 2], "joint_position 0 2"],
  ["observation.state", [1, 4], "joint_position 0 2, joint_velocity 2 2"],
  ["observation.state", [1, 2, 2], "joint_position 0 2, joint_position 2 2"],
  ["obs", [1, 6], "joint_position 0 2, joint_velocity 2 2, previous_action 4 2"],
  ["robot0_eef_pos", [1, 3], "end_effector_position 0 3"],
  ["robot0_eef_quat", [1, 4], "end_effector_orientation 0 4"],
  ["last_action", [1, 2], "previous_action 0 2"],
  ["action", [1, 2], "previous_action 0 2"],
  ["robot0_gripper_qpos", [1, 2], "gripper 0 2"],
  ["state", [1, 5], "null 0 5"],
  ["qpos", [1, 9], "null 0 9"],
  ["configuration", [1, 4], "null 0 4"],
])("the template guesses %s %j as %s, and says so", (name, shape, expected) => {
  const inputs = [{ name, shape, dtype: "float32" }];
  const outputs = [{ name: "torque", shape: [1, 2], dtype: "float32" }];
  const template = cardTemplate({ inputs, outputs }, "guess");
  const slices = template.matchAll(/modality: (\w+).*\n +start: (\d+)\n +size: (\d+)/g);
  expect(Array.from(slices, ([, ...slice]) => slice.join(" ")).join(", ")).toBe(expected);
  expect(template.includes("are a guess by name and size: check them")).toBe(!expected.startsWith("null"));
  if (expected.startsWith("null")) return;
  const filled = template
    .replace("control_period: null", "control_period: 0.05")
    .replace("[null, null]", "[shoulder, elbow]")
    .replace("limits: null", "limits: 3");
  expect(parseCard(filled, "t", { inputs, outputs }).joints).toEqual(["shoulder", "elbow"]);
});

test("the template names cameras as their data sets do, and takes the output that is called a torque or an action", () => {
  const names = ["observation.images.top", "agentview_image", "pixels/view_0", "wrist.rgb", "wrist/rgb"];
  const inputs = names.map((name) => ({ name, shape: [1, 3, 8, 8], dtype: "float32" }));
  const outputs = ["value", "action", "log_std"].map((name) => ({ name, shape: [1, 2], dtype: "float32" }));
  const template = cardTemplate({ inputs, outputs }, "cameras");
  expect(Array.from(template.matchAll(/modality: (\S+)/g), ([, name]) => name)).toEqual([
    "top",
    "agentview",
    "view_0",
    "wrist_rgb",
    "wrist_rgb",
  ]);
  expect(template).toContain('output: "action" # or value, log_std');
});

test("a template knows chunks of actions, windows of images and tokens", () => {
  const template = cardTemplate(
    {
      inputs: [
        { name: "frames", shape: [1, 4, 3, 24, 32], dtype: "uint8" },
        { name: "tokens", shape: [1, 6], dtype: "int64" },
      ],
      outputs: [{ name: "actions", shape: [1, 8, 2], dtype: "float32" }],
    },
    "act",
  );
  expect(template).toContain("joints: [null, null]");
  expect(template).toContain(
    '"actions": # float32 [1, 8, 2]; the kinds are a guess by shape: chunks mostly hold joint positions: check them',
  );
  expect(template).toContain(
    "- kind: joint_position\n      size: 2\n      step: 0 # the first of the 8 steps that the robot executes",
  );
  expect(template).toContain("layout: NTCHW");
  expect(template).toContain("modality: null # language for tokens");
});
