import { InputError } from "../../errors.js";
import type { Overrides } from "./overrides.js";
import { problemOf, type Table, type Value, type Values, valueFrom } from "./parameter-spec.js";

/** When the owner of parameters is: what decides whether one may be changed now. */
export type Phase = "unconfigured" | "configured";

/**
 * Puts a change into effect, all values at once; whatever it throws refuses the change, and nothing is kept.
 * @param changes names and values that differ from what holds
 */
export type Apply = (changes: ReadonlyMap<string, Value>) => void | Promise<void>;

/** Told of what has changed, after it took effect. */
export type Changed = (changes: ReadonlyMap<string, Value>) => void;

/** The parameters of one node: their values, and the only way to change them. */
export class Parameters<T extends Table> {
  readonly #values = new Map<string, Value>();
  readonly #changed: Changed[] = [];
  #last: Promise<unknown> = Promise.resolve();
  /** @see Phase; the node sets it. */
  phase: Phase = "unconfigured";
  /** Puts changes into effect; the node sets it. */
  apply: Apply = () => {};

  #table: Table;

  private constructor(table: T) {
    this.#table = table;
    for (const [name, spec] of Object.entries(table)) this.#values.set(name, spec.default);
  }

  /** The parameters that there are now. */
  get table(): Table {
    return this.#table;
  }

  /**
   * Defaults, and over them what was given.
   * @throws InputError naming where a value that does not fit was given
   */
  static from<T extends Table>(table: T, overrides: Overrides): Parameters<T> {
    const parameters = new Parameters(table);
    for (const [name, { written, where }] of overrides.values) {
      const spec = Object.hasOwn(table, name) ? table[name] : undefined;
      if (!spec) continue;
      const value = valueFrom(spec, written);
      const problem = problemOf(spec, value);
      if (problem !== undefined) throw new InputError(`${where}: ${problem}`);
      parameters.#values.set(name, value as Value);
    }
    return parameters;
  }

  /**
   * Takes these in the place of all whose names begin with a prefix: parameters that are known only once there is a
   * policy. Values that were given or set before stay.
   * @throws InputError for such a value that does not fit, or that is no longer for anything; nothing is changed then
   */
  replace(prefix: string, table: Table): void {
    const before = Object.entries(this.#table).filter(([name]) => name.startsWith(prefix));
    for (const [name, spec] of before) {
      const value = this.#values.get(name)!;
      const known = Object.hasOwn(table, name) ? table[name] : undefined;
      const names = Object.keys(table).join(", ") || "none";
      const nothing = `there is nothing it could be for, expected one of ${names}; to take it back, give []`;
      const problem = same(value, spec.default) ? undefined : known ? problemOf(known, value) : nothing;
      if (problem !== undefined) throw new InputError(`parameter ${name}: ${problem}`);
    }
    const rest = Object.entries(this.#table).filter(([name]) => !name.startsWith(prefix));
    this.#table = { ...Object.fromEntries(rest), ...table };
    for (const [name, spec] of Object.entries(table))
      if (!before.some(([known]) => known === name)) this.#values.set(name, spec.default);
    for (const [name] of before) if (!Object.hasOwn(table, name)) this.#values.delete(name);
  }

  get<Name extends keyof T & string>(name: Name): Values<T>[Name] {
    return this.#values.get(name) as Values<T>[Name];
  }

  /** A value by a name that may be unknown. */
  value(name: string): Value | undefined {
    return this.#values.get(name);
  }

  onChanged(changed: Changed): void {
    this.#changed.push(changed);
  }

  /**
   * Changes all of these or none. Changes wait for those before them.
   * @returns why it was refused, one line naming the parameter; undefined where it was done
   */
  set(changes: ReadonlyMap<string, unknown>): Promise<string | undefined> {
    const done = this.#last.then(() => this.#set(changes));
    this.#last = done.catch(() => {});
    return done;
  }

  async #set(changes: ReadonlyMap<string, unknown>): Promise<string | undefined> {
    for (const [name, value] of changes) {
      const problem = this.#problem(name, value);
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    const different = new Map([...changes].filter(([name, value]) => !same(value, this.#values.get(name)))) as Map<
      string,
      Value
    >;
    try {
      if (different.size > 0) await this.apply(different);
    } catch (error) {
      return (error as Error).message;
    }
    for (const [name, value] of different) this.#values.set(name, value);
    for (const changed of this.#changed) changed(changes as ReadonlyMap<string, Value>);
    return undefined;
  }

  #problem(name: string, value: unknown): string | undefined {
    const spec = Object.hasOwn(this.#table, name) ? this.#table[name] : undefined;
    if (!spec) return `no such parameter${near(name, Object.keys(this.#table))}`;
    if (value === undefined) return "a parameter of this node cannot be removed";
    const problem = problemOf(spec, value);
    if (problem !== undefined || same(value, this.#values.get(name))) return problem;
    if (spec.changeable === "start") return "can only be given where the node is started";
    if (spec.changeable === "unconfigured" && this.phase !== "unconfigured")
      return "can be changed only while the node is unconfigured (ros2 lifecycle set NODE cleanup)";
    return undefined;
  }
}

/** Warnings that name parameters given for a node that it does not have. */
export function unknownParameters(table: Table, { values }: Overrides): string[] {
  return [...values.values()]
    .filter(({ name }) => !Object.hasOwn(table, name))
    .map(({ name, where }) => `${where}: this node has no parameter ${name}${near(name, Object.keys(table))}`);
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => item === b[i]);
  return a === b;
}

/** The known name that was probably meant. */
function near(name: string, known: readonly string[]): string {
  const closest = known
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return closest && closest.distance <= 3 ? `; did you mean ${closest.candidate}?` : "";
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
