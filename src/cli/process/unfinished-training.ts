import { InputError } from "../../errors.js";

/** What to say of a training that ended early: the user's mistake as it is, else what is kept in its run folder. */
export function unfinishedTraining(error: unknown, signal: AbortSignal, runFolder: string): unknown {
  if (signal.aborted) {
    const again = `run the same command to continue from ${runFolder}`;
    return new Error(`interrupted; no policy was written; ${again}`, { cause: error });
  }
  if (error instanceof InputError || !(error instanceof Error)) return error;
  return new Error(`${error.message}; no policy was written; the last good checkpoint is in ${runFolder}`, {
    cause: error,
  });
}
