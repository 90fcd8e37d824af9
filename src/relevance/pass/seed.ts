import { abs, mul, reshape, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SeedKind } from "../contract/rules.js";

type Torques = Pick<Network, "commanded" | "signs" | "areActions">;

const SEEDS: Readonly<Record<SeedKind, (torques: Torques) => Value>> = {
  torque: ({ commanded }) => commanded,
  size: (torques) => conserved(torques),
  sign: ({ signs }) => signs,
};

/** What relevance adds up to where the method conserves, in the shape of the commanded torques. */
export const conserved = ({ commanded, areActions }: Pick<Network, "commanded" | "areActions">): Value =>
  areActions ? commanded : abs(commanded);

/** The seed of each torque at its own element of the commanded torques, [J, …their shape]. */
export function seedOf(of: Torques, kind: SeedKind): Relevance {
  const { commanded } = of;
  const torques = sizeOf(commanded.shape);
  const identity = Float64Array.from({ length: torques * torques }, (_, i) => Number(i % (torques + 1) === 0));
  const seeds = reshape(SEEDS[kind](of), [1, torques]);
  const diagonal = mul(tensor(commanded.dtype, [torques, torques], identity), seeds);
  return { amount: reshape(diagonal, [torques, ...commanded.shape]), perTorque: true };
}
