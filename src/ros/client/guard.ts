/** Called with the name of a callback and the error that it threw. */
export type Failed = (where: string, error: Error) => void;

/**
 * A callback that never throws or rejects: the client library aborts the process on an error in a callback. Errors go to
 * `failed`.
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
      // The report failed too; there is nothing left to do.
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
