import { InputError } from "../errors.js";
import { plural } from "../numbers/format.js";
import type { Bag, Topic } from "./bag.js";

/** Instead of a message that could not be decoded. */
export const UNDECODED = Symbol("undecoded");

/** Counts messages that do not fit their definition. */
export class Undecoded {
  readonly #topics = new Map<string, { readonly logTime: bigint; readonly reason: string; count: number }>();

  constructor(private readonly bag: Pick<Bag, "path" | "start">) {}

  /** Number of them by topic. */
  get counts(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#topics, ([topic, { count }]) => [topic, count]));
  }

  /** What `decode` returns; `UNDECODED` where it throws an InputError, which is counted. */
  take<T>({ name }: Pick<Topic, "name">, logTime: bigint, decode: () => T): T | typeof UNDECODED {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.add(name, logTime, error.message);
      return UNDECODED;
    }
  }

  add(topic: string, logTime: bigint, message: string): void {
    const known = this.#topics.get(topic);
    if (known) known.count++;
    else {
      const reason = message.replace(`${this.bag.path}: ${topic}: `, "");
      this.#topics.set(topic, { logTime, reason, count: 1 });
    }
  }

  /** One line a topic, for a reader who knows the bag and the topic. */
  lines(): [topic: string, line: string][] {
    return Array.from(this.#topics, ([topic, { logTime, reason, count }]) => {
      const at = (Number(logTime - this.bag.start) / 1e9).toFixed(2);
      return [topic, `${plural(count, "message")} could not be decoded, the first at ${at} s: ${reason}`];
    });
  }
}
