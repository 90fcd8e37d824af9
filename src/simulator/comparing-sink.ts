import type { Explanation } from "../explain/explanation.js";
import type { Sink } from "../explain/pipeline.js";
import type { SteeredRun } from "./steered-run.js";

/**
 * Explains every tick again with the run's second method, and writes that explanation. As the last sink of a run it
 * begins when the first explanation is everywhere; the next tick waits for it, so that a policy with memory misses none.
 */
export class ComparingSink implements Sink {
  constructor(
    private readonly run: SteeredRun,
    private readonly writers: readonly Pick<Sink, "write">[],
  ) {}

  async write(explanation: Explanation): Promise<void> {
    const second = await this.run.stage.compared.explain(explanation);
    if (second) for (const writer of this.writers) await writer.write(second);
  }

  async close(): Promise<void> {}
}
