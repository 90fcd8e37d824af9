import { readFileSync } from "node:fs";
import type { WorldFacts } from "#src/sim/worlds/world.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import type { QueryLayers } from "#src/train/query/spec.js";
import type { LossSettings } from "#src/train/vtrace/step.js";

type Numbers = readonly number[];

export interface Case {
  readonly name: string;
  readonly settings: LossSettings;
  readonly parameters: Readonly<Record<string, Numbers>>;
  readonly image: Numbers;
  readonly previous_action: Numbers;
  readonly previous_reward: Numbers;
  readonly keeps: Numbers;
  readonly carried: Readonly<Record<string, Numbers>>;
  readonly actions: Numbers;
  readonly rewards: Numbers;
  readonly goesOn: Numbers;
  readonly logProbability: Numbers;
  readonly scalars: Readonly<Record<string, number>>;
  readonly targets: Numbers;
  readonly advantages: Numbers;
  readonly logRatio: Numbers;
  readonly values: Numbers;
  readonly last: Numbers;
  readonly act: {
    readonly policy: Numbers;
    readonly value: Numbers;
    readonly attention: Numbers;
    readonly next: Readonly<Record<string, Numbers>>;
  };
  readonly gradients: Readonly<Record<string, Numbers>>;
}

/** PyTorch's, see `test/reference/vtrace.py`. */
interface Golden {
  readonly actions: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly steps: number;
  readonly batch: number;
  readonly network: QueryLayers;
  readonly cases: readonly Case[];
}

const golden = JSON.parse(readFileSync(new URL("../../data/vtrace.json", import.meta.url), "utf8")) as Golden;
export const { cases, steps, batch, network } = golden;

/** A world with the pictures and actions of the golden cases. */
export const facts: WorldFacts = {
  ...worldNamed("red-fetch-green").facts,
  picture: { width: golden.width, height: golden.height, channels: golden.channels },
  actions: { kind: "discrete", names: Array.from({ length: golden.actions }, (_, i) => `${i}`) },
};

export const floats = (numbers: Numbers, shape: readonly number[]) => ({
  dtype: "float32" as const,
  shape,
  data: Float32Array.from(numbers),
});
