import { Interruption } from "./interruption.js";

/** Runs a node until it ends by itself or `signal` aborts. */
export type Run = (argv: readonly string[], signal: AbortSignal) => Promise<void>;

/** A node that has not ended by then is ended, milliseconds. Torn down inside onnxruntime the process would abort. */
const PATIENCE = 4000;

/**
 * Runs a node until it is told to end (SIGINT, SIGTERM, SIGHUP), and then ends the process with 0: native threads of
 * ROS 2 and of inference would keep it.
 * @param load what takes long to load comes after the process has learnt to end
 */
export async function untilTold(argv: readonly string[], load: () => Promise<Run>): Promise<void> {
  const interruption = new Interruption();
  const { signal } = interruption;
  process.on("uncaughtException", survived);
  let isLoaded = false;
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener("abort", () => {
    if (!isLoaded) process.exit(0);
    timer = setTimeout(() => process.exit(0), PATIENCE);
  });
  try {
    const run = await load();
    isLoaded = true;
    await run(argv, signal);
  } catch (error) {
    // What breaks while all is being torn down is no failure.
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    interruption.end();
    process.off("uncaughtException", survived);
  }
  if (signal.aborted) process.exit(0);
}

/** A robot's node does not end for one callback; every one is guarded, and this is for what nobody thought of. */
function survived(error: Error): void {
  process.stderr.write(`torquelens: ${error.stack ?? error.message}\n`);
}
