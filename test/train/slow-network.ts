import type { NetworkSpec } from "#src/sim/tasks/lesson.js";
import { type Layout, layoutOf } from "#src/train/network/parameters.js";

/** The network and its losses in float64 loops, written from their definitions: the oracle for the graphs. */

export const TINY: NetworkSpec = {
  width: 17,
  height: 15,
  channels: [3, 4, 3],
  kernels: [5, 3, 3],
  configuration: 2,
  hidden: [5, 4],
  torques: 2,
};

export const TINY_LAYOUT: Layout = layoutOf(TINY, 2);

interface Maps {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  readonly at: (channel: number, row: number, column: number) => number;
}

const maps = (channels: number, rows: number, columns: number, values: ArrayLike<number>): Maps => ({
  channels,
  rows,
  columns,
  at: (c, y, x) => (y < 0 || x < 0 || y >= rows || x >= columns ? 0 : values[(c * rows + y) * columns + x]!),
});

function convolve(x: Maps, weight: Float64Array, channels: number, kernel: number, stride: number, pad: number): Maps {
  const rows = Math.floor((x.rows + 2 * pad - kernel) / stride) + 1;
  const columns = Math.floor((x.columns + 2 * pad - kernel) / stride) + 1;
  const values: number[] = [];
  for (let k = 0; k < channels; k++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = 0;
        for (let c = 0; c < x.channels; c++)
          for (let i = 0; i < kernel; i++)
            for (let j = 0; j < kernel; j++)
              sum +=
                weight[((k * x.channels + c) * kernel + i) * kernel + j]! *
                x.at(c, row * stride + i - pad, column * stride + j - pad);
        values.push(sum);
      }
  return maps(channels, rows, columns, values);
}

const positive =
  (at: Maps["at"]): Maps["at"] =>
  (c, y, x) =>
    Math.max(0, at(c, y, x));

const parameter = (vector: Float64Array, name: string): Float64Array => {
  const { offset, size } = TINY_LAYOUT.slots.get(name)!;
  return vector.subarray(offset, offset + size);
};

function softmax(values: readonly number[]): number[] {
  const powers = values.map((value) => Math.exp(value));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

/** Softmax maps and feature points of one image (bytes, [H, W, 3]). */
export function see(vector: Float64Array, image: Uint8Array): { probability: number[][]; points: number[] } {
  const { width, height, kernels } = TINY;
  const planes = [0, 1, 2].flatMap((c) => Array.from({ length: width * height }, (_, i) => image[3 * i + c]! / 255));
  let x = maps(3, height, width, planes);
  kernels.forEach((kernel, layer) => {
    const weight = parameter(vector, `conv${layer + 1}.weight`);
    x = convolve(x, weight, TINY.channels[layer]!, kernel, layer === 0 ? 2 : 1, layer === 0 ? 0 : (kernel - 1) / 2);
    if (layer < 2) x = { ...x, at: positive(x.at) };
  });
  const probability = Array.from({ length: x.channels }, (_, c) =>
    softmax(Array.from({ length: x.rows * x.columns }, (_, i) => x.at(c, Math.floor(i / x.columns), i % x.columns))),
  );
  const points = probability.flatMap((p) => [
    p.reduce((sum, share, i) => sum + share * ((2 * (i % x.columns)) / (x.columns - 1) - 1), 0),
    p.reduce((sum, share, i) => sum + share * ((2 * Math.floor(i / x.columns)) / (x.rows - 1) - 1), 0),
  ]);
  return { probability, points };
}

function dense(vector: Float64Array, name: string, x: readonly number[]): number[] {
  const bias = parameter(vector, `${name}.bias`);
  const weight = parameter(vector, `${name}.weight`);
  return [...bias].map((b, j) => x.reduce((sum, value, i) => sum + value * weight[i * bias.length + j]!, b));
}

const relu = (x: readonly number[]): number[] => x.map((value) => Math.max(0, value));

/** Torques from the first hidden layer's input. */
export const command = (vector: Float64Array, x: readonly number[]): number[] =>
  dense(vector, "fc3", relu(dense(vector, "fc2", relu(dense(vector, "fc1", x)))));

/** The pose loss of a batch; landmarks in cells, [B × 2 × 2]. */
export function poseLoss(
  vector: Float64Array,
  images: readonly Uint8Array[],
  landmarks: ArrayLike<number>,
  landmarkOfChannel: readonly number[],
  { sharpen, blob, spread, precision }: Readonly<Record<"sharpen" | "blob" | "spread" | "precision", number>>,
): number {
  const columns = Math.floor((TINY.width - TINY.kernels[0]) / 2) + 1;
  const rows = Math.floor((TINY.height - TINY.kernels[0]) / 2) + 1;
  let crossEntropy = 0;
  let distances = 0;
  let squares = 0;
  images.forEach((image, b) => {
    const { probability, points } = see(vector, image);
    landmarkOfChannel.forEach((landmark, channel) => {
      const [x, y] = [landmarks[4 * b + 2 * landmark]!, landmarks[4 * b + 2 * landmark + 1]!];
      const squared = probability[channel]!.map(
        (_, i) => ((i % columns) - x) ** 2 + (Math.floor(i / columns) - y) ** 2,
      );
      const wanted = softmax(squared.map((square) => -square / (2 * blob * blob)));
      probability[channel]!.forEach((share, i) => {
        distances += share * squared[i]!;
      });
      wanted.forEach((share, i) => {
        crossEntropy -= share * Math.log(probability[channel]![i]!);
      });
    });
    dense(vector, "readout", points).forEach((read, i) => {
      const extent = i % 2 === 0 ? columns : rows;
      squares += (read - ((2 * landmarks[4 * b + i]!) / (extent - 1) - 1)) ** 2;
    });
  });
  const count = images.length;
  const sharp = (crossEntropy + spread * distances) / (count * landmarkOfChannel.length);
  return sharpen * sharp + (precision * squares) / (4 * count);
}

/** Central differences of a function of the parameters, at the given elements. */
export function differences(
  of: (vector: Float64Array) => number,
  vector: Float64Array,
  elements: readonly number[],
): number[] {
  const small = 1e-5;
  return elements.map((i) => {
    const [more, less] = [vector.slice(), vector.slice()];
    more[i]! += small;
    less[i]! -= small;
    return (of(more) - of(less)) / (2 * small);
  });
}
