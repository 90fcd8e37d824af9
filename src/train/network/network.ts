import { cast, concat, conv, mul, relu, transpose } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { answerNumbers, ask, queryShapes, saliency, saliencyShapes } from "./attention.js";
import { linear, type Parameters } from "./linear.js";
import { positions } from "./positions.js";

/** Rows and columns of the feature maps. */
export function mapSize({ width, height, kernels }: NetworkSpec): readonly [rows: number, columns: number] {
  return [height, width].map((extent) => Math.floor((extent - kernels[0]) / 2) + 1) as [number, number];
}

/** Position on the feature maps, column and row of cells, of an image position (pixels from the upper left corner). */
export function cellOf({ kernels }: NetworkSpec, x: number, y: number): [column: number, row: number] {
  return [(x - kernels[0] / 2) / 2, (y - kernels[0] / 2) / 2];
}

/** Number of feature points. */
export const pointsOf = ({ attention, channels }: NetworkSpec): number =>
  attention?.kind === "query" ? attention.queries : channels[2];

/** Numbers that the image gives the first hidden layer: two coordinates a feature point, then the values of queries. */
export const seenLength = (spec: NetworkSpec): number => 2 * pointsOf(spec) + answerNumbers(spec);

/** Length of the first hidden layer's input: what is seen, then the configuration. */
export const headInputs = (spec: NetworkSpec): number => seenLength(spec) + spec.configuration;

/** Shapes of the parameters in front of the first hidden layer: the convolutions', and those of attention. */
export function visionShapes(spec: NetworkSpec): Record<string, Shape> {
  const { channels, kernels, attention } = spec;
  const [a, b, c] = channels;
  const [k, l, m] = kernels;
  return {
    "conv1.weight": [a, 3, k, k],
    "conv2.weight": [b, a, l, l],
    "conv3.weight": [c, b, m, m],
    ...(attention?.kind === "fls" && saliencyShapes(attention, b)),
    ...(attention?.kind === "query" && queryShapes(attention)),
  };
}

/** Shapes of the fully connected layers' parameters; weights are [inputs, outputs]. */
export function headShapes(spec: NetworkSpec): Record<string, Shape> {
  const [a, b] = spec.hidden;
  return {
    "fc1.weight": [headInputs(spec), a],
    "fc1.bias": [a],
    "fc2.weight": [a, b],
    "fc2.bias": [b],
    "fc3.weight": [b, spec.torques],
    "fc3.bias": [spec.torques],
  };
}

/** Bytes of an image [B, H, W, 3] as channels first, 0 to 255 or scaled. */
export function imageTensor(image: Value, scale = 1): Value {
  return mul(transpose(cast(image, "float32"), [0, 3, 1, 2]), scale);
}

/** What the network sees in an image. */
interface Seen {
  /** Feature maps before the softmax over places, [B, points, rows, columns]. */
  readonly maps: Value;
  /** What it gives the first hidden layer, [B, `seenLength`]: x and y of every feature point in [−1, 1], then values. */
  readonly points: Value;
  /** Maps of attention, [B, Q, rows, columns], of a network that has it. */
  readonly attention?: Value;
}

/**
 * The network up to the first hidden layer, from an image [B, 3, H, W] and the configuration [B, n]. The convolutions have
 * no biases, so that a cell's value comes from pixels alone (biases get no relevance), and the last one has no ReLU: with
 * its floor at zero the softmax could not suppress empty cells.
 */
export function look(spec: NetworkSpec, p: Parameters, image: Value, configuration: Value): Seen {
  const { attention, kernels } = spec;
  const same = (kernel: number): { pads: number[] } => ({ pads: Array<number>(4).fill((kernel - 1) / 2) });
  const first = relu(conv(image, p["conv1.weight"]!, { strides: [2, 2] }));
  const second = relu(conv(first, p["conv2.weight"]!, same(kernels[1])));
  const salient = attention?.kind === "fls" ? saliency(attention, p, second) : undefined;
  const third = conv(salient?.features ?? second, p["conv3.weight"]!, same(kernels[2]));
  if (attention?.kind === "query") return ask(attention, p, third, configuration);
  return { maps: third, points: positions(third), ...(salient && { attention: salient.map }) };
}

/** Torques from what is seen, [B, `seenLength`], and the configuration [B, n]. */
export function head(p: Parameters, points: Value, configuration: Value): Value {
  return layers(p, concat([points, configuration], 1));
}

/** Torques from the first hidden layer's input. */
export function layers(p: Parameters, x: Value): Value {
  return linear(p, hiddenLayers(p, x), "fc3");
}

/** The last hidden layer, from the first one's input. */
export const hiddenLayers = (p: Parameters, x: Value): Value => relu(linear(p, relu(linear(p, x, "fc1")), "fc2"));
