const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** The reader of standard output has gone: it saw enough, or its terminal was closed. */
const READER_GONE: readonly (string | undefined)[] = ["EPIPE", "EIO"];

/**
 * For a command that has something to finish: `signal` aborts at Ctrl-C, when the process is told to end, and when
 * standard output takes no more. A second Ctrl-C changes nothing.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #outputError: NodeJS.ErrnoException | undefined;

  constructor() {
    for (const name of SIGNALS) process.on(name, this.#stop);
    process.stdout.on("error", this.#outputFailed);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether anybody can still be told anything on standard output. */
  get canPrint(): boolean {
    return this.#outputError === undefined;
  }

  /** @throws Error where standard output failed for another reason than that its reader has gone */
  check(): void {
    const error = this.#outputError;
    if (error && !READER_GONE.includes(error.code)) throw new Error(`standard output: ${error.message}`);
  }

  /** From here on signals end the process at once. */
  end(): void {
    for (const name of SIGNALS) process.off(name, this.#stop);
    process.stdout.off("error", this.#outputFailed);
  }

  readonly #stop = (): void => this.#controller.abort();

  readonly #outputFailed = (error: NodeJS.ErrnoException): void => {
    this.#outputError ??= error;
    this.#stop();
  };
}
