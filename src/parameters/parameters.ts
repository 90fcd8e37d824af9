import { InputError } from "../errors.js";
import { own } from "../own.js";
import { near } from "./near.js";
import { problemOf, type Table, type Value, type Values } from "./spec.js";

/** State of the node, which decides whether a parameter may be changed. */
export type Phase = "unconfigured" | "configured";

/**
 * Puts a change of one or more values into effect. If it throws, the change is refused and nothing is kept.
 * @param changes names and values that differ from the current ones
 */
export type Apply = (changes: ReadonlyMap<string, Value>) => void | Promise<void>;

/** Called after a change took effect. */
export type Changed = (changes: ReadonlyMap<string, Value>) => void;

/** The parameters of a node. All changes go through `set`. */
export class Parameters<T extends Table> {
  readonly #values = new Map<string, Value>();
  readonly #changed: Changed[] = [];
  #last: Promise<unknown> = Promise.resolve();
  /** Set by the node. */
  phase: Phase = "unconfigured";
  /** Puts changes into effect. Set by the node. */
  apply: Apply = () => {};

  #table: Table;

  /** @param given values other than the defaults, checked before (`problemOf`) */
  constructor(table: T, given: ReadonlyMap<string, Value> = new Map()) {
    this.#table = table;
    for (const [name, spec] of Object.entries(table)) this.#values.set(name, given.get(name) ?? spec.default);
  }

  /** The current table of parameters. */
  get table(): Table {
    return this.#table;
  }

  /**
   * Replaces all parameters whose names begin with a prefix, by those that a policy needs. Values that were given or set
   * before are kept.
   * @throws InputError for a kept value that does not fit, or whose parameter no longer exists; nothing changes then
   */
  replace(prefix: string, table: Table): void {
    const before = Object.entries(this.#table).filter(([name]) => name.startsWith(prefix));
    for (const [name, spec] of before) {
      const value = this.#values.get(name)!;
      const known = own(table, name);
      const names = Object.keys(table).join(", ") || "none";
      const nothing = `the policy has no such modality, expected one of ${names}; give [] to remove it`;
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

  /** A value by name; undefined for an unknown one. */
  value(name: string): Value | undefined {
    return this.#values.get(name);
  }

  onChanged(changed: Changed): void {
    this.#changed.push(changed);
  }

  /**
   * Changes all of these values or none. A change waits for those before it.
   * @returns why it was refused, one line naming the parameter; undefined on success
   */
  set(changes: ReadonlyMap<string, unknown>): Promise<string | undefined> {
    const done = this.#last.then(() => this.#set(changes));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Sets values without a check, those that the program finds out itself. */
  report(values: Iterable<readonly [name: string, value: Value]>): void {
    const changes = new Map(values);
    for (const [name, value] of changes) this.#values.set(name, value);
    for (const changed of this.#changed) changed(changes);
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
    const spec = own(this.#table, name);
    if (!spec) return `no such parameter${near(name, Object.keys(this.#table))}`;
    if (value === undefined) return "a parameter of this node cannot be removed";
    const problem = problemOf(spec, value);
    if (problem !== undefined || same(value, this.#values.get(name))) return problem;
    if (spec.changeable === "never") return "can only be read";
    if (spec.changeable === "start") return "can be set only at start";
    if (spec.changeable === "unconfigured" && this.phase !== "unconfigured")
      return "can be changed only while the node is unconfigured (ros2 lifecycle set NODE cleanup)";
    return undefined;
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => item === b[i]);
  return a === b;
}
