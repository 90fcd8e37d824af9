/**
 * Waits for a promise, but no longer than until the signal aborts; a result that arrives later goes to `giveBack`.
 * @throws the signal's reason; the reason of the promise
 */
export async function unlessAborted<T>(
  making: Promise<T>,
  signal: AbortSignal,
  giveBack: (made: T) => unknown,
): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([aborted, making]);
  } catch (error) {
    if (signal.aborted) making.then(giveBack, () => undefined);
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
