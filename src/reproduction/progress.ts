/** How a long run tells of its course, and is stopped. */
export interface Progress {
  readonly signal?: AbortSignal | undefined;
  /** Called once it is known how many steps and explanations there will be. */
  readonly begin?: ((total: number) => void) | undefined;
  /** Called after each control step and each explanation. */
  readonly done?: (() => void) | undefined;
}
