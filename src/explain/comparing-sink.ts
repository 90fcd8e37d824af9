import type { ComparedMethod } from "./compared-method.js";
import type { Explanation } from "./explanation.js";
import type { Sink } from "./pipeline.js";

/**
 * Explains every tick again with a second method, and writes that explanation. As the last sink of a run it begins when
 * the first explanation is everywhere; the next tick waits for it, so that a policy with memory misses none.
 */
export class ComparingSink implements Sink {
  /**
   * @param compared the second method now
   * @param failed called for a tick that the second method cannot explain; without it the run ends
   */
  constructor(
    private readonly compared: () => Pick<ComparedMethod, "explain">,
    private readonly writers: readonly Pick<Sink, "write">[],
    private readonly failed?: (error: Error) => void,
  ) {}

  async write(explanation: Explanation): Promise<void> {
    try {
      const second = await this.compared().explain(explanation);
      if (second) for (const writer of this.writers) await writer.write(second);
    } catch (error) {
      if (!this.failed) throw error;
      this.failed(error as Error);
    }
  }

  async close(): Promise<void> {}
}
