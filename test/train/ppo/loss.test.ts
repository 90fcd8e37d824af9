import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Session } from "#src/runtime/session.js";
import type { NetworkSpec } from "#src/sim/tasks/lesson.js";
import type { ActionSpace } from "#src/sim/worlds/world.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { clipFactor, gradientNorm } from "#src/train/network/adam.js";
import { normalise } from "#src/train/ppo/advantages.js";
import { armNetwork } from "#src/train/ppo/arm-network.js";
import type { ActorCritic } from "#src/train/ppo/network.js";
import { ppoStep } from "#src/train/ppo/step.js";
import { worldNetwork } from "#src/train/ppo/subject.js";
import { relativeError } from "../../evaluate.js";

interface Case {
  readonly name: string;
  readonly continuous: boolean;
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
}

interface WorldCase extends Case {
  readonly convolutions: { readonly filters: number; readonly kernel: number; readonly stride: number }[];
}

interface ArmCase extends Case {
  readonly configuration: number[];
  readonly mean: number[];
  readonly scale: number[];
}

/** PyTorch's, see `test/reference/ppo.py`. */
interface Golden {
  readonly batch: number;
  readonly channels: number;
  readonly size: number;
  readonly hidden: number;
  readonly outputs: number;
  readonly clip: number;
  readonly weights: { readonly entropy: number; readonly value: number };
  readonly arm: Pick<NetworkSpec, "channels" | "kernels" | "configuration" | "hidden">;
  readonly cases: readonly WorldCase[];
  readonly arms: readonly ArmCase[];
}

const golden = JSON.parse(readFileSync(new URL("../../data/ppo.json", import.meta.url), "utf8")) as Golden;
const { batch, channels, size, hidden, outputs, clip, weights, arm } = golden;

const ACTIONS: Readonly<Record<ActionSpace["kind"], ActionSpace>> = (() => {
  const names = Array.from({ length: outputs }, (_, i) => `${i}`);
  const [low, high] = [names.map(() => -1), names.map(() => 1)];
  return { discrete: { kind: "discrete", names }, continuous: { kind: "continuous", names, units: names, low, high } };
})();

test.each(golden.cases)("losses and gradients are PyTorch's: $name", async (wanted) => {
  const { facts } = worldNamed("red-fetch-green");
  const actions = ACTIONS[wanted.continuous ? "continuous" : "discrete"];
  const picture = { width: size, height: size, channels };
  const { convolutions } = wanted;
  await check(worldNetwork({ ...facts, picture, actions }, { frames: 1, network: { convolutions, hidden } }), wanted);
});

test.each(golden.arms)("losses and gradients are PyTorch's: $name", async (wanted) => {
  const spec = { ...arm, width: size, height: size, torques: outputs };
  const [mean, scale] = [Float32Array.from(wanted.mean), Float32Array.from(wanted.scale)];
  await check(armNetwork(spec, 1, { mean, scale }), wanted, wanted.configuration);
});

/** Compares a step of the network with PyTorch's. */
async function check(network: ActorCritic, wanted: Case, configuration?: readonly number[]): Promise<void> {
  const { layout, head } = network;
  expect([...layout.slots.keys()].sort()).toEqual(Object.keys(wanted.parameters).sort());
  const valueClip = wanted.value_clip ?? undefined;
  const clipped = valueClip === undefined ? weights : { ...weights, valueClip };
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
  const feeds = {
    ...parameters,
    image: { dtype: "uint8" as const, shape: [batch, ...network.image], data: Uint8Array.from(wanted.image) },
    ...(configuration && { configuration: floats(configuration, [batch, network.configuration]) }),
    actions: floats(wanted.actions, [batch, head.width]),
    logProbability: floats(wanted.log_probabilities, [batch]),
    advantage: floats([...normalised], [batch]),
    returns: floats(wanted.returns, [batch]),
    clip: floats([clip], []),
    ...(valueClip !== undefined && { values: floats(wanted.values, [batch]) }),
  };
  const run = async (learned: "whole" | "head") => {
    const session = await Session.create(ppoStep(network, batch, clipped, learned).bytes, { threads: 1 });
    const found = await session.run(feeds);
    await session.release();
    return found;
  };
  const found = await run("whole");

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

  const ofHead = Object.entries(await run("head")).filter(([name]) => name.startsWith("gradient."));
  expect(ofHead.map(([name]) => name).sort()).toEqual(
    layout
      .names("head")
      .map((name) => `gradient.${name}`)
      .sort(),
  );
  for (const [name, { data }] of ofHead)
    expect(relativeError(data as Float32Array, wanted.gradients[name.slice("gradient.".length)]!), name).toBeLessThan(
      1e-5,
    );
}
