import {
  add,
  cast,
  concat,
  constant,
  conv,
  matmul,
  mul,
  relu,
  reshape,
  softmax,
  transpose,
} from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";

/** Parameters by name: graph inputs while training, constants in an exported policy. */
export type Parameters = Readonly<Record<string, Value>>;

/** Rows and columns of the feature maps. */
export function mapSize({ width, height, kernels }: NetworkSpec): readonly [rows: number, columns: number] {
  return [height, width].map((extent) => Math.floor((extent - kernels[0]) / 2) + 1) as [number, number];
}

/** Position on the feature maps, column and row of cells, of an image position (pixels from the upper left corner). */
export function cellOf({ kernels }: NetworkSpec, x: number, y: number): [column: number, row: number] {
  return [(x - kernels[0] / 2) / 2, (y - kernels[0] / 2) / 2];
}

/** Length of the first hidden layer's input: two coordinates a feature point, then the configuration. */
export const headInputs = ({ channels, configuration }: NetworkSpec): number => 2 * channels[2] + configuration;

/** Shapes of the convolutions' parameters. */
export function visionShapes({ channels, kernels }: NetworkSpec): Record<string, Shape> {
  const [a, b, c] = channels;
  const [k, l, m] = kernels;
  return {
    "conv1.weight": [a, 3, k, k],
    "conv2.weight": [b, a, l, l],
    "conv3.weight": [c, b, m, m],
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

/**
 * The feature maps before the softmax, [B, C, rows, columns], from an image [B, 3, H, W]. The convolutions have no
 * biases, so that a cell's value comes from pixels alone (biases get no relevance), and the last one has no ReLU: with its floor
 * at zero the softmax could not suppress empty cells.
 */
export function featureMaps(spec: NetworkSpec, p: Parameters, image: Value): Value {
  const same = (kernel: number): { pads: number[] } => ({ pads: Array<number>(4).fill((kernel - 1) / 2) });
  const first = relu(conv(image, p["conv1.weight"]!, { strides: [2, 2] }));
  const second = relu(conv(first, p["conv2.weight"]!, same(spec.kernels[1])));
  return conv(second, p["conv3.weight"]!, same(spec.kernels[2]));
}

/** Soft-argmax: the expected position under softmax(map), x then y in [−1, 1] a map: [B, 2C]. */
export function featurePoints(spec: NetworkSpec, maps: Value): Value {
  const [batch, channels, rows, columns] = maps.shape as [number, number, number, number];
  const cells = rows * columns;
  const probability = softmax(reshape(maps, [batch * channels, cells]));
  return reshape(matmul(probability, constant(Literal.from("float32", [cells, 2], grid(spec)))), [batch, 2 * channels]);
}

/** Torques from the feature points [B, 2C] and the configuration [B, n]. */
export function head(p: Parameters, points: Value, configuration: Value): Value {
  return layers(p, concat([points, configuration], 1));
}

/** Torques from the first hidden layer's input [B, 2C + n]. */
export function layers(p: Parameters, x: Value): Value {
  return linear(p, hiddenLayers(p, x), "fc3");
}

/** The last hidden layer, from the first one's input [B, 2C + n]. */
export const hiddenLayers = (p: Parameters, x: Value): Value => relu(linear(p, relu(linear(p, x, "fc1")), "fc2"));

/** A linear layer by its name. */
export const linear = (p: Parameters, x: Value, name: string): Value =>
  add(matmul(x, own(p, `${name}.weight`)!), own(p, `${name}.bias`)!);

/** x and y of every cell in [−1, 1], row-major: [cells × 2]. */
function grid(spec: NetworkSpec): Float64Array {
  const [rows, columns] = mapSize(spec);
  const values = new Float64Array(rows * columns * 2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = 2 * (row * columns + column);
      values[at] = (2 * column) / (columns - 1) - 1;
      values[at + 1] = (2 * row) / (rows - 1) - 1;
    }
  }
  return values;
}
