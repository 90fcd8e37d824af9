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

function convolve(
  x: Maps,
  weight: Float64Array,
  channels: number,
  kernel: number,
  stride: number,
  pad: number,
  bias?: Float64Array,
): Maps {
  const rows = Math.floor((x.rows + 2 * pad - kernel) / stride) + 1;
  const columns = Math.floor((x.columns + 2 * pad - kernel) / stride) + 1;
  const values: number[] = [];
  for (let k = 0; k < channels; k++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        let sum = bias?.[k] ?? 0;
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

const parameter = (vector: Float64Array, name: string, layout = TINY_LAYOUT): Float64Array => {
  const { offset, size } = layout.slots.get(name)!;
  return vector.subarray(offset, offset + size);
};

function softmax(values: readonly number[]): number[] {
  const powers = values.map((value) => Math.exp(value));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

/** A network: its layers, and where its parameters are. */
export interface Network {
  readonly spec: NetworkSpec;
  readonly layout: Layout;
}

const networkOf = (spec: NetworkSpec): Network => ({ spec, layout: layoutOf(spec, 2) });

/** The network as it is, with Free-Lunch Saliency, and with queries. */
export const NETWORKS: Readonly<Record<string, Network>> = {
  plain: { spec: TINY, layout: TINY_LAYOUT },
  fls: networkOf({ ...TINY, attention: { kind: "fls", filters: 3, kernel: 3 } }),
  queries: networkOf({
    ...TINY,
    channels: [3, 4, 5],
    attention: { kind: "query", queries: 3, keys: 3, frequencies: [2, 3], told: 1, hidden: 4 },
  }),
};

/** Features in the light of Free-Lunch Saliency, and the map. */
function salient(x: Maps, vector: Float64Array, { spec, layout }: Network): [Maps, number[]] {
  const { attention } = spec;
  if (attention?.kind !== "fls") return [x, []];
  const of = (name: string): Float64Array => parameter(vector, name, layout);
  const pad = (attention.kernel - 1) / 2;
  const filters = attention.filters;
  const first = convolve(x, of("saliency1.weight"), filters, attention.kernel, 1, pad, of("saliency1.bias"));
  const active = { ...first, at: positive(first.at) };
  const second = convolve(active, of("saliency2.weight"), 1, attention.kernel, 1, pad, of("saliency2.bias"));
  const weight = (row: number, column: number): number => Math.log1p(Math.exp(second.at(0, row, column)));
  const map = Array.from({ length: x.rows * x.columns }, (_, i) => weight(Math.floor(i / x.columns), i % x.columns));
  const at: Maps["at"] = (c, row, column) => {
    const inside = row >= 0 && column >= 0 && row < x.rows && column < x.columns;
    return inside ? x.at(c, row, column) * weight(row, column) : 0;
  };
  return [{ ...x, at }, map];
}

/** Weights over places and values of a network that asks queries by the last convolution's output. */
function asked(x: Maps, vector: Float64Array, configuration: readonly number[], { spec, layout }: Network) {
  const { attention } = spec;
  if (attention?.kind !== "query") throw new Error("expected queries");
  const { queries, keys, told, hidden, frequencies } = attention;
  const of = (name: string): Float64Array => parameter(vector, name, layout);
  const layer = (name: string, x: readonly number[], outputs: number): number[] =>
    Array.from({ length: outputs }, (_, j) =>
      x.reduce((sum, value, i) => sum + value * of(`${name}.weight`)[i * outputs + j]!, of(`${name}.bias`)[j]!),
    );
  const length = keys + frequencies[0] * frequencies[1];
  const query = layer("query2", relu(layer("query1", configuration.slice(0, told), hidden)), queries * length);
  const cells = Array.from(
    { length: x.rows * x.columns },
    (_, i) => [Math.floor(i / x.columns), i % x.columns] as const,
  );
  const wave = (frequency: number, at: number, extent: number): number =>
    Math.cos((Math.PI * frequency * (at + 1)) / extent);
  const logit = (q: number, row: number, column: number): number => {
    let sum = 0;
    for (let k = 0; k < keys; k++) sum += query[q * length + k]! * x.at(k, row, column);
    for (let u = 1; u <= frequencies[0]; u++)
      for (let v = 1; v <= frequencies[1]; v++)
        sum +=
          query[q * length + keys + (u - 1) * frequencies[1] + v - 1]! *
          wave(u, row, x.rows) *
          wave(v, column, x.columns);
    return sum;
  };
  const probability = Array.from({ length: queries }, (_, q) =>
    softmax(cells.map(([row, column]) => logit(q, row, column))),
  );
  const answers = probability.flatMap((p) =>
    Array.from({ length: x.channels - keys }, (_, v) =>
      cells.reduce((sum, [row, column], i) => sum + p[i]! * x.at(keys + v, row, column), 0),
    ),
  );
  return { probability, answers };
}

/**
 * Softmax maps, what the first hidden layer is given, and maps of attention, of one image (bytes, [H, W, 3]) and what a
 * network that asks queries is told beside it.
 */
export function see(
  vector: Float64Array,
  image: Uint8Array,
  configuration: readonly number[] = [],
  network: Network = { spec: TINY, layout: TINY_LAYOUT },
): { probability: number[][]; points: number[]; attention: number[] } {
  const { spec, layout } = network;
  const { width, height, kernels } = spec;
  const planes = [0, 1, 2].flatMap((c) => Array.from({ length: width * height }, (_, i) => image[3 * i + c]! / 255));
  let x = maps(3, height, width, planes);
  let map: number[] = [];
  kernels.forEach((kernel, layer) => {
    const weight = parameter(vector, `conv${layer + 1}.weight`, layout);
    x = convolve(x, weight, spec.channels[layer]!, kernel, layer === 0 ? 2 : 1, layer === 0 ? 0 : (kernel - 1) / 2);
    if (layer < 2) x = { ...x, at: positive(x.at) };
    if (layer === 1) [x, map] = salient(x, vector, network);
  });
  const queries = spec.attention?.kind === "query" ? asked(x, vector, configuration, network) : undefined;
  const probability =
    queries?.probability ??
    Array.from({ length: x.channels }, (_, c) =>
      softmax(Array.from({ length: x.rows * x.columns }, (_, i) => x.at(c, Math.floor(i / x.columns), i % x.columns))),
    );
  const points = probability.flatMap((p) => [
    p.reduce((sum, share, i) => sum + share * ((2 * (i % x.columns)) / (x.columns - 1) - 1), 0),
    p.reduce((sum, share, i) => sum + share * ((2 * Math.floor(i / x.columns)) / (x.rows - 1) - 1), 0),
  ]);
  return {
    probability,
    points: [...points, ...(queries?.answers ?? [])],
    attention: queries ? probability.flat() : map,
  };
}

function dense(vector: Float64Array, name: string, x: readonly number[], layout: Layout): number[] {
  const bias = parameter(vector, `${name}.bias`, layout);
  const weight = parameter(vector, `${name}.weight`, layout);
  return [...bias].map((b, j) => x.reduce((sum, value, i) => sum + value * weight[i * bias.length + j]!, b));
}

const relu = (x: readonly number[]): number[] => x.map((value) => Math.max(0, value));

/** Torques from the first hidden layer's input. */
export const command = (vector: Float64Array, x: readonly number[], layout = TINY_LAYOUT): number[] =>
  dense(vector, "fc3", relu(dense(vector, "fc2", relu(dense(vector, "fc1", x, layout)), layout)), layout);

/** The pose loss of a batch; landmarks in cells, [B × 2 × 2]; what a network that asks queries is told, an image each. */
export function poseLoss(
  vector: Float64Array,
  images: readonly Uint8Array[],
  landmarks: ArrayLike<number>,
  landmarkOfChannel: readonly number[],
  { sharpen, blob, spread, precision }: Readonly<Record<"sharpen" | "blob" | "spread" | "precision", number>>,
  network: Network = { spec: TINY, layout: TINY_LAYOUT },
  configurations: readonly (readonly number[])[] = [],
): number {
  const columns = Math.floor((TINY.width - TINY.kernels[0]) / 2) + 1;
  const rows = Math.floor((TINY.height - TINY.kernels[0]) / 2) + 1;
  let crossEntropy = 0;
  let distances = 0;
  let squares = 0;
  images.forEach((image, b) => {
    const { probability, points } = see(vector, image, configurations[b], network);
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
    dense(vector, "readout", points.slice(0, 2 * probability.length), network.layout).forEach((read, i) => {
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
