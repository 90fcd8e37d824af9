import { checkAll } from "../errors.js";
import { CARD_ENCODINGS, pixelsOf } from "../image/pixel-formats.js";
import { own } from "../own.js";
import { errorAt } from "../yaml/located.js";
import { checkAttention } from "./attention.js";
import type { Card, CardImage, CardSlice } from "./card-schema.js";
import { checkActionTensor, checkOutputTensors } from "./check-outputs.js";
import { isSlices } from "./consistency.js";
import { sliceSize } from "./quantities.js";
import { axesOf, elementCount, type Tensor, type Tensors, tensorText } from "./tensors.js";

const FLOATS = ["float32", "float64"];
/** Element types of slices: numbers, and integers such as tokens, masks and time steps. */
const NUMBERS = [...FLOATS, "int64", "int32", "bool"];

/**
 * Checks that a card fits a model's inputs and outputs: every input described, no tensor missing, sizes, layouts,
 * ranges and types right. Throws InputError with a line for each tensor that does not
 * fit: the card (`source`), the key path, what was found and expected.
 */
export function checkCard(card: Card, tensors: Tensors, source: string): void {
  const described = tensors.inputs.filter(({ name }) => Object.hasOwn(card.inputs, name));
  checkAll([
    () => checkInputNames(Object.keys(card.inputs), tensors, source),
    ...described.map((tensor) => () => {
      const [input, path] = [own(card.inputs, tensor.name)!, ["inputs", tensor.name]];
      if (isSlices(input)) checkSlices(input, tensor, source, path);
      else checkImage(input, tensor, source, path);
    }),
    () => (card.torque ? checkTorque(card, card.torque, tensors, source) : checkOthers(card, tensors, source)),
    ...Object.entries(card.state).map(
      ([input, output]) =>
        () =>
          checkState(input, output, card, tensors, source),
    ),
    () => checkAttention(card, tensors, source, ...lookups(tensors, source)),
  ]);
}

/** Every name of an input is one of the model's, and none of the model's is missing. */
function checkInputNames(names: readonly string[], tensors: Tensors, source: string): void {
  const missing = tensors.inputs.filter(({ name }) => !names.includes(name));
  checkAll([
    ...names.map((name) => () => void find(name, tensors, "input", source, ["inputs", name])),
    ...missing.map((tensor) => () => {
      const what = `the model's input ${tensorText(tensor)}`;
      throw errorAt(source, ["inputs", tensor.name], `missing, expected an image or a list of slices for ${what}`);
    }),
  ]);
}

/** Checks the names of tensors in what is not a card yet. Throws InputError as `checkCard`. */
export function checkNames(data: unknown, tensors: Tensors, source: string): void {
  const given = (isMapping(data) ? data : {}) as Readonly<Record<string, unknown>>;
  const inputs = own(given, "inputs");
  checkAll([
    () => isMapping(inputs) && checkInputNames(Object.keys(inputs), tensors, source),
    ...["torque", "actions"].map((key) => () => {
      const entry = own(given, key);
      const output = isMapping(entry) ? (entry as { output?: unknown }).output : undefined;
      if (typeof output === "string") find(output, tensors, "output", source, [key, "output"]);
    }),
    ...(["outputs", "attention"] as const).flatMap((key) =>
      Object.keys(isMapping(own(given, key)) ? (own(given, key) as object) : {}).map(
        (name) => () => find(name, tensors, "output", source, [key, name]),
      ),
    ),
  ]);
}

const isMapping = (data: unknown): data is object => typeof data === "object" && data !== null && !Array.isArray(data);

function find(
  name: string,
  { inputs, outputs, unread = [] }: Tensors,
  what: "input" | "output",
  source: string,
  path: readonly PropertyKey[],
): Tensor {
  const tensors = what === "input" ? inputs : outputs;
  const tensor = tensors.find((candidate) => candidate.name === name);
  if (tensor === undefined) {
    const cause = what === "output" ? unread.find((candidate) => candidate.name === name) : undefined;
    if (cause) throw errorAt(source, path, `the model's output ${JSON.stringify(name)} cannot be read: ${cause.why}`);
    const known = tensors.map((candidate) => candidate.name).join(", ");
    throw errorAt(source, path, `the model has no ${what} ${JSON.stringify(name)}, expected one of ${known}`);
  }
  return tensor;
}

/** Finds an output by its name, and checks that it holds floats; both throw InputError. */
const lookups = (tensors: Tensors, source: string) =>
  [
    (name: string, path: readonly PropertyKey[]) => find(name, tensors, "output", source, path),
    (tensor: Tensor, path: readonly PropertyKey[]) => requireType(tensor, FLOATS, source, path),
  ] as const;

function checkOthers(card: Card, tensors: Tensors, source: string): void {
  const [named, floats] = lookups(tensors, source);
  if (card.actions) checkActionTensor(card.actions, source, named, floats);
  else checkOutputTensors(card, source, named, floats);
}

function checkTorque(
  card: Card,
  { output, step }: NonNullable<Card["torque"]>,
  tensors: Tensors,
  source: string,
): void {
  const path = ["torque", "output"];
  const tensor = find(output, tensors, "output", source, path);
  const found = `the output ${JSON.stringify(tensor.name)} is ${tensorText(tensor)}`;
  if (step !== undefined) {
    const [steps = 0, joints = 0] = tensor.shape.slice(-2);
    if (joints !== card.joints.length || elementCount(tensor.shape) !== steps * joints)
      throw errorAt(
        source,
        path,
        `${found}, expected a chunk [1, steps, ${card.joints.length}], one row of joints per step`,
      );
    if (step >= steps) throw errorAt(source, ["torque", "step"], `found ${step}, expected one of 0 to ${steps - 1}`);
  } else if (elementCount(tensor.shape) !== card.joints.length) {
    const joints = `${card.joints.length} torques, one for each of joints (${card.joints.join(", ")})`;
    throw errorAt(source, path, `${found}, expected ${joints}`);
  }
  requireType(tensor, FLOATS, source, path);
}

/** A modality that occurs several times is a window in time [1, steps, n]: one row per step. */
function checkWindow(slices: readonly CardSlice[], tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  const [, steps = 1, width = 0] = tensor.shape;
  slices.forEach(({ modality, start }, index) => {
    const own = slices.filter((slice) => slice.modality === modality);
    const isRow =
      tensor.shape.length === 3 &&
      own.length === steps &&
      start === own[0]!.start + own.findIndex((s) => s.start === start) * width;
    if (own.length === 1 || isRow) return;
    const found = `found ${JSON.stringify(modality)} ${own.length} times`;
    const expected = `each modality once, or once per step of a window [1, steps, n]: the model's input is ${tensorText(tensor)}`;
    throw errorAt(source, [...path, index, "modality"], `${found}, expected ${expected}`);
  });
}

/** A memory output must have the type and shape of the input that it feeds. */
function checkState(input: string, output: string, card: Card, tensors: Tensors, source: string): void {
  const path = ["state", input];
  const to = find(input, tensors, "input", source, path);
  const from = find(output, tensors, "output", source, path);
  if (tensorText({ ...to, name: "" }) !== tensorText({ ...from, name: "" })) {
    const found = `the output ${JSON.stringify(output)} is ${tensorText(from)}`;
    throw errorAt(source, path, `${found}, expected ${tensorText(to)}, the type of the input`);
  }
  const described = own(card.inputs, input);
  if (described && !isSlices(described)) throw errorAt(source, path, "found an image, expected an input with slices");
}

function checkSlices(slices: readonly CardSlice[], tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  requireType(tensor, NUMBERS, source, path);
  if (slices.some(({ mean, std }) => mean ?? std)) requireType(tensor, FLOATS, source, path);
  checkWindow(slices, tensor, source, path);
  const covered = slices.reduce((sum, slice) => sum + (sliceSize(slice) ?? 0), 0);
  const size = elementCount(tensor.shape);
  if (covered !== size) {
    const found = `the slices cover ${covered} elements`;
    throw errorAt(source, path, `${found}, expected ${size}: the model's input is ${tensorText(tensor)}`);
  }
}

function requireType(tensor: Tensor, types: readonly string[], source: string, path: readonly PropertyKey[]): void {
  if (!types.includes(tensor.dtype)) {
    const expected = `${types.slice(0, -1).join(", ")} or ${types.at(-1)}`;
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected ${expected}`);
  }
}

const AXES: Readonly<Record<string, string>> = { N: "1", T: "frames", H: "height", W: "width", C: "channels" };
const OTHER = { NHWC: "NCHW", NCHW: "NHWC", NTHWC: "NTCHW", NTCHW: "NTHWC" } as const;

function checkImage(image: CardImage, tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  const { shape, dtype } = tensor;
  if (shape.length !== image.layout.length || shape[0] !== 1) {
    const expected = `[${[...image.layout].map((axis) => own(AXES, axis)).join(", ")}]`;
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected ${expected} for an image`);
  }
  checkChannels(image, tensor, source, path);
  if ((image.mean ?? image.std) && dtype !== "float32") {
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected float32 where mean or std is given`);
  }
  checkCrop(image, tensor, source, path);
  if (dtype === "uint8") checkBytes(image, source, path);
  else if (!FLOATS.includes(dtype)) {
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected uint8, ${FLOATS.join(" or ")}`);
  }
}

function checkChannels(image: CardImage, tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  const expected = pixelsOf(image.encoding).channels * (image.frames ?? 1);
  const { channels } = axesOf(tensor.shape, image.layout);
  if (channels === expected) return;
  const other = OTHER[image.layout];
  if (axesOf(tensor.shape, other).channels === expected) {
    throw errorAt(source, [...path, "layout"], `found ${image.layout}, expected ${other} for ${tensorText(tensor)}`);
  }
  const stacked = image.frames === undefined ? "" : ` in ${image.frames} frames`;
  const found = `found ${image.encoding}${stacked} (${channelText(expected)})`;
  const has = `${channelText(channels)}: the tensor is ${tensorText(tensor)}, ${image.layout}`;
  throw errorAt(source, [...path, "encoding"], `${found}, expected an encoding of ${has}`);
}

const channelText = (count: number): string => `${count} channel${count === 1 ? "" : "s"}`;

/** A crop that is not resized has the tensor's size. */
function checkCrop(
  { crop, resize, layout }: CardImage,
  tensor: Tensor,
  source: string,
  path: readonly PropertyKey[],
): void {
  if (crop === undefined || crop === "centre" || resize !== undefined) return;
  const { width, height } = axesOf(tensor.shape, layout);
  if (crop[2] === width && crop[3] === height) return;
  const expected = `${width}×${height}, the size of ${tensorText(tensor)}, or the key resize`;
  throw errorAt(source, [...path, "crop"], `found ${crop[2]}×${crop[3]} pixels, expected ${expected}`);
}

/** A uint8 tensor takes bytes unchanged. */
function checkBytes(image: CardImage, source: string, path: readonly PropertyKey[]): void {
  if (pixelsOf(image.encoding).bits !== 8) {
    const ofBytes = CARD_ENCODINGS.filter((encoding) => pixelsOf(encoding).bits === 8);
    const expected = `${ofBytes.slice(0, -1).join(", ")} or ${ofBytes.at(-1)}`;
    throw errorAt(
      source,
      [...path, "encoding"],
      `found ${image.encoding}, expected ${expected}: the tensor holds uint8`,
    );
  }
  const [low, high] = image.range;
  if (low !== 0 || high !== 255) {
    const found = `found [${low}, ${high}]`;
    throw errorAt(source, [...path, "range"], `${found}, expected [0, 255]: the tensor holds uint8`);
  }
  if (image.scale !== undefined && image.scale !== 1) {
    throw errorAt(source, [...path, "scale"], `found ${image.scale}, expected 1: the tensor holds uint8`);
  }
}
