import { afterEach, expect, test } from "vitest";
import { attentionIn } from "#src/explain/attention.js";
import { blankObservation } from "#src/explain/blank-observation.js";
import { Explainer } from "#src/explain/explainer.js";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Policy } from "#src/policy/policy.js";
import { LocalModels } from "#src/runtime/models.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { fieldOf } from "#src/train/attention/field.js";
import { drawn as drawnOver } from "#src/train/pixels/attention-grid.js";
import type { Convolution } from "#src/train/pixels/spec.js";
import { relativeError } from "../evaluate.js";
import { attentivePolicy } from "../train/ppo/world-policy.js";

const open: Explainer[] = [];
afterEach(async () => {
  for (const explainer of open.splice(0)) await explainer.close();
});

/** An observation with a random picture. */
function seen(policy: Policy, seed: number) {
  const blank = blankObservation(policy);
  const source = random(seed);
  const image = blank.images.image!;
  return { ...blank, images: { image: { ...image, data: image.data.map(() => source.integer(256)) } } };
}

/** Each pixel's sum of the weights of all places that see it. */
function onPixels(weights: Float32Array, { down, across }: Policy["attention"][number]): Float32Array {
  const sees = ({ stride, field, padding }: typeof down, place: number, pixel: number) =>
    pixel >= place * stride - padding && pixel < place * stride - padding + field;
  return Float32Array.from({ length: down.extent * across.extent }, (_, i) => {
    const [y, x] = [Math.floor(i / across.extent), i % across.extent];
    let sum = 0;
    for (const [place, weight] of weights.entries())
      if (sees(down, Math.floor(place / across.count), y) && sees(across, place % across.count, x)) sum += weight;
    return sum;
  });
}

test.each([
  ["sparse-fls", "dtd"],
  ["fls-each", "dtd"],
  ["dense-fls-pooled", "lrp-gamma"],
  ["daqn", "gradient-x-input"],
  ["rs-ppo", "gradient-x-input"],
])("%s: every level gives the file's own attention, beside %s", async (name, method) => {
  const policy = attentivePolicy(name);
  const observation = seen(policy, 1);
  const { width, height, data } = observation.images.image!;
  const planes = Uint8Array.from({ length: data.length }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / (width * height)), i % (width * height)];
    return data[3 * pixel + channel]!;
  });
  const file = await Session.create(policy.bytes);
  const outputs = await file.run({ image: { dtype: "uint8", shape: [1, 3, height, width], data: planes } });
  await file.release();
  const expected = onPixels(outputs.attention!.data as Float32Array, policy.attention[0]!);
  const levels = ["full", "shares", "skip"] as const;
  const explainer = await Explainer.create(policy, { method, worker: false, threads: 1, budget: 1e6, levels });
  open.push(explainer);
  for (const level of levels) {
    const { attention } = await explainer.explain(observation, { level });
    expect(Object.keys(attention)).toEqual(["image"]);
    expect(attention.image).toMatchObject([{ query: "attention", width, height }]);
    expect(relativeError(attention.image![0]!.data, expected)).toBeLessThan(1e-5);
  }
  const first = await explainer.explain(observation, { onTorque: () => {} });
  expect(relativeError(first.attention.image![0]!.data, expected)).toBeLessThan(1e-5);
});

test("weights are drawn on pixels for places of any size, stride and padding, beyond the picture's edges too", () => {
  const source = random(3);
  const places = () => ({
    count: 1 + source.integer(7),
    extent: 1 + source.integer(40),
    stride: 1 + source.integer(8),
    field: 1 + source.integer(15),
    padding: source.integer(6),
  });
  for (let k = 0; k < 200; k++) {
    const output = { tensor: "a", modality: "image", queries: ["q"], down: places(), across: places() };
    const { count } = output.across;
    const weights = Float32Array.from({ length: output.down.count * count }, source.uniform);
    const attention = [output] as unknown as Policy["attention"];
    const outputs = { a: { dtype: "float32", shape: [1, 1, output.down.count, count], data: weights } } as const;
    const [map] = attentionIn({ attention } as Policy, outputs).image!;
    expect(relativeError(map!.data, onPixels(weights, attention[0]!))).toBeLessThan(1e-6);
  }
});

test("the map is another for another picture", async () => {
  const policy = attentivePolicy();
  const explainer = await Explainer.create(policy, { worker: false, threads: 1, levels: ["skip"] });
  open.push(explainer);
  const [a, c] = await Promise.all([1, 2].map((seed) => explainer.explain(seen(policy, seed))));
  expect(a!.attention.image![0]!.data).not.toEqual(c!.attention.image![0]!.data);
});

test.each<[Convolution, number, number]>([
  [{ filters: 1, kernel: 8, stride: 4 }, 30, 41],
  [{ filters: 1, kernel: 5, stride: 5 }, 25, 40],
  [{ filters: 1, kernel: 7, stride: 1, padding: 3 }, 9, 14],
  [{ filters: 1, kernel: 3, stride: 4, padding: 1 }, 21, 18],
])("places of %j are drawn over what they see, as a transposed convolution does", async (layer, height, width) => {
  const { kernel, stride, padding = 0 } = layer;
  const count = (extent: number): number => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
  const [rows, columns] = [count(height), count(width)];
  const grid = b.input("grid", "float32", [1, 1, rows, columns]);
  const drawn = drawnOver(grid, fieldOf([layer]), height, width);
  const models = await LocalModels.create({
    drawn: writeModel({
      name: "drawn",
      inputs: new Map([["grid", grid]]),
      outputs: new Map([["drawn", drawn]]),
      metadata: new Map(),
      opset: 18,
    }),
  });
  const source = random(7);
  const weights = Float32Array.from({ length: 2 * rows * columns }, () => source.normal());
  const places = (count: number, extent: number) => ({ count, extent, stride, field: kernel, padding });
  const attention = [
    {
      tensor: "weights",
      modality: "image",
      queries: ["tip", "target"],
      down: places(rows, height),
      across: places(columns, width),
    },
  ];
  const tensor = { dtype: "float32" as const, shape: [1, 2, rows, columns], data: weights };
  const found = attentionIn({ attention } as unknown as Policy, { weights: tensor });
  for (const [q, query] of ["tip", "target"].entries()) {
    const data = weights.slice(q * rows * columns, (q + 1) * rows * columns);
    const fed = { grid: { dtype: "float32" as const, shape: [1, 1, rows, columns], data } };
    const expected = (await models.run(fed, [{ model: "drawn", outputs: ["drawn"] }])[0]!).drawn!;
    expect(expected.shape).toEqual([1, 1, height, width]);
    const map = found.image![q]!;
    expect(map).toMatchObject({ query, width, height });
    for (const [i, value] of map.data.entries()) expect(value).toBeCloseTo((expected.data as Float32Array)[i]!, 4);
  }
  await models.release();
});
