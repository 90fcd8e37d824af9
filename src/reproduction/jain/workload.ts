/** Extent of the reproduction. */
export interface Workload {
  /** Episodes of a trained policy, and of each randomly initialised one. */
  readonly trained: number;
  readonly random: number;
  /** Episodes of a trained policy whose interactions are explained by regions. */
  readonly regions: number;
  /** Episodes that a trained policy plays with everything, and without each modality. */
  readonly trials: number;
  /** Randomly initialised policies of each architecture. */
  readonly seeds: number;
  readonly seed: number;
}

/** As the paper has it (Fig. 2). */
export const FULL: Omit<Workload, "seed"> = { trained: 100, random: 10, regions: 20, trials: 50, seeds: 5 };
export const QUICK: Omit<Workload, "seed"> = { trained: 8, random: 2, regions: 2, trials: 4, seeds: 2 };
