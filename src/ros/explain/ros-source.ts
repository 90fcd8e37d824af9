import type { Explanation } from "../../explain/explanation.js";
import { Mailbox } from "../../explain/mailbox.js";
import type { Observation, ObservationFlag } from "../../explain/observation.js";
import type { Source } from "../../explain/pipeline.js";
import type { Match } from "../../sensing/match.js";
import type { Observer } from "../../sensing/observer.js";
import type { Commander } from "./commander.js";

/**
 * Observations from a robot's messages: always the newest, without a queue. Frees an observation's images one turn of the
 * event loop after its explanation went to the sinks, since the garbage collector is too slow for megabytes at 20 Hz.
 */
export class RosSource implements Source {
  readonly #mailbox = new Mailbox<Match>();
  readonly #flags = new WeakMap<Observation, ObservationFlag[]>();
  /** Called with the torques before the explanation begins, where the node commands them. */
  readonly command?: (torque: Float32Array, observation: Observation) => void;

  /** @param failed called for a match that could not be observed */
  constructor(
    private readonly observer: Observer,
    private readonly failed: (error: Error) => void,
    commander: Commander | undefined,
  ) {
    if (!commander) return;
    this.command = (torque, observation) => {
      const { torque: sent, clipped } = commander.send(torque);
      // The explanation copies its observation's flags when it is done.
      if (clipped.length > 0) this.#flags.get(observation)?.push("limit_clipped");
      observer.commanded(sent);
    };
  }

  /** Posts a match; it replaces one that was not observed yet. */
  readonly matched = (match: Match): void => this.#mailbox.post(match);

  /** Number of matches that a newer one replaced before they were observed. */
  get replaced(): number {
    return this.#mailbox.replaced;
  }

  async *observations(): AsyncGenerator<Observation> {
    let counted = 0;
    for await (const match of this.#mailbox) {
      const skipped = this.replaced - counted;
      const found = await match.observe().catch(this.failed);
      if (!found) continue;
      const flags = [...found.flags];
      counted += skipped;
      const observation = { ...found, skipped, flags };
      this.#flags.set(observation, flags);
      yield observation;
      // The sinks have it by now, and copy what they draw later in the next turn of the event loop.
      setImmediate(() => match.release());
    }
  }

  accept({ torque }: Explanation): void {
    if (!this.command) this.observer.commanded(torque);
  }

  async close(): Promise<void> {
    this.#mailbox.close();
  }
}
