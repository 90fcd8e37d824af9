import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Sink } from "../../explain/pipeline.js";
import type { ExplanationNumbers } from "../../messages/explanation-numbers.js";
import { visible } from "../../text/visible.js";
import { explanationJson } from "./explanation-json.js";

/** Prints one JSON object per tick, and a last one with the summary. Loses none: a slow reader slows the run down. */
export class JsonLines implements Sink {
  /** Stamp of the first tick, nanoseconds. */
  #start: bigint | undefined;

  /** @param silent aborts where nobody waits for more lines */
  constructor(
    private readonly output: Writable,
    private readonly silent: AbortSignal,
  ) {}

  async write(explanation: ExplanationNumbers): Promise<void> {
    this.#start ??= explanation.observation.stamp;
    await this.#print(explanationJson(explanation, this.#start));
  }

  /** Prints the last line. */
  async summary(summary: object): Promise<void> {
    await this.#print({ summary });
  }

  async close(): Promise<void> {}

  async #print(line: object): Promise<void> {
    if (!this.output.writable || this.output.write(visible(`${JSON.stringify(line)}\n`))) return;
    // A listener elsewhere handles an output that fails.
    await once(this.output, "drain", { signal: this.silent }).catch(() => undefined);
  }
}
