import type { Message } from "./source.js";

/** Takes what a source gives. */
export interface Listener {
  /** Called with every message that was asked for. */
  message(message: Message): void;
  /** Called where time jumped: what was shown before is not what came just before. */
  jump(): void;
}

/** Those who listen to a source, told in the order in which they came. */
export class Listeners implements Listener {
  readonly #all = new Set<Listener>();

  /** Returns the way to end it. */
  add(listener: Listener): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  message(message: Message): void {
    for (const listener of this.#all) listener.message(message);
  }

  jump(): void {
    for (const listener of this.#all) listener.jump();
  }
}
