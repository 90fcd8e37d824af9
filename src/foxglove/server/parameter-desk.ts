import type { ServedParameter } from "../protocol.js";

/** A client that asks for parameters. */
export interface ParameterClient {
  /** Names of the parameters that it watches. */
  readonly watched: Set<string>;
  /** Changes asked for that are not made or refused yet. */
  changing: number;
  /** Sends values; dropped if the client does not read. @param id of the request that they answer */
  values(parameters: readonly ServedParameter[], id: string | undefined): void;
  /** Sends a line about a request that was refused. */
  refuse(line: string): void;
}

/** Names and values that a client asks for. */
export type Change = readonly (readonly [name: string, value: unknown])[];

/** Largest number of changes that a client may have under way. */
const MOST_CHANGES = 8;

/**
 * The parameters in the server's thread: a copy of their values, which clients read without asking the sink's thread,
 * and the changes that are under way there.
 */
export class ParameterDesk {
  readonly #values: Map<string, ServedParameter>;
  readonly #change: (id: number, change: Change) => void;
  readonly #pending = new Map<number, { readonly client: ParameterClient; readonly names: string[]; id?: string }>();
  readonly #clients = new Set<ParameterClient>();
  #next = 0;

  /** @param change passes a change to the sink's thread, which answers it with `settled` */
  constructor(parameters: readonly ServedParameter[], change: (id: number, change: Change) => void) {
    this.#values = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    this.#change = change;
  }

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** Sends values, without names all of them. Returns a line about names that do not exist. */
  get(client: ParameterClient, names: readonly string[], id: string | undefined): string | undefined {
    client.values(names.length === 0 ? [...this.#values.values()] : this.#known(names), id);
    return this.#unknown("getParameters", names);
  }

  set(client: ParameterClient, change: Change, id: string | undefined): void {
    const names = change.map(([name]) => name);
    if (client.changing >= MOST_CHANGES) {
      client.refuse(`setParameters: ${MOST_CHANGES} changes are under way, wait for them`);
      client.values(this.#known(names), id);
      return;
    }
    this.#next += 1;
    client.changing += 1;
    this.#pending.set(this.#next, { client, names, ...(id !== undefined && { id }) });
    this.#change(this.#next, change);
  }

  /** A change was made, or refused for a reason. The values then go to who asked, old ones where it was refused. */
  settled(change: number, refusal: string | undefined): void {
    const pending = this.#pending.get(change);
    this.#pending.delete(change);
    if (!pending) return;
    const { client, names, id } = pending;
    client.changing -= 1;
    if (refusal !== undefined) client.refuse(refusal);
    if (refusal !== undefined || id !== undefined) client.values(this.#known(names), id);
  }

  /** Watches parameters, without names all. Returns a line about names that do not exist. */
  watch(client: ParameterClient, names: readonly string[]): string | undefined {
    const added = (names.length === 0 ? [...this.#values.keys()] : names).filter((name) => this.#values.has(name));
    for (const name of added) client.watched.add(name);
    this.#clients.add(client);
    return this.#unknown("subscribeParameterUpdates", names);
  }

  /** Watches no longer, without names none. */
  unwatch(client: ParameterClient, names: readonly string[]): void {
    if (names.length === 0) client.watched.clear();
    for (const name of names) client.watched.delete(name);
    if (client.watched.size === 0) this.#clients.delete(client);
  }

  /** Takes changed values and sends them to who watches them. */
  update(changed: readonly ServedParameter[]): void {
    for (const parameter of changed) this.#values.set(parameter.name, parameter);
    for (const client of this.#clients) {
      const seen = changed.filter(({ name }) => client.watched.has(name));
      if (seen.length > 0) client.values(seen, undefined);
    }
  }

  leave(client: ParameterClient): void {
    this.#clients.delete(client);
    for (const [change, pending] of this.#pending) if (pending.client === client) this.#pending.delete(change);
  }

  #known(names: readonly string[]): ServedParameter[] {
    return [...new Set(names)].flatMap((name) => this.#values.get(name) ?? []);
  }

  #unknown(operation: string, names: readonly string[]): string | undefined {
    const name = names.find((asked) => !this.#values.has(asked));
    return name === undefined ? undefined : `${operation}: no parameter ${JSON.stringify(name.slice(0, 60))}`;
  }
}
