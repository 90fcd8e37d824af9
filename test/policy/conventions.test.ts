import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Explainer } from "#src/explain/explainer.js";
import type { Observation } from "#src/explain/observation.js";
import * as b from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { parseCard } from "#src/policy/card.js";
import { CONVENTIONS, conventionNamed } from "#src/policy/conventions.js";
import { type Policy, policyOf } from "#src/policy/policy.js";
import { underConvention } from "#src/policy/under-convention.js";
import { randoms } from "../evaluate.js";

const SIZE = 6;
const HIDDEN = 5;
/** Joint position and velocity, of two joints. */
const CONFIGURATION = 4;
const POINT = 2;

interface Numbers {
  readonly filter: Float32Array;
  /** Coordinates of each cell, x and y. */
  readonly grid: number[];
  readonly first: number[][];
  readonly firstBias: number[];
  readonly second: number[][];
  readonly secondBias: number[];
}

const rows = (count: number, width: number, seed: number) =>
  Array.from({ length: count }, (_, i) => Array.from(randoms(width, seed + i)));

function numbers(seed: number): Numbers {
  const grid = Array.from({ length: SIZE * SIZE }, (_, i) => [(i % SIZE) / 2.5 - 1, Math.floor(i / SIZE) / 2.5 - 1]);
  return {
    filter: randoms(27, seed),
    grid: grid.flat(),
    first: rows(POINT + CONFIGURATION, HIDDEN, seed + 10),
    firstBias: Array.from(randoms(HIDDEN, seed + 30)),
    second: rows(HIDDEN, 2, seed + 40),
    secondBias: Array.from(randoms(2, seed + 50)),
  };
}

/** One convolution, one feature point, beside it the configuration, two dense layers. */
function policy({ filter, grid, first, firstBias, second, secondBias }: Numbers, card: object = {}): Policy {
  const image = b.input("image", "float32", [1, 3, SIZE, SIZE]);
  const configuration = b.input("configuration", "float32", [1, CONFIGURATION]);
  const map = b.conv(image, b.tensor("float32", [1, 3, 3, 3], filter), { pads: [1, 1, 1, 1] });
  const p = b.softmax(b.reshape(map, [1, SIZE * SIZE]));
  const point = b.matmul(p, b.tensor("float32", [SIZE * SIZE, 2], grid));
  const dense = (x: typeof point, weights: number[][], bias: number[]) =>
    b.add(
      b.matmul(x, b.tensor("float32", [weights.length, bias.length], weights.flat())),
      b.tensor("float32", [bias.length], bias),
    );
  const torque = dense(b.relu(dense(b.concat([point, configuration], 1), first, firstBias)), second, secondBias);
  const bytes = writeModel({
    name: "policy",
    inputs: new Map([image, configuration].map((value) => [value.name!, value])),
    outputs: new Map([["torque", torque]]),
    metadata: new Map(),
    opset: 18,
  });
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const found = parseCard(
    JSON.stringify({
      torquelens_card: 1,
      name: "test",
      control_period: 0.05,
      joints: ["a", "b"],
      torque: { output: "torque", limits: 1 },
      inputs: {
        image: { modality: "image", encoding: "rgb8", layout: "NCHW", range: [0, 1] },
        configuration: [
          { modality: "joint_position", start: 0, size: 2 },
          { modality: "joint_velocity", start: 2, size: 2 },
        ],
      },
      ...card,
    }),
    "card",
  );
  const model = { path: "test.onnx", bytes, sha256, graph: readModel(bytes, "test.onnx") };
  return policyOf(model, { card: found, source: "card", folder: "." });
}

/**
 * The same torques from (x − shift) / scale and from feature points counted from `origin`: other weights, other biases,
 * another grid, by hand.
 */
function moved(n: Numbers, shift: readonly number[], scale: readonly number[], origin: readonly number[]): Numbers {
  const taken = [...origin, ...shift];
  return {
    ...n,
    grid: n.grid.map((at, i) => at - origin[i % 2]!),
    first: n.first.map((row, i) => row.map((w) => (i < POINT ? w : w * scale[i - POINT]!))),
    firstBias: n.firstBias.map((bias, j) => n.first.reduce((sum, row, i) => sum + row[j]! * taken[i]!, bias)),
  };
}

function observation(seed: number, values: readonly number[]): Observation {
  return {
    tick: 0,
    stamp: 0n,
    images: {
      image: {
        width: SIZE,
        height: SIZE,
        encoding: "rgb8",
        data: Uint8Array.from(randoms(3 * SIZE * SIZE, seed, 0, 255)),
        frameId: "",
      },
    },
    values: {
      joint_position: Float64Array.from(values.slice(0, 2)),
      joint_velocity: Float64Array.from(values.slice(2)),
    },
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: Float64Array.of(1.4, 0.6),
    flags: [],
    transforms: [],
  };
}

async function explained(of: Policy, method: string, seen: Observation) {
  const explainer = await Explainer.create(of, { method, worker: false, threads: 1 });
  const explanation = await explainer.explain(seen);
  await explainer.close();
  return explanation;
}

const MEAN = [0.3, -0.2, 0.15, -0.4];
const SCALE = [0.5, 2, 1.5, 0.25];
const POINT_MEAN = [0.12, -0.27];
const MEANS = { values: { joint_position: MEAN.slice(0, 2), joint_velocity: MEAN.slice(2) }, points: POINT_MEAN };
/** What the conventions take off, said again. */
const TAKEN: Readonly<Record<string, readonly [configuration: readonly number[], point: readonly number[]]>> = {
  zero: [
    [0, 0, 0, 0],
    [0, 0],
  ],
  corner: [
    [0, 0, 0, 0],
    [-1, -1],
  ],
  mean: [MEAN, [0, 0]],
  "mean-corner": [MEAN, [-1, -1]],
  standardised: [MEAN, POINT_MEAN],
};

describe.each(CONVENTIONS)("convention $name", (convention) => {
  it.each(["dtd", "rap", "guided-backprop"])(
    "%s: shares and torques are those of a policy that is written so",
    async (method) => {
      for (const seed of [3, 8]) {
        const own = numbers(seed);
        const values = Array.from(randoms(CONFIGURATION, seed + 90));
        const under = await explained(
          underConvention(policy(own), convention, MEANS),
          method,
          observation(seed, values),
        );
        const plain = await explained(policy(own), method, observation(seed, values));
        expect(under.torque).toEqual(plain.torque);

        const [shift, origin] = TAKEN[convention.name]!;
        const standardised = values.map((x, i) => (x - shift[i]!) / SCALE[i]!);
        const written = await explained(
          policy(moved(own, shift, SCALE, origin)),
          method,
          observation(seed, standardised),
        );
        expect(Array.from(written.torque)).toEqual(Array.from(under.torque, (tau) => expect.closeTo(tau, 5)));
        expect(Array.from(written.shares)).toEqual(Array.from(under.shares, (share) => expect.closeTo(share, 4)));
        expect(under.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      }
    },
  );
});

it("conventions change the shares", async () => {
  const seen = observation(3, [0.2, 0.4, -0.3, 0.1]);
  const images = await Promise.all(
    CONVENTIONS.map(async (convention) => {
      const { shares } = await explained(underConvention(policy(numbers(8)), convention, MEANS), "dtd", seen);
      return shares[0]!;
    }),
  );
  expect(new Set(images.map((share) => share.toFixed(3))).size).toBe(CONVENTIONS.length);
});

it("names the convention in use", async () => {
  const under = underConvention(policy(numbers(3)), conventionNamed("standardised"), MEANS);
  const { convention } = await explained(under, "dtd", observation(3, [0, 0, 0, 0]));
  expect(convention).toEqual({
    reference: { image: "range", joint_position: "mean", joint_velocity: "mean" },
    featurePoints: "mean",
  });
});

describe("refused", () => {
  it("an unknown convention", () => {
    expect(() => conventionNamed("centre")).toThrow(
      "convention centre is unknown; known are zero, corner, mean, mean-corner, standardised",
    );
  });

  it("a mean that is missing or of another length", () => {
    const under = (values: Record<string, number[]>) => () =>
      underConvention(policy(numbers(3)), conventionNamed("mean"), { values, points: [] });
    expect(under({})).toThrow("test.onnx: mean of joint_position: found none, expected 2 numbers");
    expect(under({ joint_position: [1, 2, 3] })).toThrow("mean of joint_position: found 3, expected 2 numbers");
  });

  it("a mean of another number of feature points", async () => {
    const under = underConvention(policy(numbers(3)), conventionNamed("standardised"), { ...MEANS, points: [1] });
    await expect(explained(under, "dtd", observation(3, [0, 0, 0, 0]))).rejects.toThrow(
      "feature_points.origin.mean: found 1 numbers, expected 2",
    );
  });
});
