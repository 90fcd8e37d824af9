import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Depth } from "#src/relevance/contract/depth.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { float32, type TensorData } from "#src/runtime/session.js";
import { relativeError, uniform } from "../../evaluate.js";
import { plainSession } from "../../plain-session.js";
import { configuration, dense, subjectOf, total, weights } from "../subjects.js";

type Layer =
  | { readonly kernel: number; readonly channels: number; readonly stride?: number; readonly pads?: number }
  | { readonly pool: number };

const JOINTS = 3;

interface Network {
  readonly layers: readonly Layer[];
  readonly size?: readonly [number, number];
  readonly layout?: "NHWC" | "NCHW";
  /** Factor on the logits of the soft-argmax: large ones make its maps narrow. */
  readonly sharpness?: number;
  /** What else the torques know of the image: the mean of each channel of the map, or of the first layer. */
  readonly beside?: "map" | "first layer";
}

/** Convolutions, pools, a spatial soft-argmax, joined with a configuration, two dense layers. */
function networkOf({ layers, size = [96, 80], layout = "NCHW", sharpness = 60, beside }: Network): Subject {
  const [height, width] = size;
  const picture = b.input("image", "float32", layout === "NHWC" ? [1, height, width, 3] : [1, 3, height, width]);
  const own = configuration();
  let x: Value = layout === "NHWC" ? b.transpose(picture, [0, 3, 1, 2]) : picture;
  let first: Value | undefined;
  layers.forEach((layer, i) => {
    if ("pool" in layer) {
      const shape = [layer.pool, layer.pool];
      x = apply("MaxPool", [x], { kernel_shape: shape, strides: shape });
      return;
    }
    const { kernel, channels, stride = 1, pads = 0 } = layer;
    const w = weights([channels, x.shape[1]!, kernel, kernel], 10 + i);
    const bias = weights([channels], 20 + i, -0.1, 0.1);
    x = b.conv(x, w, { strides: [stride, stride], pads: [pads, pads, pads, pads] }, bias);
    if (i < layers.length - 1) x = b.relu(x);
    first ??= x;
  });
  const [, channels, h, w] = x.shape as [number, number, number, number];
  const maps = b.softmax(b.mul(b.reshape(x, [channels, h * w]), sharpness));
  const grid = Array.from({ length: h * w }, (_, i) => [((i % w) + 1) / w, (Math.floor(i / w) + 1) / h]);
  const points = b.reshape(b.matmul(maps, b.tensor("float32", [h * w, 2], grid.flat())), [1, 2 * channels]);
  const other = beside === "map" ? x : first!;
  const means = b.mean(other, [2, 3], false);
  const features = [points, own, ...(beside ? [beside === "map" ? b.mul(means, 1e-4) : means] : [])];
  const torque = dense(b.relu(dense(b.concat(features, 1), 16, 31)), JOINTS, 32);
  const subject = subjectOf([picture, own], torque);
  const modalities = subject.modalities.map((m) => (m.kind === "image" ? { ...m, layout } : m));
  return { ...subject, modalities };
}

/** A dark picture with some bright spots, the first at the lower right corner. */
function feedsOf(subject: Subject, seed: number): Record<string, TensorData> {
  const random = uniform(seed);
  const { shape } = subject.graph.inputs.get("image")!;
  const isNhwc = shape[3] === 3;
  const [height, width] = isNhwc ? [shape[1]!, shape[2]!] : [shape[2]!, shape[3]!];
  const picture = new Float32Array(3 * height * width);
  for (let spot = 0; spot < 2; spot++) {
    const [top, left] = [height, width].map((d) => (spot === 0 ? d - 9 : Math.floor(random() * (d - 8))));
    for (let y = top!; y < top! + 8; y++)
      for (let x = left!; x < left! + 8; x++)
        for (let c = 0; c < 3; c++) picture[isNhwc ? (y * width + x) * 3 + c : (c * height + y) * width + x] = random();
  }
  return {
    image: float32(picture, shape),
    configuration: float32(
      Float32Array.from({ length: 4 }, () => random() - 0.5),
      [1, 4],
    ),
    "torquelens.importance": float32(Float32Array.of(0.2, 0.5, 0.3), [JOINTS]),
  };
}

interface Options {
  readonly method?: string;
  readonly depth?: Depth;
  readonly omit?: number;
}

async function run(subject: Subject, options: Options, all: readonly Record<string, TensorData>[]) {
  const session = await plainSession(compile(subject, options).bytes);
  const found: Record<string, Float32Array>[] = [];
  for (const feeds of all) {
    const outputs = await session.run(feeds);
    found.push(Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array])));
  }
  await session.release();
  return found;
}

const NETWORKS: Readonly<Record<string, Network>> = {
  "convolutions without padding, the first in steps": {
    layers: [
      { kernel: 7, channels: 8, stride: 2 },
      { kernel: 5, channels: 8 },
      { kernel: 3, channels: 4 },
    ],
    size: [120, 96],
  },
  "padded convolutions, the image's channels last": {
    layers: [
      { kernel: 5, channels: 6, pads: 2 },
      { kernel: 3, channels: 6, pads: 1 },
      { kernel: 5, channels: 4, pads: 2 },
    ],
    layout: "NHWC",
  },
  "a pool, steps with padding, extents that leave a rest": {
    layers: [
      { kernel: 3, channels: 6, pads: 1 },
      { pool: 2 },
      { kernel: 3, channels: 6, stride: 2, pads: 1 },
      { kernel: 3, channels: 4, pads: 1 },
    ],
    size: [190, 155],
  },
};

const SEEDS = [1, 2, 3, 4];
/** Methods of signed relevance, and the sharpness at which their relevance is somewhere and not everywhere. */
const SIGNED = { "lrp-gamma": 60, "gradient-x-input": 8 } as const;

describe.each(Object.entries(NETWORKS))("tiles of the map of %s", (_, network) => {
  const subject = networkOf(network);
  const feeds = SEEDS.map((seed) => feedsOf(subject, seed));
  const torques = (all: Record<string, Float32Array>) =>
    Array.from(all.torque!).reduce((total, tau, j) => total + [0.2, 0.5, 0.3][j]! * Math.abs(tau), 0);

  it.each(["heatmap", "full"] as const)("leave out what they say, and nothing else, at depth %s", async (depth) => {
    const whole = await run(subject, { depth, omit: 0 }, feeds);
    const tiled = await run(subject, { depth, omit: 0.02 }, feeds);
    const used = tiled.filter((found) => found["torquelens.omitted"]![0]! > 0);
    expect(used.length).toBeGreaterThan(0);
    tiled.forEach((found, k) => {
      const name = depth === "full" ? "torquelens.relevance.image" : "torquelens.heatmap.image";
      const [exact, near] = [whole[k]![name]!, found[name]!];
      const all = torques(found);
      const omitted = found["torquelens.omitted"]![0]!;
      const missing = Array.from(exact, (value, i) => value - near[i]!);
      expect(Math.min(...missing)).toBeGreaterThan(-1e-5 * all);
      expect(total(missing) / all).toBeCloseTo(omitted, 4);
      expect(omitted).toBeLessThanOrEqual(0.02);
      expect(found["torquelens.residual"]![0]).toBeLessThan(1e-4);
      expect(found.torque).toEqual(whole[k]!.torque);
      expect(found["torquelens.torque_shares"]).toEqual(whole[k]!["torquelens.torque_shares"]);
    });
  });

  it("come near the map of every torque", async () => {
    const options = { method: "dtd", depth: "per-torque" } as const;
    const whole = await run(subject, { ...options, omit: 0 }, feeds);
    const tiled = await run(subject, { ...options, omit: 1e-3 }, feeds);
    expect(tiled.some((found) => found["torquelens.omitted"]![0]! > 0)).toBe(true);
    tiled.forEach((found, k) => {
      const [exact, near] = [whole[k]!, found].map((all) => all["torquelens.torque_heatmap.image"]!);
      const size = exact!.length / JOINTS;
      for (let j = 0; j < JOINTS; j++) {
        const own = (map: Float32Array) => map.subarray(j * size, (j + 1) * size);
        const total = own(exact!).reduce((all, x) => all + x, 0);
        const off = own(exact!).reduce((all, x, i) => all + Math.abs(x - own(near!)[i]!), 0);
        // Each torque's part of what is left out is at most that of all together.
        expect(off).toBeLessThanOrEqual(JOINTS * 1.01e-3 * total);
      }
    });
  });

  it.each(Object.entries(SIGNED))("come near the map by %s", async (method, sharpness) => {
    const subject = networkOf({ ...network, sharpness });
    const options = { method, depth: "heatmap" } as const;
    const whole = await run(subject, { ...options, omit: 0 }, feeds);
    const tiled = await run(subject, { ...options, omit: 1e-6 }, feeds);
    tiled.forEach((found, k) => {
      const [exact, near] = [whole[k]!, found].map((all) => all["torquelens.heatmap.image"]!);
      expect(Math.max(...exact!.map(Math.abs))).toBeGreaterThan(0);
      expect(relativeError(near!, exact!)).toBeLessThan(1e-3);
    });
  });
});

describe("a map that something else reads", () => {
  it("is followed with all that arrives there", async () => {
    const subject = networkOf({ ...Object.values(NETWORKS)[1]!, beside: "map" });
    const feeds = [1, 2].map((seed) => feedsOf(subject, seed));
    const whole = await run(subject, { depth: "heatmap", omit: 0 }, feeds);
    const tiled = await run(subject, { depth: "heatmap", omit: 0.02 }, feeds);
    expect(tiled.some((found) => found["torquelens.omitted"]![0]! > 0)).toBe(true);
    tiled.forEach((found, k) => {
      const heatmaps = [found, whole[k]!].map((all) => all["torquelens.heatmap.image"]!);
      expect(relativeError(heatmaps[0]!, heatmaps[1]!)).toBeLessThan(0.02);
      expect(found["torquelens.residual"]![0]).toBeLessThan(1e-4);
    });
  });
});

describe("a map whose relevance is everywhere", () => {
  it("goes the dense way, and says that nothing is left out", async () => {
    const subject = networkOf({ ...Object.values(NETWORKS)[0]!, sharpness: 0.01 });
    const feeds = [feedsOf(subject, 1)];
    const [whole] = await run(subject, { depth: "heatmap", omit: 0 }, feeds);
    const [tiled] = await run(subject, { depth: "heatmap", omit: 1e-3 }, feeds);
    expect(tiled!["torquelens.omitted"]).toEqual(Float32Array.of(0));
    expect(tiled!["torquelens.heatmap.image"]).toEqual(whole!["torquelens.heatmap.image"]);
  });

  it("has no numbers where the picture has none", async () => {
    const subject = networkOf(Object.values(NETWORKS)[0]!);
    const feeds = feedsOf(subject, 1);
    (feeds.image!.data as Float32Array).fill(Number.NaN);
    const [tiled] = await run(subject, { depth: "heatmap", omit: 1e-3 }, [feeds]);
    expect(tiled!["torquelens.heatmap.image"]!.some(Number.isNaN)).toBe(true);
  });
});

describe("relevance is computed as ever", () => {
  const same = (network: Network, options: Options) => {
    const subject = networkOf(network);
    const [asked, dense] = [compile(subject, options), compile(subject, { ...options, omit: 0 })];
    expect(asked.graph.outputs.has("torquelens.omitted")).toBe(false);
    expect(asked.bytes.length).toBe(dense.bytes.length);
  };
  const [first, padded] = Object.values(NETWORKS) as [Network, Network];

  it("in small networks by default", () => same(first, {}));
  it("where the torques also know of the image what is not in the map", () =>
    same({ ...first, beside: "first layer" }, { omit: 1e-3 }));
  it("where the map has hardly more cells than a tile needs", () =>
    same({ ...padded, size: [20, 20] }, { omit: 1e-3 }));
  it("by methods that are not linear", () => same(first, { method: "guided-backprop", omit: 1e-3 }));
  it("at the depth of shares", () => same(first, { depth: "shares", omit: 1e-3 }));
});
