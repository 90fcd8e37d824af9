import { Interruption } from "./interruption.js";

/** A node that has not ended by then is ended, milliseconds: it is promised within a second. */
const PATIENCE = 800;

/**
 * Runs a node until it ends by itself or is told to end (SIGINT, SIGTERM, SIGHUP), and then ends the process with 0:
 * native threads of ROS 2 and of inference would keep it.
 */
export async function endsWith(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = new Interruption();
  process.on("uncaughtException", survived);
  const { signal } = interruption;
  let timer: NodeJS.Timeout | undefined;
  signal.addEventListener("abort", () => {
    timer = setTimeout(() => process.exit(0), PATIENCE);
  });
  try {
    await run(signal);
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
