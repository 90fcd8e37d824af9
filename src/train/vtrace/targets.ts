import { add, concat, exp, minimum, mul, reshape, slice, split, sub } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { VtraceSettings } from "./settings.js";

/** Steps of B episodes, [T, B] each but `last`, [B]. */
export interface TargetInputs {
  /** Logarithm of π(a|x) / μ(a|x): of the policy that learns over the one that acted. */
  readonly logRatio: Value;
  readonly rewards: Value;
  /** γ where the episode goes on after the step, 0 where it ends. */
  readonly discounts: Value;
  readonly values: Value;
  /** Value of what is seen after the last step. */
  readonly last: Value;
}

/**
 * V-trace targets vₜ (Espeholt et al. 2018, eq. 1) and advantages of the policy's gradient, ρₜ(rₜ + γ·vₜ₊₁ − V(xₜ)), both
 * [T, B]: vₜ = V(xₜ) + δₜ + γ·cₜ(vₜ₊₁ − V(xₜ₊₁)) with δₜ = ρₜ(rₜ + γ·V(xₜ₊₁) − V(xₜ)), ρ = min(ρ̄, π/μ), c = min(c̄, π/μ).
 */
export function vtraceTargets(
  { logRatio, rewards, discounts, values, last }: TargetInputs,
  { rho, trace }: Pick<VtraceSettings, "rho" | "trace">,
): { readonly targets: Value; readonly advantages: Value } {
  const [steps, batch] = values.shape as [number, number];
  const end = reshape(last, [1, batch]);
  const after = (x: Value): Value => (steps === 1 ? end : concat([slice(x, 0, 1, steps), end], 0));
  const ratio = exp(logRatio);
  const weight = minimum(ratio, rho);
  const differences = mul(weight, sub(add(rewards, mul(discounts, after(values))), values));
  const kept = mul(discounts, minimum(ratio, trace));
  const rows = (x: Value): readonly Value[] => (steps === 1 ? [x] : split(x, 0, Array<number>(steps).fill(1)));
  const [delta, factor] = [rows(differences), rows(kept)];
  const corrections: Value[] = [];
  let next: Value | undefined;
  for (let t = steps - 1; t >= 0; t--) {
    next = next === undefined ? delta[t]! : add(delta[t]!, mul(factor[t]!, next));
    corrections.unshift(next);
  }
  const targets = add(values, concat(corrections, 0));
  return { targets, advantages: mul(weight, sub(add(rewards, mul(discounts, after(targets))), values)) };
}
