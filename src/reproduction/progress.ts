/** Reports the progress of a long run, and stops it. */
export interface Progress {
  readonly signal?: AbortSignal | undefined;
  /** Called after each control step and each explanation (see `workOf`). */
  readonly done?: (() => void) | undefined;
}
