/**
 * What a promise gives, or the signal's reason as soon as it aborts; what is then still made is given back once it is.
 * @throws the signal's reason; what the promise is rejected with
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
