import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { constant, input } from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Shape } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { Session } from "#src/runtime/session.js";
import { fieldOf } from "#src/train/attention/field.js";
import { ARCHITECTURES, architectureNamed } from "#src/train/pixels/architectures.js";
import { attentionGrid, drawn, placeField } from "#src/train/pixels/attention-grid.js";
import { pixelLayout, pixelNetwork } from "#src/train/pixels/network.js";
import type { PixelSpec } from "#src/train/pixels/spec.js";
import { relativeError } from "../../evaluate.js";

interface Golden {
  readonly parameters: number;
  readonly policy: readonly number[];
  readonly value: readonly number[];
  /** The first hundred numbers of each map. */
  readonly maps: Readonly<Record<string, readonly number[]>>;
  /** Every twelfth row, every seventh column. */
  readonly pixels?: readonly number[];
}

const { networks } = JSON.parse(readFileSync("test/data/attention-networks.json", "utf8")) as {
  networks: Readonly<Record<string, Golden>>;
};

const ATARI = { width: 84, height: 84, channels: 4 };
const ACTIONS = 4;
const specOf = (name: string): PixelSpec => ({ ...ATARI, ...architectureNamed(name) });

/** The formula of attention_networks.py. */
function numbers(name: string, shape: Shape): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const code = [...name].reduce((sum, c, i) => sum + c.charCodeAt(0) * (i + 1), 0);
  const fanIn = shape.length === 2 ? shape[0]! : size / shape[0]!;
  const gain = name.includes("places") ? 8 : 1;
  const scale = name.endsWith("weight") ? gain * Math.sqrt(2 / fanIn) : 0.05;
  return Float32Array.from({ length: size }, (_, i) => {
    const noise = Math.sin((i + 1) * 12.9898 + code * 0.37) * 43758.5453;
    return scale * Math.sqrt(12) * (noise - Math.floor(noise) - 0.5);
  });
}

/** Something bright in a corner. */
const IMAGE = Uint8Array.from({ length: 4 * 84 * 84 }, (_, i) => {
  const [row, column] = [Math.floor(i / 84) % 84, i % 84];
  return ((i * 7919) % 64) + (row < 30 && column >= 5 && column < 25 ? 190 : 0);
});

/** Maps on pixels, as the program draws them. */
const onPixels = (spec: PixelSpec, maps: ReadonlyMap<number, Value>): Value =>
  drawn(attentionGrid(spec, maps), placeField(spec), spec.height, spec.width);

async function run(spec: PixelSpec) {
  const layout = pixelLayout(spec, ACTIONS);
  const parameters = Object.fromEntries(
    [...layout.slots].map(([name, { shape }]) => [
      name,
      constant(Literal.from("float32", shape, numbers(name, shape)), name),
    ]),
  );
  const image = input("image", "uint8", [1, spec.channels, spec.height, spec.width]);
  const { policy, value, attention } = pixelNetwork(spec, parameters, image);
  const maps = [...attention].map(([number, map]) => [`map${number}`, map] as const);
  const pixels = attention.size > 0 ? [["pixels", onPixels(spec, attention)] as const] : [];
  const outputs = new Map([["policy", policy], ["value", value], ...maps, ...pixels] as const);
  const bytes = writeModel({ name: "n", inputs: new Map([["image", image]]), outputs, metadata: new Map(), opset: 18 });
  const session = await Session.create(bytes);
  const found = await session.run({ image: { dtype: "uint8", shape: image.shape, data: IMAGE } });
  await session.release();
  return { layout, found: (name: string) => [...(found[name]!.data as Float32Array)], shape: found.pixels?.shape };
}

test("every architecture has a golden case", () => {
  expect(Object.keys(networks).sort()).toEqual(Object.keys(ARCHITECTURES).sort());
});

// Nikulin et al. (2019), Table 2: 84 × 84 × 4 and four actions.
test.each([
  ["nature", 1_686_693],
  ["daqn", 130_726],
  ["rs-ppo", 1_720_999],
  ["sparse-fls", 1_836_710],
  ["sparse-fls-pooled", 263_846],
  ["dense-fls-pooled", 280_358],
  ["fls-first", 1_762_982],
  ["fls-each", 2_063_016],
])("%s has the paper's number of parameters, %d", (name, parameters) => {
  expect(pixelLayout(specOf(name), ACTIONS).size).toBe(parameters);
});

describe.each(Object.entries(networks))("%s", (name, golden) => {
  test("answers and looks as PyTorch's network of the same weights does", { timeout: 60_000 }, async () => {
    const { layout, found, shape } = await run(specOf(name));
    expect(layout.size).toBe(golden.parameters);
    expect(relativeError(found("policy"), golden.policy)).toBeLessThan(1e-4);
    expect(relativeError(found("value"), golden.value)).toBeLessThan(1e-4);
    for (const [number, map] of Object.entries(golden.maps)) {
      expect(relativeError(found(`map${number}`).slice(0, 100), map)).toBeLessThan(1e-4);
      expect(Math.max(...map) / Math.min(...map)).toBeGreaterThan(1.05);
    }
    if (shape) expect(shape).toEqual([1, 1, 84, 84]);
    if (!golden.pixels) return;
    const some = found("pixels").filter((_, i) => Math.floor(i / 84) % 12 === 0 && (i % 84) % 7 === 0);
    expect(relativeError(some, golden.pixels)).toBeLessThan(1e-4);
  });
});

test("receptive fields are those of the paper's maps", () => {
  const field = (name: string, count: number) => fieldOf(specOf(name).convolutions.slice(0, count));
  expect(field("sparse-fls", 3)).toEqual({ size: 36, stride: 8, padding: 0 });
  expect(field("fls-first", 1)).toEqual({ size: 8, stride: 4, padding: 0 });
  expect(field("dense-fls-pooled", 3)).toEqual({ size: 13, stride: 1, padding: 6 });
});

test("other image sizes than the paper's have attention on every pixel that the last places see", async () => {
  const spec: PixelSpec = { ...specOf("rs-ppo"), width: 64, height: 50, channels: 3 };
  const layout = pixelLayout(spec, ACTIONS);
  expect(layout.slots.get("hidden.weight")!.shape).toEqual([64 * 3 * 4, 512]);
  const map = input("map", "float32", [2, 1, 3, 4]);
  expect(onPixels(spec, new Map([[3, map]])).shape).toEqual([2, 1, 50, 64]);
});

test("an unknown architecture is named with those there are", () => {
  expect(() => architectureNamed("toString")).toThrow('no architecture "toString"; expected nature, daqn');
});
