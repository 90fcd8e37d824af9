import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { subjectOf as policySubject } from "#src/explain/subject.js";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import type { Network } from "#src/relevance/contract/facts.js";
import type { Subject, SubjectImage } from "#src/relevance/contract/subject.js";
import { type Grid, patchGrid, spotGrid } from "#src/relevance/methods/perturbed/grid.js";
import { Picture } from "#src/relevance/methods/perturbed/picture.js";
import { WindowedNetwork } from "#src/relevance/methods/perturbed/windows/network.js";
import { ExplainedNetwork } from "#src/relevance/network/network.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError, uniform } from "../../evaluate.js";
import { configuration, dense, explain, image, modalityOf, subjectOf, weights } from "../subjects.js";

/** Windows are followed whatever they cost. */
const EVERYWHERE = Number.POSITIVE_INFINITY;

const CHANNELS = 3;
const [HEIGHT, WIDTH] = [45, 38];

const convolution = (
  x: Value,
  filters: number,
  kernel: number,
  seed: number,
  { group = 1, ...geometry }: { group?: number; [key: string]: unknown } = {},
) => {
  const channels = x.shape[1]! / group;
  const size = 1 / Math.sqrt(channels * kernel * kernel);
  const weight = weights([filters, channels, kernel, kernel], seed, -3 * size, 3 * size);
  return apply("Conv", [x, weight, weights([filters], seed + 50, -0.3, 0.3)], { group, ...geometry } as never);
};
const flat = (x: Value) => b.reshape(x, [1, sizeOf(x.shape)]);
const head = (x: Value) => dense(b.relu(dense(flat(x), 7, 91)), 3, 92);
const maxPool = (x: Value, kernel: number, more: object) =>
  apply("MaxPool", [x], { kernel_shape: [kernel, kernel], ...more } as never);
const averagePool = (x: Value, kernel: number, more: object) =>
  apply("AveragePool", [x], { kernel_shape: [kernel, kernel], ...more } as never);
const normalised = (x: Value, seed: number) => {
  const n = x.shape[1]!;
  const parameters = [0.5, -0.5, -0.2, 0.5].map((low, i) => weights([n], seed + i, low, low + 1));
  return apply("BatchNormalization", [x, ...parameters]);
};

/** Networks of an image [1, 3, H, W], and how many of their layers are computed in windows. */
const NETWORKS: Readonly<Record<string, readonly [of: (x: Value) => Value, layers: number]>> = {
  "with strides": [
    (x) =>
      head(b.relu(convolution(b.relu(convolution(x, 6, 5, 1, { strides: [2, 3] })), 5, 3, 2, { strides: [2, 1] }))),
    5,
  ],
  "with tiles that touch": [(x) => head(b.relu(convolution(x, 6, 8, 1, { strides: [8, 8] }))), 3],
  "with tiles that leave pixels out": [
    (x) => head(b.relu(convolution(b.relu(convolution(x, 6, 2, 1, { strides: [5, 6] })), 4, 3, 2))),
    5,
  ],
  "with padding": [
    (x) => {
      const first = b.relu(convolution(x, 4, 5, 1, { strides: [2, 2], pads: [2, 0, 1, 4] }));
      return head(b.relu(convolution(first, 5, 3, 2, { pads: [1, 2, 0, 1], auto_pad: "NOTSET" })));
    },
    5,
  ],
  "with padding as the framework likes it": [
    (x) => {
      const first = b.relu(convolution(x, 4, 4, 1, { strides: [2, 2], auto_pad: "SAME_UPPER" }));
      return head(b.relu(convolution(first, 5, 4, 2, { strides: [2, 2], auto_pad: "SAME_LOWER" })));
    },
    5,
  ],
  "with dilations": [
    (x) => {
      const first = b.relu(convolution(x, 4, 3, 1, { dilations: [2, 4], pads: [2, 4, 2, 4] }));
      return head(b.relu(convolution(first, 5, 3, 2, { dilations: [4, 3], strides: [3, 2] })));
    },
    5,
  ],
  "with groups": [
    (x) => {
      const first = b.relu(convolution(x, 6, 3, 1, { group: 3, strides: [2, 2] }));
      const second = b.relu(convolution(first, 8, 3, 2, { group: 2, pads: [1, 1, 1, 1] }));
      return head(b.relu(convolution(second, 8, 3, 3, { group: 8 })));
    },
    7,
  ],
  "with pools": [
    (x) => {
      const first = maxPool(b.relu(convolution(x, 4, 3, 1)), 3, { strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 });
      const second = averagePool(convolution(first, 4, 3, 2), 3, { strides: [2, 1], pads: [1, 0, 1, 0] });
      const third = averagePool(second, 2, { strides: [2, 2], pads: [0, 1, 1, 0], count_include_pad: 1 });
      return head(averagePool(third, 3, { strides: [2, 2], ceil_mode: 1 }));
    },
    8,
  ],
  "with residual connections and normalisations": [
    (x) => {
      const first = b.relu(normalised(convolution(x, 4, 5, 1, { strides: [2, 2] }), 20));
      const second = apply("PRelu", [convolution(first, 4, 3, 2, { pads: [1, 1, 1, 1] }), weights([4, 1, 1], 3)]);
      const places = weights([1, 4, ...first.shape.slice(2)], 4);
      const joined = b.add(b.add(normalised(second, 30), first), places);
      return head(apply("LeakyRelu", [convolution(b.mul(joined, weights([1, 4, 1, 1], 5)), 3, 3, 6)], { alpha: 0.2 }));
    },
    12,
  ],
  "with kernels of one cell, and strides that leave cells out": [
    (x) => {
      const first = b.relu(convolution(x, 6, 4, 1, { strides: [2, 2] }));
      const second = b.relu(convolution(first, 5, 1, 2));
      const third = b.relu(convolution(second, 4, 2, 3, { strides: [3, 4], pads: [1, 1, 0, 0] }));
      return head(convolution(third, 4, 3, 4, { dilations: [2, 1], pads: [2, 1, 2, 1] }));
    },
    8,
  ],
  "whose rectified cells are read by a convolution and by a sum": [
    (x) => {
      const first = b.relu(convolution(x, 4, 5, 1, { strides: [2, 2] }));
      const second = b.relu(convolution(first, 4, 3, 2, { pads: [1, 1, 1, 1] }));
      return head(b.relu(convolution(b.add(first, second), 5, 3, 3, { strides: [2, 1] })));
    },
    8,
  ],
  "with padding of its own": [
    (x) => {
      const pads = b.int64([0, 0, 1, 2, 0, 0, 3, -1]);
      const padded = apply("Pad", [b.relu(convolution(x, 4, 5, 1, { strides: [2, 2] })), pads]);
      return head(b.relu(convolution(padded, 4, 3, 2)));
    },
    6,
  ],
  "with pixels that are cropped, normalised and joined": [
    (x) => {
      const cropped = b.slice(b.slice(x, 2, 3, 40), 3, 1, 38);
      const scaled = b.div(b.sub(cropped, weights([3, 1, 1], 1, 0, 1)), weights([3, 1, 1], 2, 0.5, 1));
      const places = weights([1, 2, 37, 37], 3);
      const joined = b.padAxis(b.concat([scaled, places, b.mul(scaled, -1)], 1), 2, 2, 1);
      return head(b.relu(convolution(b.relu(convolution(joined, 4, 5, 4, { strides: [2, 2] })), 4, 3, 5)));
    },
    5,
  ],
  "whose later layers are whole": [
    (x) => {
      const first = b.relu(convolution(x, 6, 5, 1, { strides: [2, 2] }));
      const joined = b.concat([first, convolution(first, 2, 1, 2)], 1);
      const mean = apply("GlobalAveragePool", [b.relu(convolution(joined, 4, 3, 3))]);
      const points = b.matmul(b.softmax(b.reshape(joined, [8, sizeOf(joined.shape) / 8])), weights([357, 2], 4));
      return dense(b.concat([flat(mean), flat(points)], 1), 3, 5);
    },
    3,
  ],
};

interface Given {
  readonly subject: Subject;
  readonly feeds: Parameters<typeof explain>[1];
}

/** Outputs under every mask, by windows and by whole pictures: [places, J] each. */
async function outputs(
  { subject, feeds }: Given,
  gridOf: (picture: Picture) => Grid,
  fill: "blurred" | "mean" = "blurred",
) {
  const inputs = [...subject.graph.inputs.values()];
  const network: Network = new ExplainedNetwork(subject, b.zeros([1]), "heatmap");
  const picture = new Picture(network, subject.modalities.find((m): m is SubjectImage => m.kind === "image")!);
  const { masks } = gridOf(picture);
  const other = fill === "mean" ? picture.filled("mean") : picture.blurred(2);
  const windows = WindowedNetwork.of({ network, picture, masks, other }, EVERYWHERE);
  const found = windows?.outputs();
  if (!windows || !found) return undefined;
  const [rows, columns] = [masks.down[0]!.shape[0]!, masks.across[0]!.shape[0]!];
  const [down, across] = [masks.down, masks.across].map((tables) => tables.map((table) => table.numbers())) as [
    Float64Array[],
    Float64Array[],
  ];
  const scale = masks.scale?.numbers();
  const { height, width } = picture;
  const whole = Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const mask = Float32Array.from({ length: height * width }, (__, pixel) => {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      const products = down.map((table, t) => table[row * height + y]! * across[t]![column * width + x]!);
      return products.reduce((all, product) => all + product) * (scale?.[i] ?? 1);
    });
    const masked = picture.mixed(other, b.tensor("float32", [1, height, width], mask));
    return picture.changes.outputs(masked, 1);
  });
  const made = await evaluate(
    inputs,
    { windows: b.concat(found, 0), whole: b.concat(whole, 0), before: network.commanded },
    feeds,
  );
  return { ...made, layers: windows.layers, places: rows * columns } as {
    windows: Float64Array;
    whole: Float64Array;
    before: Float64Array;
    layers: number;
    places: number;
  };
}

/** Both are the same, and most places change the outputs. */
function expectSame(found: Awaited<ReturnType<typeof outputs>>): void {
  if (!found) throw new Error("windows were not followed");
  const { windows, whole, before, places } = found;
  expect(windows.length).toBe(places * before.length);
  expect(relativeError(windows, whole)).toBeLessThan(1e-5);
  const changed = Array.from({ length: places }, (_, i) =>
    before.some((value, j) => Math.abs(value - whole[i * before.length + j]!) > 1e-5),
  );
  expect(changed.filter(Boolean).length).toBeGreaterThanOrEqual(places / 2);
}

function imageOnly(of: (x: Value) => Value): Given {
  const x = image("image", [1, CHANNELS, HEIGHT, WIDTH]);
  const feeds = { image: float32(randoms(sizeOf(x.shape), 3, 0, 1), x.shape) };
  return { subject: subjectOf([x], of(x)), feeds };
}

describe("outputs by windows are those of whole pictures", () => {
  it.each(Object.keys(NETWORKS))("of a network %s", async (name) => {
    const [of, layers] = NETWORKS[name]!;
    const given = imageOnly(of);
    const spots = await outputs(given, (picture) => spotGrid(picture, 7, 1));
    expectSame(spots);
    expect(spots!.layers).toBe(layers);
    expectSame(await outputs(given, (picture) => patchGrid(picture, 6, 8), "mean"));
  });

  it.each([
    [1, 20, 1],
    [4, 9, 2],
    [13, 5, 1],
    [38, 12, 1.5],
  ])("at every %i-th pixel, with squares of %i and spots of radius %d", async (stride, size, radius) => {
    const given = imageOnly(NETWORKS["with padding"]![0]);
    expectSame(await outputs(given, (picture) => patchGrid(picture, Math.max(stride, 4), size), "mean"));
    expectSame(await outputs(given, (picture) => spotGrid(picture, Math.max(stride, 4), radius)));
  });

  it("of bytes in rows of pixels, with a configuration", async () => {
    const x = b.input("image", "uint8", [1, HEIGHT, WIDTH, CHANNELS]);
    const q = configuration(4);
    const floats = b.transpose(b.mul(b.cast(x, "float32"), 1 / 255), [0, 3, 1, 2]);
    const maps = b.relu(convolution(b.relu(convolution(floats, 4, 5, 1, { strides: [2, 2] })), 4, 3, 2));
    const output = dense(b.concat([flat(maps), q], 1), 3, 3);
    const picture = { ...modalityOf(x), layout: "NHWC", range: [0, 255] };
    const subject = subjectOf([x, q], output, [picture, modalityOf(q)] as never);
    const data = Uint8Array.from(randoms(sizeOf(x.shape), 3, 0, 255));
    const feeds = {
      image: { dtype: "uint8", shape: x.shape, data },
      configuration: float32(randoms(4, 4), [1, 4]),
    } as const;
    expectSame(await outputs({ subject, feeds }, (of) => spotGrid(of, 7, 1)));
  });

  it("of an image without a batch axis", async () => {
    const x = b.input("image", "float32", [CHANNELS, HEIGHT, WIDTH]);
    const output = NETWORKS["with strides"]![0](b.reshape(x, [1, CHANNELS, HEIGHT, WIDTH]));
    const picture = { ...modalityOf(image()), name: "image" };
    const feeds = { image: float32(randoms(sizeOf(x.shape), 3, 0, 1), x.shape) };
    expectSame(await outputs({ subject: subjectOf([x], output, [picture]), feeds }, (of) => spotGrid(of, 7, 1)));
  });

  it.each(["red-fetch-green", "reacher", "peg"])("of the shipped policy %s", async (name) => {
    const subject = policySubject(await loadPolicy(shippedPolicy(name)));
    const next = uniform(6);
    const feeds = Object.fromEntries(
      [...subject.graph.inputs].map(([key, { dtype, shape }]) => {
        const numbers = Array.from({ length: sizeOf(shape) }, next);
        const data = dtype === "uint8" ? Uint8Array.from(numbers, (x) => 255 * x) : Float32Array.from(numbers);
        return [key, { dtype, shape, data }];
      }),
    );
    expectSame(await outputs({ subject, feeds }, (picture) => spotGrid(picture, 15, 2)));
  });
});

describe("windows are not followed", () => {
  const notFollowed: Readonly<Record<string, (x: Value) => Value>> = {
    "where pixels are not scaled and shifted alone": (x) => head(convolution(b.sigmoid(x), 4, 5, 1)),
    "where no convolution reads the image": (x) => dense(flat(x), 3, 1),
    "where the image is read a second time later on": (x) => {
      const first = convolution(x, 3, 3, 1, { pads: [1, 1, 1, 1] });
      return head(b.concat([first, x], 1));
    },
    "where a step skips pixels before the first layer": (x) => head(convolution(b.slice(x, 2, 0, 45, 2), 4, 5, 1)),
    "where the image is normalised as a whole": (x) =>
      head(convolution(apply("InstanceNormalization", [x, weights([3], 1), weights([3], 2)]), 4, 5, 1)),
  };
  it.each(Object.keys(notFollowed))("%s: the map is that of whole pictures", async (name) => {
    const given = imageOnly(notFollowed[name]!);
    expect(await outputs(given, (picture) => spotGrid(picture, 9, 1))).toBeUndefined();
    const [auto] = await explain(given.subject, given.feeds, {
      method: "perturbation:radius=1,stride=9,evaluate=windows",
    });
    const [whole] = await explain(given.subject, given.feeds, {
      method: "perturbation:radius=1,stride=9,evaluate=whole",
    });
    expect(auto).toEqual(whole);
    expect(whole!["torquelens.heatmap.image"]!.some((value) => value > 0)).toBe(true);
  });
});

describe("maps by windows are those of whole pictures", () => {
  it.each([
    ["perturbation:radius=1.5,stride=5,blur=2,distance=absolute", undefined],
    ["perturbation:radius=1.5,stride=5,blur=2", "logits"],
    ["sarfa:radius=1.5,stride=5,blur=2", "logits"],
    ["occlusion:size=6,stride=5,fill=black", undefined],
    ["occlusion:size=6,stride=5", "logits"],
  ] as const)("%s of %s", async (method, distribution) => {
    const { subject, feeds } = imageOnly(NETWORKS["with padding"]![0]);
    const of = { ...subject, ...(distribution && { distribution }) };
    const [windows, whole, auto] = await Promise.all(
      ["windows", "whole", "auto"].map(async (how) => {
        const [out] = await explain(of, feeds, { method: `${method},evaluate=${how}`, depth: "per-torque" });
        return out!["torquelens.torque_heatmap.image"]!;
      }),
    );
    for (const map of [windows!, auto!]) expect(relativeError(map, whole!)).toBeLessThan(1e-3);
  });
});

describe("outputs of PyTorch", () => {
  /** Written by test/reference/perturbation_windows.py. */
  const reference = JSON.parse(
    readFileSync(new URL("../../data/reference/perturbation-windows.json", import.meta.url), "utf8"),
  ) as Readonly<Record<"height" | "width" | "channels" | "radius" | "stride" | "blur" | "largest", number>> & {
    readonly parameters: Readonly<Record<string, number[]>>;
    readonly image: number[];
    readonly changes: number[];
  };

  it("under every spot, of strides, padding, groups, a residual connection, dilation and pools", async () => {
    const { height, width, channels, radius, stride, blur, parameters, largest, changes } = reference;
    const of = (name: string, shape: number[]) => b.tensor("float32", shape, parameters[name]!);
    const x = image("image", [1, channels, height, width]);
    const layer = (from: Value, name: string, shape: number[], geometry: object) =>
      apply("Conv", [from, of(`${name}.weight`, shape), of(`${name}.bias`, [shape[0]!])], geometry as never);
    const first = b.relu(layer(x, "first", [4, 3, 5, 5], { strides: [2, 2], pads: [2, 1, 2, 1] }));
    const grouped = b.relu(b.add(layer(first, "grouped", [4, 2, 3, 3], { pads: [1, 1, 1, 1], group: 2 }), first));
    const dilated = b.relu(layer(grouped, "dilated", [5, 4, 3, 3], { dilations: [2, 2] }));
    const pooled = maxPool(dilated, 3, { strides: [2, 2], pads: [1, 1, 1, 1] });
    const smooth = averagePool(pooled, 3, { pads: [1, 1, 1, 1] });
    const outputsOf = apply(
      "Gemm",
      [flat(smooth), of("dense.weight", [3, sizeOf(smooth.shape)]), of("dense.bias", [3])],
      {
        transB: 1,
      },
    );
    const network = new ExplainedNetwork(subjectOf([x], outputsOf), b.zeros([1]), "heatmap");
    const picture = new Picture(network, modalityOf(x) as SubjectImage);
    const { masks } = spotGrid(picture, stride, radius);
    const windows = WindowedNetwork.of({ network, picture, masks, other: picture.blurred(blur) }, EVERYWHERE)!;
    expect(windows.layers).toBe(10);
    const found = b.concat(windows.outputs()!, 0);
    const feeds = { image: float32(reference.image, x.shape) };
    const { change } = await evaluate([x], { change: b.sub(found, outputsOf) }, feeds);
    const difference = change!.map((value, i) => Math.abs(value - changes[i]!));
    expect(change!.length).toBe(changes.length);
    expect(Math.max(...difference)).toBeLessThan(1e-5 * largest);
    expect(Math.max(...changes)).toBeGreaterThan(1e-2 * largest);
  });
});
