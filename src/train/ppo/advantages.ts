/** Rewards and value estimates of some worlds over some steps, row-major: element (step, world) at step · worlds + world. */
export interface Course {
  readonly worlds: number;
  readonly rewards: ArrayLike<number>;
  /** Value estimates of the observations that were acted on. */
  readonly values: ArrayLike<number>;
  /** 1 where the step ended its episode: nothing after it counts for it. */
  readonly ends: ArrayLike<number>;
  /** Value estimates of the observations after the last step, [worlds]. */
  readonly last: ArrayLike<number>;
}

/**
 * Generalised advantage estimation (Schulman et al. 2016): Aₜ = δₜ + γλ·Aₜ₊₁ with δₜ = rₜ + γ·V(sₜ₊₁) − V(sₜ), cut at
 * the ends of episodes; the returns are A + V. Written to `advantages` and `returns`, in the order of the rewards.
 */
export function estimateAdvantages(
  { worlds, rewards, values, ends, last }: Course,
  { gamma, lambda }: { readonly gamma: number; readonly lambda: number },
  advantages: Float32Array,
  returns: Float32Array,
): void {
  for (let world = 0; world < worlds; world++) {
    let next = last[world]!;
    let advantage = 0;
    for (let at = rewards.length - worlds + world; at >= 0; at -= worlds) {
      const goesOn = 1 - ends[at]!;
      const value = values[at]!;
      advantage = rewards[at]! + goesOn * gamma * (next + lambda * advantage) - value;
      next = value;
      advantages[at] = advantage;
      returns[at] = advantage + value;
    }
  }
}

/**
 * Writes the advantages of some samples with mean 0 and standard deviation 1 over them (that of a sample: n − 1), as
 * Stable-Baselines3 does.
 */
export function normalise(advantages: Float32Array, samples: Int32Array, normalised: Float32Array): void {
  const count = samples.length;
  let sum = 0;
  for (const sample of samples) sum += advantages[sample]!;
  const mean = sum / count;
  let squares = 0;
  for (const sample of samples) squares += (advantages[sample]! - mean) ** 2;
  const scale = 1 / (Math.sqrt(squares / (count - 1)) + 1e-8);
  for (const sample of samples) normalised[sample] = (advantages[sample]! - mean) * scale;
}
