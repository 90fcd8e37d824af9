import type { Explanation } from "../../explain/explanation.js";
import { Mailbox } from "../../explain/mailbox.js";
import type { Observation, ObservationFlag } from "../../explain/observation.js";
import type { Source } from "../../explain/pipeline.js";
import type { Match } from "../../sensing/match.js";
import type { Observer } from "../../sensing/observer.js";
import type { Commander } from "./commander.js";

/**
 * Observations of a robot's messages: always the newest, never a queue. Images are there until the event loop's next turn
 * after an explanation was handed on: megabytes twenty times a second are too many to wait for the collector.
 */
export class RosSource implements Source {
  readonly #mailbox = new Mailbox<Match>();
  readonly #flags = new WeakMap<Observation, ObservationFlag[]>();
  /** Told of the torques before the explanation is begun, where they are commanded. */
  readonly command?: (torque: Float32Array, observation: Observation) => void;

  /** @param failed told of a match that should have become an observation */
  constructor(
    private readonly observer: Observer,
    private readonly failed: (error: Error) => void,
    commander: Commander | undefined,
  ) {
    if (!commander) return;
    this.command = (torque, observation) => {
      const { torque: sent, clipped } = commander.send(torque);
      // The explanation's flags are those of its observation once it is done.
      if (clipped.length > 0) this.#flags.get(observation)?.push("limit_clipped");
      observer.commanded(sent);
    };
  }

  /** A match that is complete; it takes the place of one that nobody has looked at. */
  readonly matched = (match: Match): void => this.#mailbox.post(match);

  /** Matches that a newer one replaced before they could be explained. */
  get replaced(): number {
    return this.#mailbox.replaced;
  }

  async *observations(): AsyncGenerator<Observation> {
    for await (const match of this.#mailbox) {
      const found = await match.observe().catch(this.failed);
      if (!found) continue;
      const flags = [...found.flags];
      const observation = { ...found, flags };
      this.#flags.set(observation, flags);
      yield observation;
      // It was handed to the sinks by now; what they draw later they copy in the next turn of the event loop.
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
