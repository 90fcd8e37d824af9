import type { Card, CardImage, CardSlice } from "./card-schema.js";
import { isSlices } from "./consistency.js";
import { errorAt } from "./located.js";
import { sliceSize } from "./quantities.js";
import { axesOf, elementCount, type Tensor, type Tensors, tensorText } from "./tensors.js";

const FLOATS = ["float32", "float64"];
const CHANNELS = { rgb8: 3, bgr8: 3, mono8: 1 } as const;

/**
 * Checks that a card fits a model's inputs and outputs: every input described, no tensor missing, sizes, layouts,
 * ranges and types right. Throws InputError naming the card (`source`), the key path, what was found and expected.
 */
export function checkCard(card: Card, tensors: Tensors, source: string): void {
  for (const name of Object.keys(card.inputs)) find(name, tensors.inputs, "input", source, ["inputs", name]);
  for (const tensor of tensors.inputs) {
    const input = card.inputs[tensor.name];
    const path = ["inputs", tensor.name];
    if (input === undefined) {
      const what = `the model's input ${tensorText(tensor)}`;
      throw errorAt(source, path, `missing, expected an image or a list of slices for ${what}`);
    }
    if (isSlices(input)) checkSlices(input, tensor, source, path);
    else checkImage(input, tensor, source, path);
  }
  checkTorque(card, tensors, source);
}

function find(
  name: string,
  tensors: readonly Tensor[],
  what: string,
  source: string,
  path: readonly PropertyKey[],
): Tensor {
  const tensor = tensors.find((candidate) => candidate.name === name);
  if (tensor === undefined) {
    const known = tensors.map((candidate) => candidate.name).join(", ");
    throw errorAt(source, path, `the model has no ${what} ${JSON.stringify(name)}, expected one of ${known}`);
  }
  return tensor;
}

function checkTorque(card: Card, tensors: Tensors, source: string): void {
  const path = ["torque", "output"];
  const tensor = find(card.torque.output, tensors.outputs, "output", source, path);
  if (elementCount(tensor.shape) !== card.joints.length) {
    const found = `the output ${JSON.stringify(tensor.name)} is ${tensorText(tensor)}`;
    const joints = `${card.joints.length} torques, one for each of joints (${card.joints.join(", ")})`;
    throw errorAt(source, path, `${found}, expected ${joints}`);
  }
  requireFloat(tensor, source, path);
}

function checkSlices(slices: readonly CardSlice[], tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  requireFloat(tensor, source, path);
  const covered = slices.reduce((sum, slice) => sum + (sliceSize(slice) ?? 0), 0);
  const size = elementCount(tensor.shape);
  if (covered !== size) {
    const found = `the slices cover ${covered} elements`;
    throw errorAt(source, path, `${found}, expected ${size}: the model's input is ${tensorText(tensor)}`);
  }
}

function requireFloat(tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  if (!FLOATS.includes(tensor.dtype)) {
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected ${FLOATS.join(" or ")}`);
  }
}

function checkImage(image: CardImage, tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  const { shape, dtype } = tensor;
  if (shape.length !== 4 || shape[0] !== 1) {
    const expected = image.layout === "NHWC" ? "[1, height, width, channels]" : "[1, channels, height, width]";
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected ${expected} for an image`);
  }
  checkChannels(image, tensor, source, path);
  if (dtype === "uint8") checkBytes(image, source, path);
  else if (!FLOATS.includes(dtype)) {
    throw errorAt(source, path, `the tensor is ${tensorText(tensor)}, expected uint8, ${FLOATS.join(" or ")}`);
  }
}

function checkChannels(image: CardImage, tensor: Tensor, source: string, path: readonly PropertyKey[]): void {
  const expected = CHANNELS[image.encoding];
  const { channels } = axesOf(tensor.shape, image.layout);
  if (channels === expected) return;
  const other = image.layout === "NHWC" ? "NCHW" : "NHWC";
  if (axesOf(tensor.shape, other).channels === expected) {
    throw errorAt(source, [...path, "layout"], `found ${image.layout}, expected ${other} for ${tensorText(tensor)}`);
  }
  const found = `found ${image.encoding} (${channelText(expected)})`;
  const has = `${channelText(channels)}: the tensor is ${tensorText(tensor)}, ${image.layout}`;
  throw errorAt(source, [...path, "encoding"], `${found}, expected an encoding of ${has}`);
}

const channelText = (count: number): string => `${count} channel${count === 1 ? "" : "s"}`;

/** Bytes go into a uint8 tensor as they are. */
function checkBytes(image: CardImage, source: string, path: readonly PropertyKey[]): void {
  const [low, high] = image.range;
  if (low !== 0 || high !== 255) {
    const found = `found [${low}, ${high}]`;
    throw errorAt(source, [...path, "range"], `${found}, expected [0, 255]: the tensor holds uint8`);
  }
  if (image.scale !== undefined && image.scale !== 1) {
    throw errorAt(source, [...path, "scale"], `found ${image.scale}, expected 1: the tensor holds uint8`);
  }
}
