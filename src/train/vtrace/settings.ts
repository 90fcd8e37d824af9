/** Settings of V-trace actor-critic (IMPALA: Espeholt et al. 2018). */
export interface VtraceSettings {
  /** Environment steps of the whole training. */
  readonly totalSteps: number;
  /** Worlds stepped at once, and steps of each an update: the batch holds one trajectory of each world. */
  readonly worlds: number;
  readonly unroll: number;
  /** Updates by which the parameters that act are older than those that learn. */
  readonly lag: number;
  /** What rewards are multiplied by for the learning, default 1; they are then clipped to −1 and 1. */
  readonly rewardScale?: number;
  /** Discount γ. */
  readonly gamma: number;
  /** Largest importance weights: ρ̄ of the temporal differences and of the policy's gradient, c̄ of the traces. */
  readonly rho: number;
  readonly trace: number;
  /** Learning rate at the start; it falls in a line to `rateEnd` of it. */
  readonly rate: number;
  readonly rateEnd: number;
  /** Of RMSProp: what remains of the mean square in a step, and ε beside its root. */
  readonly decay: number;
  readonly epsilon: number;
  /** Weights of the entropy and of half the squared error of the values. */
  readonly entropy: number;
  readonly value: number;
  /** Largest norm of the gradient, which is a sum over the batch's steps. */
  readonly gradientNorm: number;
}
