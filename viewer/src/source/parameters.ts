import { signal } from "@preact/signals";

export type ParameterValue = number | boolean | string | readonly number[] | readonly string[] | undefined;

interface Parameter {
  readonly name: string;
  readonly value?: ParameterValue;
  readonly type?: string;
}

/** The server's parameters, kept up to date, and its last word about a change. */
export class ParameterStore {
  readonly values = signal<ReadonlyMap<string, ParameterValue>>(new Map());
  /** Values that the server was asked for and has not answered yet. */
  readonly asked = signal<ReadonlyMap<string, ParameterValue>>(new Map());
  /** What the server refused, in its words; empty where nothing was. */
  readonly refusal = signal("");
  readonly #send: (operation: object) => void;

  constructor(send: (operation: object) => void) {
    this.#send = send;
  }

  /** @param capabilities of the server */
  connected(capabilities: readonly string[]): void {
    this.values.value = new Map();
    this.asked.value = new Map();
    this.refusal.value = "";
    if (!capabilities.includes("parameters")) return;
    this.#send({ op: "getParameters", parameterNames: [], id: "all" });
  }

  /** @param id of the request that this answers */
  received(parameters: readonly Parameter[], id?: string): void {
    const values = new Map(this.values.value);
    for (const { name, value } of parameters) values.set(name, value);
    this.values.value = values;
    if (id === "all")
      this.#send({ op: "subscribeParameterUpdates", parameterNames: parameters.map(({ name }) => name) });
    else if (id !== undefined) {
      const asked = new Map(this.asked.value);
      for (const { name } of parameters) asked.delete(name);
      this.asked.value = asked;
    }
  }

  status(level: number, message: string): void {
    if (level > 0) this.refusal.value = message;
  }

  set(name: string, value: ParameterValue): void {
    this.refusal.value = "";
    this.asked.value = new Map(this.asked.value).set(name, value);
    const type = typeof value === "number" ? { type: "float64" } : {};
    this.#send({ op: "setParameters", parameters: [{ name, value, ...type }], id: `set ${name}` });
  }

  /** The text of a parameter: as it was asked for, or as it is; undefined where the server has none. */
  text(name: string): string | undefined {
    const value = this.asked.value.get(name) ?? this.values.value.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** The texts of a list that is a parameter; none where the server has none. */
  texts(name: string): readonly string[] {
    const value = this.values.value.get(name);
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }
}
