/** Told of what a callback threw: which callback, and the error. */
export type Failed = (where: string, error: Error) => void;

/**
 * A callback from which nothing is thrown, at once or later: the client library answers an error in a callback by
 * aborting the process. What it threw goes to `failed`.
 */
export function guarded<Arguments extends readonly unknown[]>(
  where: string,
  callback: (...args: Arguments) => unknown,
  failed: Failed,
): (...args: Arguments) => void {
  const report = (error: unknown): void => {
    try {
      failed(where, error instanceof Error ? error : new Error(String(error)));
    } catch {
      // Nobody is left to tell.
    }
  };
  return (...args) => {
    try {
      const result = callback(...args);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  };
}
