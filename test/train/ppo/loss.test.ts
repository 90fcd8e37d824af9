import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Session } from "#src/runtime/session.js";
import { clipFactor, gradientNorm } from "#src/train/network/adam.js";
import { pixelLayout } from "#src/train/pixels/network.js";
import { normalise } from "#src/train/ppo/advantages.js";
import { categorical, gaussian } from "#src/train/ppo/heads.js";
import { ppoStep } from "#src/train/ppo/step.js";
import { relativeError } from "../../evaluate.js";

/** PyTorch's, see `test/reference/ppo.py`. */
interface Golden {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly hidden: number;
  readonly outputs: number;
  readonly clip: number;
  readonly weights: { readonly entropy: number; readonly value: number };
  readonly cases: readonly {
    readonly name: string;
    readonly continuous: boolean;
    readonly convolutions: { readonly filters: number; readonly kernel: number; readonly stride: number }[];
    readonly value_clip: number | null;
    readonly parameters: Readonly<Record<string, number[]>>;
    readonly image: number[];
    readonly actions: number[];
    readonly log_probabilities: number[];
    readonly advantages: number[];
    readonly normalised: number[];
    readonly returns: number[];
    readonly values: number[];
    readonly scalars: Readonly<Record<string, number>>;
    readonly norm: number;
    readonly gradients: Readonly<Record<string, number[]>>;
  }[];
}

const golden = JSON.parse(readFileSync(new URL("../../data/ppo.json", import.meta.url), "utf8")) as Golden;
const { batch, channels, size, hidden, outputs, clip, weights } = golden;

test.each(golden.cases)("losses and gradients are PyTorch's: $name", async (wanted) => {
  const head = wanted.continuous ? gaussian(outputs) : categorical(outputs);
  const spec = { width: size, height: size, channels, convolutions: wanted.convolutions, hidden };
  const layout = pixelLayout(spec, head.outputs, head.extra);
  expect([...layout.slots.keys()].sort()).toEqual(Object.keys(wanted.parameters).sort());
  const valueClip = wanted.value_clip ?? undefined;
  const model = ppoStep(spec, head, layout, batch, valueClip === undefined ? weights : { ...weights, valueClip });
  const normalised = new Float32Array(batch);
  normalise(
    Float32Array.from(wanted.advantages),
    Int32Array.from({ length: batch }, (_, i) => i),
    normalised,
  );
  expect(relativeError(normalised, wanted.normalised)).toBeLessThan(1e-6);

  const floats = (numbers: readonly number[], shape: readonly number[]) => ({
    dtype: "float32" as const,
    shape,
    data: Float32Array.from(numbers),
  });
  const parameters = Object.fromEntries(
    Object.entries(wanted.parameters).map(([name, numbers]) => [name, floats(numbers, layout.slots.get(name)!.shape)]),
  );
  const session = await Session.create(model.bytes, { threads: 1 });
  const found = await session.run({
    ...parameters,
    image: { dtype: "uint8", shape: [batch, channels, size, size], data: Uint8Array.from(wanted.image) },
    actions: floats(wanted.actions, [batch, head.width]),
    logProbability: floats(wanted.log_probabilities, [batch]),
    advantage: floats([...normalised], [batch]),
    returns: floats(wanted.returns, [batch]),
    clip: floats([clip], []),
    ...(valueClip !== undefined && { values: floats(wanted.values, [batch]) }),
  });
  await session.release();

  for (const [name, value] of Object.entries(wanted.scalars)) {
    const difference = Math.abs((found[name]!.data as Float32Array)[0]! - value);
    expect(difference / Math.max(1, Math.abs(value)), name).toBeLessThan(1e-5);
  }
  const gradient = new Float32Array(layout.size);
  for (const [name, numbers] of Object.entries(wanted.gradients)) {
    const data = found[`gradient.${name}`]!.data as Float32Array;
    expect(relativeError(data, numbers), name).toBeLessThan(1e-5);
    layout.view(gradient, name).set(data);
  }
  const norm = gradientNorm([gradient], 0, layout.size);
  expect(norm / wanted.norm).toBeCloseTo(1, 6);
  // Shortened, the gradient has the wanted length.
  expect(clipFactor(norm, norm / 2)).toBeCloseTo(0.5, 5);
  expect(clipFactor(norm, 2 * norm)).toBe(1);
});
