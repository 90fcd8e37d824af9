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
  /** Newest request for each name: an answer to an older one leaves what was asked for since. */
  readonly #requests = new Map<string, string>();
  #made = 0;

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
      for (const { name } of parameters) if (this.#requests.get(name) === id) asked.delete(name);
      this.asked.value = asked;
    }
  }

  status(level: number, message: string): void {
    if (level > 0) this.refusal.value = message;
  }

  set(name: string, value: ParameterValue): void {
    this.setAll({ [name]: value });
  }

  /** All of them or none. */
  setAll(values: Readonly<Record<string, ParameterValue>>): void {
    this.refusal.value = "";
    this.asked.value = new Map([...this.asked.value, ...Object.entries(values)]);
    const id = `set ${this.#made++}`;
    for (const name of Object.keys(values)) this.#requests.set(name, id);
    const parameters = Object.entries(values).map(([name, value]) => ({
      name,
      value,
      ...(typeof value === "number" && { type: "float64" }),
    }));
    this.#send({ op: "setParameters", parameters, id });
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
