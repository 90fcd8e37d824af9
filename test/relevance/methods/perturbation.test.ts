import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { methodNamed } from "#src/relevance/methods.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { plainSession } from "../../plain-session.js";
import { slowUniforms } from "../slow-noise.js";
import { type Plane, slowGaussian, slowInterpolated, slowSarfa, slowSoftmax, slowSpot } from "../slow-perturbation.js";
import { configuration, dense, explain, image, modalityOf, subjectOf, total, weights } from "../subjects.js";

const HEATMAP = "torquelens.heatmap.image";
const EACH = "torquelens.torque_heatmap.image";
const RELEVANCE = "torquelens.torque_relevance.configuration";
const SHARES = "torquelens.shares";

const SIZE = { height: 13, width: 11 };
const PIXELS = SIZE.height * SIZE.width;
const CHANNELS = 2;
const OUTPUTS = 3;

/** A small network of an image and four numbers; its outputs are not scaled, so that some are below zero. */
function network(kind: "channels first" | "channels last" | "bytes", changes: Partial<Subject> = {}) {
  const isLast = kind !== "channels first";
  const shape = isLast ? [1, SIZE.height, SIZE.width, CHANNELS] : [1, CHANNELS, SIZE.height, SIZE.width];
  const x = kind === "bytes" ? b.input("image", "uint8", shape) : image("image", shape);
  const q = configuration(4);
  const floats = kind === "bytes" ? b.mul(b.cast(x, "float32"), 1 / 255) : x;
  const first = isLast ? b.transpose(floats, [0, 3, 1, 2]) : floats;
  const maps = b.relu(b.conv(first, weights([4, CHANNELS, 3, 3], 1), { strides: [2, 2] }, weights([4], 7)));
  // Channels as rows, as a spatial softmax has them.
  const points = b.matmul(b.softmax(b.reshape(maps, [4, 30])), weights([30, 2], 3));
  const features = b.concat([b.reshape(points, [1, 8]), q], 1);
  const output = dense(b.relu(dense(features, 6, 4)), OUTPUTS, 5);
  const range = kind === "bytes" ? ([0, 255] as const) : ([0, 1] as const);
  const picture = { ...modalityOf(x), range, layout: isLast ? "NHWC" : "NCHW" };
  const reference = { kind: "home", values: [0.1, -0.2, 0.3, 0.4] };
  const state = { ...modalityOf(q), reference };
  const subject = subjectOf([x, q], output, [picture, state] as never, changes);
  const numbers = randoms(PIXELS * CHANNELS, 11, 0, 1);
  const pixels = kind === "bytes" ? Uint8Array.from(numbers, (value) => Math.round(255 * value)) : numbers;
  const feeds = {
    image: { dtype: x.dtype, shape, data: pixels },
    configuration: float32(randoms(4, 12, -1, 1), [1, 4]),
  } as never as Record<string, { data: ArrayLike<number> }>;
  return { subject, feeds, floats: Float64Array.from(pixels), isLast, q, x, output };
}
type Net = ReturnType<typeof network>;

/** The network alone, for an image of any numbers and for any configuration. */
async function forward({ subject, x, q, output }: Net) {
  const picture = b.input("picture", "float32", x.shape);
  const { substitute } = await import("#src/graph/substitute.js");
  const [y] = substitute([output], new Map([[x, picture]]));
  const bytes = writeModel({
    ...subject.graph,
    inputs: new Map([
      ["picture", picture],
      ["configuration", q],
    ]),
    outputs: new Map([["y", y as Value]]),
  });
  const session = await plainSession(bytes);
  return async (pixels: ArrayLike<number>, state: ArrayLike<number>) =>
    Array.from(
      (
        await session.run({
          picture: float32(Float32Array.from(pixels), x.shape),
          configuration: float32(Float32Array.from(state), [1, 4]),
        })
      ).y!.data as Float32Array,
    );
}

/** One plane for each channel, and the image of such planes. */
const planesOf = ({ floats, isLast }: Net) =>
  Array.from({ length: CHANNELS }, (_, c) =>
    Float64Array.from({ length: PIXELS }, (_, i) => floats[isLast ? CHANNELS * i + c : c * PIXELS + i]!),
  );
const imageOf = (planes: readonly ArrayLike<number>[], isLast: boolean) =>
  Float64Array.from({ length: PIXELS * CHANNELS }, (_, i) =>
    isLast ? planes[i % CHANNELS]![Math.floor(i / CHANNELS)]! : planes[Math.floor(i / PIXELS)]![i % PIXELS]!,
  );

/** Outputs with `other` planes under a mask. */
async function under(net: Net, mask: ArrayLike<number>, other: (plane: Float64Array) => ArrayLike<number>) {
  const run = await forward(net);
  const mixed = planesOf(net).map((plane) => {
    const instead = other(plane);
    return plane.map((value, i) => value * (1 - mask[i]!) + instead[i]! * mask[i]!);
  });
  return run(imageOf(mixed, net.isLast), net.feeds.configuration!.data);
}
const own = async (net: Net) => (await forward(net))(net.floats, net.feeds.configuration!.data);
const meanColour = (plane: Float64Array) => plane.map(() => total(plane) / plane.length);

type SlowScore = (before: number[], after: number[], j: number) => number;
const SCORES: Record<string, SlowScore> = {
  square: (before, after, j) => 0.5 * (before[j]! - after[j]!) ** 2,
  absolute: (before, after, j) => Math.abs(before[j]! - after[j]!),
  // Of the choice as a whole, whichever action is asked about.
  kl: (before, after) => {
    const changed = slowSoftmax(after);
    return total(slowSoftmax(before).map((p, a) => p * Math.log(p / changed[a]!)));
  },
  sarfa: slowSarfa,
  fall: (before, after, j) => Math.sign(before[j]!) * (before[j]! - after[j]!),
};

/** Maps of each output by blurred spots, one forward pass a spot. */
async function slowSpots(
  net: Net,
  score: SlowScore,
  { radius, stride, blur }: { radius: number; stride: number; blur: number },
) {
  const before = await own(net);
  const rows = Math.ceil(SIZE.height / stride);
  const columns = Math.ceil(SIZE.width / stride);
  const after: number[][] = [];
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const mask = slowSpot(SIZE, i * stride, j * stride, radius);
      after.push(await under(net, mask, (plane) => slowGaussian(plane, SIZE, blur)));
    }
  return before.map((_, k) => slowInterpolated((i, j) => score(before, after[i * columns + j]!, k), SIZE, stride));
}

const flat = (maps: readonly ArrayLike<number>[]) => maps.flatMap((map) => Array.from(map));
const run = async (
  net: Net,
  method: string,
  depth: "full" | "per-torque" | "heatmap" | "shares" = "per-torque",
  alpha?: number[],
) => (await explain(net.subject, net.feeds as never, { method, depth, ...(alpha && { importances: [alpha] }) }))[0]!;

describe("perturbation", () => {
  it.each([
    ["channels first", "perturbation:radius=2,stride=3,blur=1.5", "square", undefined],
    ["channels last", "perturbation:radius=2,stride=3,blur=1.5,distance=absolute", "absolute", undefined],
    ["bytes", "perturbation:radius=1,stride=4", "square", undefined],
    ["channels last", "perturbation:radius=3,stride=2,blur=1", "kl", "logits"],
    ["bytes", "sarfa:radius=2,stride=3", "sarfa", "logits"],
  ] as const)("of %s by %s is one forward pass a spot", async (kind, method, score, distribution) => {
    const net = network(kind, distribution ? { distribution } : {});
    const {
      radius = 5,
      stride = 5,
      blur = 3,
    } = Object.fromEntries(
      method
        .split(":")[1]!
        .split(",")
        .map((pair) => pair.split("="))
        .map(([key, value]) => [key, Number(value)]),
    ) as Record<string, number>;
    const expected = await slowSpots(net, SCORES[score]!, { radius, stride, blur });
    const alpha = [0.5, 1, 2];
    const out = await run(net, method, "per-torque", alpha);
    expect(relativeError(out[EACH]!, flat(expected))).toBeLessThan(2e-3);
    const sum = expected[0]!.map((_, i) => total(expected.map((map, j) => alpha[j]! * map[i]!)));
    expect(relativeError(out[HEATMAP]!, sum)).toBeLessThan(2e-3);
  });

  it("of probabilities is that of their logits, and the divergence of any action is that of all", async () => {
    const logits = network("channels first", { distribution: "logits" });
    const output = b.softmax(logits.output);
    const asked = {
      ...subjectOf([logits.x, logits.q], output, logits.subject.modalities),
      distribution: "probabilities",
    } as const;
    const method = "perturbation:radius=2,stride=3";
    const one = await run(logits, method);
    const two = await run({ ...logits, subject: asked, output }, method);
    expect(relativeError(two[EACH]!, one[EACH]!)).toBeLessThan(1e-3);
    for (const alpha of [
      [1, 0, 0],
      [0, 0, 1],
    ]) {
      const map = (await run({ ...logits, subject: asked, output }, method, "heatmap", alpha))[HEATMAP]!;
      for (const value of map) expect(value).toBeGreaterThan(-1e-6);
      expect(Math.max(...map)).toBeGreaterThan(1e-4);
      expect(relativeError(map, two[EACH]!.slice(0, PIXELS))).toBeLessThan(1e-3);
    }
    const sarfa = await run({ ...logits, subject: asked, output }, "sarfa:radius=2,stride=3");
    expect(relativeError(sarfa[EACH]!, (await run(logits, "sarfa:radius=2,stride=3"))[EACH]!)).toBeLessThan(1e-3);
  });

  it("scores SARFA as the paper's formula does", async () => {
    expect(slowSarfa([2, 1, 0, -1], [1, 1.3, 0.1, -1.2], 0)).toBeCloseTo(0.45465, 5);
  });
});

describe("occlusion", () => {
  it.each([
    ["channels first", "occlusion:size=4,stride=3", 4, 3],
    ["bytes", "occlusion:size=5,stride=5", 5, 5],
    ["channels last", "occlusion:size=3,stride=1", 3, 1],
  ] as const)("of %s by %s is the mean fall of the squares that cover a pixel", async (kind, method, size, stride) => {
    const net = network(kind);
    const before = await own(net);
    const sums = before.map(() => new Float64Array(PIXELS));
    const counts = new Float64Array(PIXELS);
    for (let y = 0; y < SIZE.height - size + stride; y += stride)
      for (let x = 0; x < SIZE.width - size + stride; x += stride) {
        const mask = Float64Array.from({ length: PIXELS }, (_, i) => {
          const [row, column] = [Math.floor(i / SIZE.width), i % SIZE.width];
          return Number(row >= y && row < y + size && column >= x && column < x + size);
        });
        const after = await under(net, mask, meanColour);
        for (const [i, covered] of mask.entries()) {
          counts[i]! += covered;
          for (const j of before.keys()) sums[j]![i]! += covered * SCORES.fall!(before, after, j);
        }
      }
    const expected = flat(sums.map((sum) => sum.map((value, i) => value / counts[i]!)));
    expect(relativeError((await run(net, method))[EACH]!, expected)).toBeLessThan(1e-3);
  });
});

describe("rise", () => {
  /** Masks by their definition, from 32-bit integers. */
  function slowMask({ height, width }: Plane, cells: number, keep: number, seed: number, number: number) {
    const random = slowUniforms(cells * cells + 2, seed, 0, number);
    const grid = Array.from(random.slice(0, cells * cells), (u) => Number(u < keep));
    const along = (extent: number, u: number) => {
      const cell = Math.ceil(extent / cells);
      const shift = Math.floor(u * cell);
      return Array.from({ length: extent }, (_, y) => {
        const at = ((y + shift + 0.5) * cells) / ((cells + 1) * cell) - 0.5;
        return Math.min(Math.max(at, 0), cells - 1);
      });
    };
    const [down, across] = [along(height, random[cells * cells]!), along(width, random[cells * cells + 1]!)];
    const cellAt = (r: number, c: number) => grid[Math.min(r, cells - 1) * cells + Math.min(c, cells - 1)]!;
    return Float64Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [down[Math.floor(i / width)]!, across[i % width]!];
      const [r, c] = [Math.floor(y), Math.floor(x)];
      const upper = cellAt(r, c) * (1 - (x - c)) + cellAt(r, c + 1) * (x - c);
      const lower = cellAt(r + 1, c) * (1 - (x - c)) + cellAt(r + 1, c + 1) * (x - c);
      return upper * (1 - (y - r)) + lower * (y - r);
    });
  }

  it.each([
    ["channels first", "rise:n=37,cells=3,keep=0.6,seed=5", [37, 3, 0.6, 5], undefined],
    ["bytes", "rise:n=20,cells=4", [20, 4, 0.5, 0], "logits"],
  ] as const)(
    "of %s by %s is the weighted mean of its masks",
    async (kind, method, [n, cells, keep, seed], distribution) => {
      const net = network(kind, distribution ? { distribution } : {});
      const before = await own(net);
      const sums = before.map(() => new Float64Array(PIXELS));
      for (let k = 0; k < n; k++) {
        const mask = slowMask(SIZE, cells, keep, seed, k);
        const after = await under(
          net,
          mask.map((value) => 1 - value),
          meanColour,
        );
        const scores = distribution ? slowSoftmax(after) : after.map((y, j) => Math.sign(before[j]!) * y);
        for (const [j, score] of scores.entries())
          mask.forEach((kept, i) => {
            sums[j]![i]! += (score * kept) / (n * keep);
          });
      }
      expect(relativeError((await run(net, method))[EACH]!, flat(sums))).toBeLessThan(1e-3);
    },
  );

  it("gives the same map for batches of any size, and other maps with another seed", async () => {
    const net = network("channels first");
    const [once, other] = [await run(net, "rise:n=30"), await run(net, "rise:n=30,seed=1")];
    expect(await run(net, "rise:n=30")).toEqual(once);
    expect(relativeError(other[HEATMAP]!, once[HEATMAP]!)).toBeGreaterThan(1e-3);
  });
});

describe("configuration and shares", () => {
  const left = [0.1, -0.2, 0.3, 0.4];

  it.each([
    ["perturbation", "square", undefined],
    ["perturbation:distance=absolute", "absolute", undefined],
    ["occlusion", "fall", undefined],
    ["rise:n=3", "fall", undefined],
    ["sarfa", "sarfa", "logits"],
    ["perturbation", "kl", "logits"],
  ] as const)("by %s leave elements and modalities out, at every depth", async (method, score, distribution) => {
    const net = network("channels first", distribution ? { distribution } : {});
    const forwards = await forward(net);
    const before = await own(net);
    const state = Array.from(net.feeds.configuration!.data);
    const rows = before.map(() => [] as number[]);
    for (const e of state.keys()) {
      const after = await forwards(
        net.floats,
        state.map((value, i) => (i === e ? left[i]! : value)),
      );
      for (const [j, row] of rows.entries()) row.push(SCORES[score]!(before, after, j));
    }
    const without = [await under(net, new Float64Array(PIXELS).fill(1), meanColour), await forwards(net.floats, left)];
    const change = (after: number[], j: number) =>
      distribution ? Math.abs(slowSoftmax(before)[j]! - slowSoftmax(after)[j]!) : Math.abs(before[j]! - after[j]!);
    const alpha = [0.5, 1, 2];
    const totals = without.map((after) => total(before.map((_, j) => alpha[j]! * change(after, j))));
    for (const depth of ["full", "per-torque", "heatmap", "shares"] as const) {
      const out = await run(net, method, depth, alpha);
      expect(relativeError(out[RELEVANCE]!, flat(rows))).toBeLessThan(2e-3);
      expect(
        relativeError(
          out[SHARES]!,
          totals.map((part) => part / total(totals)),
        ),
      ).toBeLessThan(1e-4);
    }
  });

  it("leave a window in time out as a whole", async () => {
    const q = configuration(4);
    const x = image("image", [1, 1, 8, 8]);
    const output = dense(b.concat([b.reshape(x, [1, 64]), q], 1), 2, 3);
    const window = { ...modalityOf(q), size: 2, start: 2, earlier: [0], reference: { kind: "zero", values: [0, 0] } };
    const subject = subjectOf([x, q], output, [modalityOf(x), window] as never);
    const feeds = {
      image: float32(new Float32Array(64).fill(0.5), x.shape),
      configuration: float32([1, 2, 3, 4], [1, 4]),
    };
    const [out] = await explain(subject, feeds, { method: "occlusion" });
    // An image of one colour is its own mean.
    expect(Array.from(out![SHARES]!)).toEqual([0, 1]);
  });

  it("are those of a network whose inputs and outputs have no batch axis", async () => {
    const net = network("channels first");
    const x = b.input("image", "float32", [CHANNELS, SIZE.height, SIZE.width]);
    const q = b.input("configuration", "float32", [4]);
    const { substitute } = await import("#src/graph/substitute.js");
    const [y] = substitute(
      [net.output],
      new Map([
        [net.x, b.reshape(x, net.x.shape)],
        [net.q, b.reshape(q, [1, 4])],
      ]),
    );
    const output = apply("Squeeze", [y!, b.int64([0])]);
    const modalities = [{ ...modalityOf(net.x) }, net.subject.modalities[1]!];
    const subject = subjectOf([x, q], output, modalities as never);
    for (const method of ["perturbation:radius=2,stride=3", "occlusion:size=4", "rise:n=9"]) {
      const expected = await run(net, method);
      const [out] = await explain(
        subject,
        {
          image: { ...net.feeds.image, shape: x.shape },
          configuration: { ...net.feeds.configuration, shape: [4] },
        } as never,
        { method, depth: "per-torque" },
      );
      for (const key of [EACH, RELEVANCE, SHARES])
        expect(relativeError(out![key]!, expected[key]!), key).toBeLessThan(1e-4);
    }
  });
});

describe("refusals in one line", () => {
  const { subject } = network("channels first");
  const state = subjectOf([configuration(4)], dense(configuration(4), 2, 2));
  const refused = (of: Subject, method: string) => () => compile(of, { method });

  it.each([
    [
      "perturbation:radius=12",
      "method perturbation: radius 12 does not fit image image of 11 × 13 pixels, expected at most 11",
    ],
    [
      "perturbation:stride=12",
      "method perturbation: stride 12 does not fit image image of 11 × 13 pixels, expected at most 11",
    ],
    ["perturbation:blur=40", "method perturbation: blur 40 does not fit"],
    [
      "perturbation:distance=kl",
      "method perturbation: distance kl compares probabilities of actions, and this policy's outputs are no actions",
    ],
    ["sarfa", "method sarfa: it explains the choice of an action, and this policy's outputs are no actions"],
    ["occlusion:size=12", "method occlusion: size 12 does not fit"],
    ["rise:cells=12", "method rise: number of cells 12 does not fit"],
  ])("%s", (method, message) => {
    expect(refused(subject, method)).toThrow(message);
    for (const depth of ["shares", "full"] as const) expect(() => compile(subject, { method, depth })).toThrow(message);
  });

  it("of options, and of a policy without an image", () => {
    expect(() => methodNamed("perturbation:radius=0")).toThrow(
      'method perturbation: option radius: found "0", expected a number above 0 and at most 4096',
    );
    expect(() => methodNamed("perturbation:stride=0")).toThrow('method perturbation: option stride: found "0"');
    expect(refused(subject, "occlusion:size=2,stride=3")).toThrow("expected a stride of at most 2");
    for (const method of ["perturbation", "occlusion", "rise"])
      expect(refused(state, method)).toThrow(
        new RegExp(`^method ${method}: the policy has no image; methods that work here`),
      );
    const large = image("image", [1, 1, 200, 200]);
    const pooled = b.reshape(apply("GlobalAveragePool", [large]), [1, 1]);
    expect(refused(subjectOf([large], pooled), "perturbation:stride=1")).toThrow(
      "method perturbation: stride 1 makes 40000 changed images of image, 200 × 200 pixels; the limit is 20000, expected a stride of at least 2",
    );
  });
});
