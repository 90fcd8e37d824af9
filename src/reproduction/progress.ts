/** Reports the progress of a long run, and stops it. */
export interface Progress {
  readonly signal?: AbortSignal | undefined;
  /** Called with the steps that were done, one by default. */
  readonly done?: ((steps?: number) => void) | undefined;
}

/** Progress whose steps count as several. */
export const weighted = ({ signal, done }: Progress, steps: number): Progress => ({
  signal,
  done: () => done?.(steps),
});
