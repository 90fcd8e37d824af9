import { batch } from "@preact/signals";
import { inNextFrame, notInFrame } from "../ui/frames.js";

/** A browser that draws no frame, as in a hidden tab, does not keep messages longer than this, milliseconds. */
const LONGEST = 100;

/** Keeps messages until the browser draws its next frame: a tick comes as many messages and is drawn once. */
export class Inbox<T> {
  #waiting: T[] = [];
  #since = 0;
  readonly #take: (message: T) => void;
  readonly #done: () => void;
  readonly #fail: (error: unknown) => void;

  /**
   * @param take called with each message, in order
   * @param done called after those that came together
   * @param fail called with what a message made fail; those after it are forgotten
   */
  constructor(take: (message: T) => void, done: () => void, fail: (error: unknown) => void) {
    this.#take = take;
    this.#done = done;
    this.#fail = fail;
  }

  add(message: T): void {
    const now = performance.now();
    if (this.#waiting.length === 0) this.#since = now;
    this.#waiting.push(message);
    if (document.hidden || now - this.#since > LONGEST) this.#open();
    else inNextFrame(this.#open);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    notInFrame(this.#open);
  }

  readonly #open = (): void => {
    const all = this.#waiting;
    this.clear();
    try {
      batch(() => {
        for (const message of all) this.#take(message);
        this.#done();
      });
    } catch (error) {
      this.#fail(error);
    }
  };
}
