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
  /** What the server refused, in its words; empty where nothing was. */
  readonly refusal = signal("");
  readonly #send: (operation: object) => void;

  constructor(send: (operation: object) => void) {
    this.#send = send;
  }

  /** @param capabilities of the server */
  connected(capabilities: readonly string[]): void {
    this.values.value = new Map();
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
  }

  status(level: number, message: string): void {
    if (level > 0) this.refusal.value = message;
  }

  set(name: string, value: ParameterValue): void {
    this.refusal.value = "";
    const type = typeof value === "number" ? { type: "float64" } : {};
    this.#send({ op: "setParameters", parameters: [{ name, value, ...type }], id: `set ${name}` });
  }
}
