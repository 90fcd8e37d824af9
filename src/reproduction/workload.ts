/** How much is run. */
export interface Workload {
  readonly seed: number;
  /** Episodes in each of a task's conditions. */
  readonly perCondition: number;
  /** Every so many ticks are explained under other conventions than the first. */
  readonly stride: number;
  /** The same for other weightings of the torques, under every convention. */
  readonly alphaStride: number;
  /** Observations that heatmaps of torques, and of networks drawn anew, are compared on. */
  readonly torqueTicks: number;
  readonly cascadeTicks: number;
}

export const FULL: Workload = { seed: 0, perCondition: 5, stride: 1, alphaStride: 4, torqueTicks: 16, cascadeTicks: 8 };
/** For a look, and for tests: too little to judge trends by. */
export const QUICK: Workload = {
  seed: 0,
  perCondition: 1,
  stride: 20,
  alphaStride: 20,
  torqueTicks: 2,
  cascadeTicks: 1,
};
