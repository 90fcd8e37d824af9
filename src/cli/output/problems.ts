import { kindOf } from "../../health/warnings.js";

/** Kinds of problems that are listed at most. */
const SHOWN = 20;

/** Collects the problems of a long run: the first of each kind in full, the others counted. */
export class Problems {
  readonly #kinds = new Map<string, { readonly first: string; count: number }>();

  readonly add = (where: string, reason: string): void => {
    const kind = `${where}: ${kindOf(reason)}`;
    const known = this.#kinds.get(kind);
    if (known) known.count++;
    else this.#kinds.set(kind, { first: `${where}: ${reason}`, count: 1 });
  };

  /** The commonest one; undefined where there was none. */
  get most(): string | undefined {
    return this.#byCount()[0]?.first;
  }

  /** Says a line for each kind, the commonest first. */
  report(say: (line: string) => void): void {
    const kinds = this.#byCount();
    for (const { first, count } of kinds.slice(0, SHOWN)) {
      const again = count === 1 ? "" : ` (${count} times)`;
      say(`${first}${again}`);
    }
    if (kinds.length > SHOWN) say(`${kinds.length - SHOWN} more kinds of problems`);
  }

  #byCount() {
    return [...this.#kinds.values()].sort((a, b) => b.count - a.count);
  }
}
