/** Number of episodes and explanations. */
export interface Workload {
  readonly seed: number;
  /** Episodes in each of a task's conditions. */
  readonly perCondition: number;
  /** Every `stride`th tick is explained under conventions other than the default. */
  readonly stride: number;
  /** Every `mapStride`th tick has heatmaps under conventions other than the default. */
  readonly mapStride: number;
  /** Every `alphaStride`th tick is explained with other weightings of the torques, under every convention. */
  readonly alphaStride: number;
  /** Number of observations on which the heatmaps of two torques, and of randomised networks, are compared. */
  readonly torqueTicks: number;
  readonly cascadeTicks: number;
  /** Most policies of a set. */
  readonly setPolicies: number;
  /** Episodes in each condition of every policy of a set, and the ticks of them that are explained. */
  readonly setPerCondition: number;
  readonly setStride: number;
}

/** Of the runs with distractors. */
export const distractorWorkload = ({ seed, setPerCondition, setStride }: Workload) => ({
  seed,
  perCondition: setPerCondition,
  stride: 5 * setStride,
});

export const FULL: Workload = {
  seed: 0,
  perCondition: 5,
  stride: 1,
  mapStride: 4,
  alphaStride: 4,
  torqueTicks: 16,
  cascadeTicks: 8,
  setPolicies: 100,
  setPerCondition: 3,
  setStride: 1,
};
/** For a first look and for tests; too few episodes to judge trends. */
export const QUICK: Workload = {
  seed: 0,
  perCondition: 1,
  stride: 20,
  mapStride: 20,
  alphaStride: 20,
  torqueTicks: 2,
  cascadeTicks: 1,
  setPolicies: 1,
  setPerCondition: 1,
  setStride: 1,
};
