import { abs, mul, reshape, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Relevance } from "../contract/carrier.js";
import type { SeedKind } from "../contract/rules.js";

/** The explained values, and the signs of the commanded torques. */
type Torques = Readonly<{ explained: Value; signs: Value }>;

const SEEDS: Readonly<Record<SeedKind, (torques: Torques) => Value>> = {
  torque: ({ explained }) => explained,
  size: ({ explained }) => abs(explained),
  sign: ({ signs }) => signs,
};

/** The seed of each torque at its own element of the explained value, [J, …its shape]. */
export function seedOf(of: Torques, kind: SeedKind): Relevance {
  const { explained } = of;
  const torques = sizeOf(explained.shape);
  const identity = Float64Array.from({ length: torques * torques }, (_, i) => Number(i % (torques + 1) === 0));
  const seeds = reshape(SEEDS[kind](of), [1, torques]);
  const diagonal = mul(tensor(explained.dtype, [torques, torques], identity), seeds);
  return { amount: reshape(diagonal, [torques, ...explained.shape]), perTorque: true };
}
