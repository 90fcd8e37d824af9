import { expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { attentionOf } from "#src/policy/attention.js";
import { parseCard } from "#src/policy/card.js";
import type { Tensors } from "#src/policy/tensors.js";
import { changed, reacherCard, reacherTensors } from "./cards.js";

/** Tensors of the reacher, an image of 80×64, with another output. */
const withOutput = (shape: readonly number[], dtype = "float32"): Tensors => ({
  ...reacherTensors,
  outputs: [...reacherTensors.outputs, { name: "attention", shape, dtype }],
});
const read = (attention: object, tensors: Tensors) =>
  parseCard(stringify({ ...reacherCard(), attention }), "reacher.yaml", tensors);
const found = (attention: object, tensors: Tensors) => attentionOf(read(attention, tensors), tensors);

test("a map at pixels needs no more than its image", () => {
  const axis = (extent: number) => ({ count: extent, extent, stride: 1, field: 1, padding: 0 });
  expect(found({ attention: { modality: "image" } }, withOutput([1, 1, 64, 80]))).toEqual([
    { tensor: "attention", modality: "image", queries: ["attention"], down: axis(64), across: axis(80) },
  ]);
});

test("several maps are numbered unless they have names", () => {
  const tensors = withOutput([1, 3, 64, 80]);
  expect(found({ attention: { modality: "image" } }, tensors)[0]!.queries).toEqual(["1", "2", "3"]);
  const queries = ["tip", "target", "rest"];
  expect(found({ attention: { modality: "image", queries } }, tensors)[0]!.queries).toEqual(queries);
});

test("a coarser grid says what its places see", () => {
  const tiled = found({ attention: { modality: "image", stride: [8, 16] } }, withOutput([1, 2, 8, 5]));
  expect(tiled[0]).toMatchObject({
    down: { count: 8, stride: 8, field: 8 },
    across: { count: 5, stride: 16, field: 16 },
  });
  const fields = { modality: "image", stride: 8, field: 20, padding: 3 };
  expect(found({ attention: fields }, withOutput([1, 2, 7, 9]))[0]).toMatchObject({
    down: { count: 7, extent: 64, stride: 8, field: 20, padding: 3 },
    across: { count: 9, extent: 80, stride: 8, field: 20, padding: 3 },
  });
});

test.each([
  [
    "an output that the model lacks",
    { weights: { modality: "image" } },
    [1, 1, 64, 80],
    'attention.weights: the model has no output "weights", expected one of torque, attention',
  ],
  [
    "a modality that the card lacks",
    { attention: { modality: "wrist" } },
    [1, 1, 64, 80],
    'attention.attention.modality: found "wrist", expected an image modality (image)',
  ],
  [
    "a modality that is no image",
    { attention: { modality: "joint_position" } },
    [1, 1, 64, 80],
    'attention.attention.modality: found "joint_position", expected an image modality (image)',
  ],
  [
    "a map of another size",
    { attention: { modality: "image" } },
    [1, 1, 7, 9],
    "attention.attention: the output is float32 [1, 1, 7, 9], expected [1, Q, 64, 80], the image's size, or stride and field of a coarser grid",
  ],
  [
    "a grid of another number of places",
    { attention: { modality: "image", stride: 8, field: 20 } },
    [1, 1, 7, 9],
    "attention.attention: the output is float32 [1, 1, 7, 9], expected [1, Q, 6, 8], the places of that stride, field and padding in an image of 80×64",
  ],
  [
    "maps without an axis of queries",
    { attention: { modality: "image" } },
    [64, 80],
    "attention.attention: the output is float32 [64, 80], expected [1, Q, 64, 80], the image's size, or stride and field of a coarser grid",
  ],
  [
    "a name too few",
    { attention: { modality: "image", queries: ["tip"] } },
    [1, 2, 64, 80],
    "attention.attention.queries: found 1 name, expected 2, one per map of float32 [1, 2, 64, 80]",
  ],
  [
    "a name twice",
    { attention: { modality: "image", queries: ["tip", "tip"] } },
    [1, 2, 64, 80],
    'attention.attention: found the query "tip" of image again, expected each name once: give queries',
  ],
  [
    "an unknown key",
    { attention: { modality: "image", heads: 2 } },
    [1, 1, 64, 80],
    "attention.attention.heads: unknown key, expected one of modality, queries, stride, field, padding",
  ],
  [
    "a stride of nothing",
    { attention: { modality: "image", stride: 0 } },
    [1, 1, 64, 80],
    "attention.attention.stride: found 0, expected a whole number of pixels, 1 or more",
  ],
])("a card with %s is refused in one line", (_, attention, shape, message) => {
  expect(() => read(attention, withOutput(shape))).toThrow(new InputError(`reacher.yaml: ${message}`));
});

test("a place may see more than it is apart from the next", () => {
  const wide = { modality: "image", field: 13, padding: 6 };
  expect(found({ attention: wide }, withOutput([1, 1, 64, 80]))[0]).toMatchObject({
    down: { count: 64, stride: 1, field: 13, padding: 6 },
  });
});

test("attention holds floats", () => {
  expect(() => read({ attention: { modality: "image" } }, withOutput([1, 1, 64, 80], "int64"))).toThrow(
    "reacher.yaml: attention.attention: the tensor is int64 [1, 1, 64, 80], expected float32 or float64",
  );
});

test("a card without attention has none", () => {
  expect(attentionOf(parseCard(stringify(changed(reacherCard(), ["name"], "x")), "x"), reacherTensors)).toEqual([]);
});
