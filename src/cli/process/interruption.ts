import { setImmediate } from "node:timers/promises";
import { unwritable } from "../../files/unwritable.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Errors of standard output once its reader has gone, such as `head` or a closed terminal. */
const READER_GONE: readonly (string | undefined)[] = ["EPIPE", "EIO"];

/**
 * For a command with work to finish: `signal` aborts at SIGINT, SIGTERM and SIGHUP, and when standard output fails. A
 * second Ctrl-C changes nothing.
 */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #silence = new AbortController();
  readonly #outlivesOutput: boolean;
  #outputError: NodeJS.ErrnoException | undefined;

  /** @param outlivesOutput true for a command that goes on when standard output fails; default false */
  constructor({ outlivesOutput = false } = {}) {
    this.#outlivesOutput = outlivesOutput;
    for (const name of SIGNALS) process.on(name, this.#stop);
    process.stdout.on("error", this.#outputFailed);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with `signal`, and when standard output fails. */
  get silent(): AbortSignal {
    return this.#silence.signal;
  }

  /** True while standard output works. */
  get canPrint(): boolean {
    return this.#outputError === undefined;
  }

  /** @throws InputError if standard output failed, with the last line or before, but for a reader that has gone */
  async check(): Promise<void> {
    // A stream tells of a failed write only after the code that wrote.
    await setImmediate();
    const error = this.#outputError;
    if (error && !READER_GONE.includes(error.code)) throw unwritable("standard output", error);
  }

  /** From now on signals end the process at once. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#stop);
    process.stdout.off("error", this.#outputFailed);
  }

  readonly #stop = (): void => {
    this.#controller.abort();
    this.#silence.abort();
  };

  readonly #outputFailed = (error: NodeJS.ErrnoException): void => {
    this.#outputError ??= error;
    if (this.#outlivesOutput) this.#silence.abort();
    else this.#stop();
  };
}
