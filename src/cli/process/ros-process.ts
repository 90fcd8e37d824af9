import { writeErr } from "../../text/terminal.js";
import { Interruption } from "./interruption.js";

/** Runs a node until it ends by itself or `signal` aborts. */
export type Run = (argv: readonly string[], signal: AbortSignal) => Promise<void>;

/** Milliseconds that a node has to close; then the process exits. A teardown inside onnxruntime would abort it. */
const PATIENCE = 4000;

/**
 * Runs a node until a signal (SIGINT, SIGTERM, SIGHUP), then exits with 0: native threads of ROS 2 and of inference
 * would keep the process alive.
 * @param load loads the node's code, once signals are handled
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
    // An error during teardown is no failure.
    if (!signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    interruption.end();
    process.off("uncaughtException", survived);
  }
  if (signal.aborted) process.exit(0);
}

/** A robot's node survives an error in a callback that nothing else caught. */
function survived(error: Error): void {
  writeErr(`torquelens: ${error.stack ?? error.message}\n`);
}
