import { expect, test } from "vitest";
import { stringify } from "yaml";
import { parseCard } from "#src/policy/card.js";
import { conventionOf, idleThreshold, modalitiesOf } from "#src/policy/modalities.js";
import { changed, reacherCard, reacherTensors } from "./cards.js";

const parse = (data: object) => parseCard(stringify(data), "reacher.yaml");

test("modalities come in the model's order with sizes, names, units and references", () => {
  const card = parse(reacherCard());
  const [image, ...rest] = modalitiesOf(card, reacherTensors.inputs);
  expect(image).toEqual({
    kind: "image",
    name: "image",
    input: "image",
    width: 80,
    height: 64,
    channels: 3,
    frames: 1,
    stacking: "time",
    size: 15360,
    dtype: "uint8",
    encoding: "rgb8",
    layout: "NHWC",
    range: [0, 255],
    scale: 1,
  });
  expect(rest).toEqual([
    {
      kind: "values",
      name: "joint_position",
      input: "configuration",
      start: 0,
      size: 2,
      earlier: [],
      dtype: "float32",
      isCarried: false,
      isTold: false,
      elements: ["shoulder", "elbow"],
      quantity: "joint_position",
      unit: "rad",
      reference: { kind: "mean", values: Float64Array.of(0.1, -0.2) },
    },
    {
      kind: "values",
      name: "joint_velocity",
      input: "configuration",
      start: 2,
      size: 2,
      earlier: [],
      dtype: "float32",
      isCarried: false,
      isTold: false,
      elements: ["shoulder", "elbow"],
      quantity: "joint_velocity",
      unit: "rad/s",
      reference: { kind: "zero", values: new Float64Array(2) },
    },
    {
      kind: "values",
      name: "end_effector_position",
      input: "configuration",
      start: 4,
      size: 3,
      earlier: [],
      dtype: "float32",
      isCarried: false,
      isTold: false,
      elements: ["x", "y", "z"],
      quantity: "end_effector_position",
      unit: "m",
      reference: { kind: "values", values: Float64Array.of(0, 0, 0.01) },
    },
    {
      kind: "values",
      name: "end_effector_velocity",
      input: "configuration",
      start: 7,
      size: 3,
      earlier: [],
      dtype: "float32",
      isCarried: false,
      isTold: false,
      elements: ["x", "y", "z"],
      quantity: "end_effector_velocity",
      unit: "m/s",
      reference: { kind: "zero", values: new Float64Array(3) },
    },
  ]);
  const reversed = modalitiesOf(card, reacherTensors.inputs.toReversed());
  expect(reversed.map((modality) => modality.name).at(-1)).toBe("image");
});

test("an NCHW image has its height and width where the layout puts them, and its scale from the range", () => {
  const image = { modality: "image", encoding: "bgr8", layout: "NCHW", range: [-1, 1] };
  const tensor = { name: "image", shape: [1, 3, 48, 96], dtype: "float32" };
  const [modality] = modalitiesOf(parse(changed(reacherCard(), ["inputs", "image"], image)), [tensor]);
  expect(modality).toMatchObject({ width: 96, height: 48, channels: 3, scale: 2 / 255 });
});

test("a modality of no known quantity gets indices for names and no unit", () => {
  const card = parse(changed(reacherCard(), ["inputs", "task"], [{ modality: "goal", start: 0, size: 3 }]));
  const [goal] = modalitiesOf(card, [{ name: "task", shape: [3], dtype: "float32" }]);
  expect(goal).toMatchObject({ quantity: "other", elements: ["0", "1", "2"], unit: "" });
});

test("the convention names every modality's reference", () => {
  const card = parse(changed(reacherCard(), ["feature_points"], { origin: "corner" }));
  expect(conventionOf(card, modalitiesOf(card, reacherTensors.inputs))).toEqual({
    reference: {
      image: "range",
      joint_position: "mean",
      joint_velocity: "zero",
      end_effector_position: "values",
      end_effector_velocity: "zero",
    },
    featurePoints: "corner",
  });
});

test("the idle threshold is the card's, else a thousandth of the limits' sum", () => {
  expect(idleThreshold(parse(reacherCard()))).toBeCloseTo(0.005, 12);
  expect(idleThreshold(parse(changed(reacherCard(), ["torque", "limits"], 4)))).toBeCloseTo(0.008, 12);
  expect(idleThreshold(parse(changed(reacherCard(), ["idle_threshold"], 0.25)))).toBe(0.25);
});
