import { InputError } from "../../errors.js";
import type { ComparedMethod } from "../../explain/compared-method.js";
import { ComparingSink } from "../../explain/comparing-sink.js";
import type { Sink } from "../../explain/pipeline.js";
import type { Method } from "../../relevance/contract/method.js";
import type { RosSink } from "./ros-sink.js";

export interface ComparisonOptions {
  readonly compared: ComparedMethod;
  /** Publishes on `~/compare/…`; its topics are open while there is a second method. */
  readonly sink: RosSink;
  /** True where the node commands the arm: the next torque must not wait for a second explanation. */
  readonly commands: boolean;
}

/** The second method of a node, which explains every tick again. */
export class Comparison {
  constructor(private readonly options: ComparisonOptions) {}

  /**
   * Changes the second method, or ends the comparison (undefined).
   * @throws InputError for a method that cannot explain this policy, or where the node commands the arm; the old one stays
   */
  async set(method: Method | undefined): Promise<void> {
    const { compared, sink, commands } = this.options;
    if (method && commands)
      throw new InputError(
        "compare_method: the next torque would wait for a second explanation, expected empty where publish_torque is true",
      );
    await compared.set(method);
    if (method) sink.open();
    else await sink.close();
  }

  /**
   * The last sink of a run.
   * @param others that write second explanations too
   * @param failed called for a tick that the second method cannot explain
   */
  into(others: readonly Pick<Sink, "write">[], failed: (error: Error) => void): Sink {
    const { compared, sink } = this.options;
    return new ComparingSink(() => compared, [sink, ...others], failed);
  }

  /** As `RosSink.counts`. */
  counts(): ReturnType<RosSink["counts"]> {
    return this.options.sink.counts();
  }

  async close(): Promise<void> {
    await this.options.compared.close();
    await this.options.sink.close();
  }
}
