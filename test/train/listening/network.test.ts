import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Shape } from "#src/graph/shape.js";
import { Session, type TensorData } from "#src/runtime/session.js";
import { LISTENING_ARCHITECTURES, listeningArchitecture } from "#src/train/listening/architectures.js";
import { exportListening } from "#src/train/listening/export.js";
import { listeningLayout, listeningState } from "#src/train/listening/layout.js";
import type { ListeningSpec } from "#src/train/listening/spec.js";
import { actingModel, imitationStep, visionConstants } from "#src/train/listening/step.js";
import type { Layout } from "#src/train/network/parameters.js";
import { relativeError } from "../../evaluate.js";

interface Golden {
  readonly parameters: number;
  readonly actions: readonly number[];
  /** Every 37th number. */
  readonly mask: readonly number[];
  /** Every third number, after the last step. */
  readonly state: Readonly<Record<string, readonly number[]>>;
  readonly scalars: Readonly<Record<string, number>>;
  readonly gradients: Readonly<Record<string, { readonly norm: number; readonly some: readonly number[] }>>;
}

/** PyTorch's, see `test/reference/listening.py`. */
const { networks } = JSON.parse(readFileSync("test/data/listening.json", "utf8")) as {
  networks: Readonly<Record<string, Golden>>;
};

const [STEPS, BATCH, TOKENS, WORDS, ACTIONS, CELLS] = [6, 2, 24, 30, 9, 256];
const LENGTHS = [24, 7];
const ROWS = STEPS * BATCH;

const specOf = (name: string, vocabulary = WORDS): ListeningSpec => ({
  width: 64,
  height: 64,
  channels: 3,
  mask: { width: 16, height: 16 },
  kinds: 15,
  vocabulary,
  tokens: TOKENS,
  actions: ACTIONS,
  ...listeningArchitecture(name),
});

/** The formula of listening.py. */
function numbers(name: string, shape: Shape): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const code = [...name].reduce((sum, c, i) => sum + c.charCodeAt(0) * (i + 1), 0);
  const fanIn = shape.length === 2 ? shape[0]! : size / shape[0]!;
  const scale = name.endsWith(".weight") ? Math.sqrt(2 / fanIn) : 0.05;
  return Float32Array.from({ length: size }, (_, i) => {
    const noise = Math.sin((i + 1) * 12.9898 + code * 0.37) * 43758.5453;
    return (name.endsWith(".scale") ? 1 : 0) + scale * Math.sqrt(12) * (noise - Math.floor(noise) - 0.5);
  });
}

function parametersOf(layout: Layout): Float32Array {
  const vector = new Float32Array(layout.size);
  for (const [name, { shape }] of layout.slots) layout.view(vector, name).set(numbers(name, shape));
  return vector;
}

const IMAGE_SIZE = 3 * 64 * 64;
const image = Uint8Array.from({ length: ROWS * IMAGE_SIZE }, (_, i) => Math.floor((i * 7919) / 13) % 256);
const words = Array.from({ length: BATCH * TOKENS }, (_, k) => {
  const [b, i] = [Math.floor(k / TOKENS), k % TOKENS];
  return i < LENGTHS[b]! ? 1 + ((5 * b + 7 * i) % (WORDS - 1)) : 0;
});
const oneHot = (of: (row: number) => number): Float32Array =>
  Float32Array.from({ length: ROWS * ACTIONS }, (_, i) => (of(Math.floor(i / ACTIONS)) === i % ACTIONS ? 1 : 0));
const previous = oneHot((row) => (row < BATCH ? -1 : (row * 5) % ACTIONS));
const expert = oneHot((row) => (row === ROWS - 1 ? -1 : (row * 4) % ACTIONS));

const floats = (data: Float32Array, ...shape: number[]): TensorData => ({ dtype: "float32", shape, data });
const bytes = (data: Uint8Array, ...shape: number[]): TensorData => ({ dtype: "uint8", shape, data });
const tokens = (batch: number, from = 0): TensorData => ({
  dtype: "int64",
  shape: [batch, TOKENS],
  data: BigInt64Array.from(words.slice(from * TOKENS, (from + batch) * TOKENS), BigInt),
});

const run = async (model: Uint8Array, feeds: Readonly<Record<string, TensorData>>) => {
  const session = await Session.create(model, { threads: 1 });
  const found = await session.run(feeds);
  await session.release();
  return (name: string) => Float32Array.from(found[name]!.data as Float32Array);
};

const named = (layout: Layout, vector: Float32Array, group: "head"): Record<string, TensorData> =>
  Object.fromEntries(
    layout
      .names(group)
      .map((name) => [name, floats(layout.view(vector, name).slice(), ...layout.slots.get(name)!.shape)]),
  );

test("every architecture has a golden case", () => {
  expect(Object.keys(networks).sort()).toEqual(Object.keys(LISTENING_ARCHITECTURES).sort());
});

test.each([
  ["seq2seq", 274_992],
  ["moca", 291_984],
  ["et", 287_164],
  ["hitut", 277_916],
])("%s has %d parameters with 80 words", (name, parameters) => {
  expect(listeningLayout(specOf(name, 80)).size).toBe(parameters);
});

test("an unknown architecture is named with those there are", () => {
  expect(() => listeningArchitecture("toString")).toThrow('no architecture "toString" of policies that listen');
});

describe.each(Object.entries(networks))("%s", (name, golden) => {
  const spec = specOf(name);
  const layout = listeningLayout(spec);
  const vector = parametersOf(layout);
  const seen = visionConstants(layout, vector);

  test("loss and gradients over whole episodes are PyTorch's", { timeout: 60_000 }, async () => {
    expect(layout.size).toBe(golden.parameters);
    const found = await run(imitationStep(spec, layout, seen, STEPS, BATCH).bytes, {
      ...named(layout, vector, "head"),
      image: bytes(image, ROWS, 3, 64, 64),
      instruction: tokens(BATCH),
      previous_action: floats(previous, ROWS, ACTIONS),
      expert: floats(expert, ROWS, ACTIONS),
      cells: floats(
        Float32Array.from({ length: ROWS * CELLS }, (_, i) => ((i * 31) % 97 < 5 ? 1 : 0)),
        ROWS,
        CELLS,
      ),
      interacts: floats(
        Float32Array.from({ length: ROWS }, (_, row) => (row % 3 === 1 ? 1 : 0)),
        ROWS,
      ),
    });
    for (const [scalar, value] of Object.entries(golden.scalars))
      expect(Math.abs(found(scalar)[0]! - value) / Math.max(1, Math.abs(value)), scalar).toBeLessThan(1e-5);
    expect(Object.keys(golden.gradients).sort()).toEqual(layout.names("head").sort());
    for (const [parameter, { norm, some }] of Object.entries(golden.gradients)) {
      const gradient = found(`gradient.${parameter}`);
      const size = Math.sqrt(gradient.reduce((sum, x) => sum + x * x, 0));
      const every = Math.max(1, Math.floor(gradient.length / 6));
      const picked = gradient.filter((_, i) => i % every === 0).slice(0, some.length);
      expect(Math.abs(size - norm), parameter).toBeLessThan(1e-5 * norm + 1e-9);
      picked.forEach((value, i) => {
        expect(Math.abs(value - some[i]!), `${parameter} ${i}`).toBeLessThan(1e-5 * norm + 1e-9);
      });
    }
  });

  test("episodes that it acts in step by step, one by its file, have PyTorch's answers", {
    timeout: 60_000,
  }, async () => {
    const acting = actingModel(spec, layout, seen, BATCH);
    const file = exportListening(spec, layout, vector);
    const heads = named(layout, vector, "head");
    const begin = (batch: number): Record<string, TensorData> =>
      Object.fromEntries(
        Object.entries(listeningState(spec)).map(([key, shape]) => {
          const sizes = [batch, ...shape];
          return [key, floats(new Float32Array(sizes.reduce((a, b) => a * b, 1)), ...sizes)];
        }),
      );
    const next = (state: Record<string, TensorData>, found: (name: string) => Float32Array) =>
      Object.fromEntries(
        Object.entries(state).map(([key, { shape }]) => [key, floats(found(`${key}_next`), ...shape)]),
      );
    let [all, one] = [begin(BATCH), begin(1)];
    const [actions, masks, second, secondMasks]: number[][] = [[], [], [], []];
    for (let t = 0; t < STEPS; t++) {
      const rows = <T extends Uint8Array | Float32Array>(data: T, size: number, from: number, count: number): T =>
        data.slice((t * BATCH + from) * size, (t * BATCH + from + count) * size) as T;
      const both = await run(acting, {
        ...heads,
        ...all,
        image: bytes(rows(image, IMAGE_SIZE, 0, BATCH), BATCH, 3, 64, 64),
        instruction: tokens(BATCH),
        previous_action: floats(rows(previous, ACTIONS, 0, BATCH), BATCH, ACTIONS),
      });
      const alone = await run(file, {
        ...one,
        image: bytes(rows(image, IMAGE_SIZE, 1, 1), 1, 3, 64, 64),
        instruction: tokens(1, 1),
        previous_action: floats(rows(previous, ACTIONS, 1, 1), 1, ACTIONS),
      });
      actions!.push(...both("actions"));
      masks!.push(...both("mask"));
      second!.push(...alone("actions"));
      secondMasks!.push(...alone("mask"));
      [all, one] = [next(all, both), next(one, alone)];
    }
    expect(relativeError(actions!, golden.actions)).toBeLessThan(1e-5);
    expect(
      relativeError(
        masks!.filter((_, i) => i % 37 === 0),
        golden.mask,
      ),
    ).toBeLessThan(1e-5);
    for (const [key, values] of Object.entries(golden.state)) {
      const after = [...(all[key]!.data as Float32Array)].filter((_, i) => i % 3 === 0);
      expect(relativeError(after, values), key).toBeLessThan(1e-5);
    }
    const ofSecond = (data: readonly number[], size: number) =>
      data.filter((_, i) => Math.floor(i / size) % BATCH === 1);
    expect(relativeError(second!, ofSecond(actions!, ACTIONS))).toBeLessThan(1e-5);
    expect(relativeError(secondMasks!, ofSecond(masks!, CELLS))).toBeLessThan(1e-5);
  });
});
