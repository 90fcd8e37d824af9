import type { Quantity } from "../policy/card-schema.js";
import type { Modality } from "../policy/modalities.js";
import type { Ratios } from "./explanation.js";

type Ratio = "image" | "position" | "velocity";

/** The ratio that a configuration modality's share counts in, by quantity; undefined for none. */
const RATIO_OF: Readonly<Record<Quantity, Ratio | undefined>> = {
  joint_position: "position",
  joint_velocity: "velocity",
  end_effector_position: "position",
  end_effector_velocity: "velocity",
  previous_action: undefined,
  other: undefined,
};

/** Share of what is in none of the ratios: memory, instructions, the action before. */
export const otherShare = ({ image, configuration }: Ratios): number => Math.max(0, 1 - image - configuration);

/** Shares summed by ratio; all NaN where no shares were computed. */
export function ratiosOf(modalities: readonly Modality[], shares: Float32Array): Ratios {
  const start = shares.some(Number.isNaN) ? Number.NaN : 0;
  const sums: Record<Ratio, number> = { image: start, position: start, velocity: start };
  modalities.forEach((modality, m) => {
    const ratio = modality.kind === "image" ? "image" : RATIO_OF[modality.quantity];
    if (ratio) sums[ratio] += shares[m]!;
  });
  return { ...sums, configuration: sums.position + sums.velocity };
}
