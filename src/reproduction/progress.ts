/** Reports the progress of a long run, and stops it. */
export interface Progress {
  readonly signal?: AbortSignal | undefined;
  /** Called once with the total number of control steps and explanations. */
  readonly begin?: ((total: number) => void) | undefined;
  /** Called after each control step and each explanation. */
  readonly done?: (() => void) | undefined;
}
