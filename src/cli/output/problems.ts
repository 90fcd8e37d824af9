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

  /** A line each kind, the commonest first. */
  report(out: { write(text: string): unknown }): void {
    const kinds = this.#byCount();
    for (const { first, count } of kinds.slice(0, SHOWN)) {
      const again = count === 1 ? "" : ` (${count} times)`;
      out.write(`warning: ${first}${again}\n`);
    }
    if (kinds.length > SHOWN) out.write(`warning: ${kinds.length - SHOWN} more kinds of problems\n`);
  }

  #byCount() {
    return [...this.#kinds.values()].sort((a, b) => b.count - a.count);
  }
}
