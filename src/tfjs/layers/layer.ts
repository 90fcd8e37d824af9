import { InputError } from "../../errors.js";
import { constant } from "../../graph/build.js";
import type { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { ACTIVATION_NAMES, type Activation, activationNamed } from "../activations.js";
import { elementwise } from "../channels-last.js";

/** A layer of a Keras network: reads its configuration and weights, and says where something is wrong. */
export class Layer {
  constructor(
    readonly className: string,
    readonly name: string,
    readonly config: Readonly<Record<string, unknown>>,
    readonly inputs: readonly Value[],
    readonly weights: ReadonlyMap<string, Literal>,
    readonly source: string,
  ) {}

  /** The one input. */
  get input(): Value {
    if (this.inputs.length !== 1) throw this.error(`has ${this.inputs.length} inputs, expected one`);
    return this.inputs[0]!;
  }

  error(problem: string): InputError {
    return new InputError(`${this.source}: layer ${JSON.stringify(this.name)} (${this.className}): ${problem}`);
  }

  /** A weight by its name within the layer; files of Keras 2 name the cell too, as in `lstm/lstm_cell/kernel`. */
  weight(name: string): Value {
    const found = this.weightIfThere(name);
    if (!found) throw this.error(`its weight ${JSON.stringify(`${this.name}/${name}`)} is not in the weightsManifest`);
    return found;
  }

  weightIfThere(name: string): Value | undefined {
    const literal = this.weights.get(`${this.name}/${name}`) ?? this.#deeper(name);
    return literal && constant(literal, `${this.name}/${name}`);
  }

  #deeper(name: string): Literal | undefined {
    for (const [key, literal] of this.weights)
      if (key.startsWith(`${this.name}/`) && key.endsWith(`/${name}`)) return literal;
    return undefined;
  }

  /** The bias, where the layer has one. */
  get bias(): Value | undefined {
    return this.flag("use_bias", true) ? this.weight("bias") : undefined;
  }

  flag(key: string, fallback: boolean): boolean {
    const value = own(this.config, key) ?? fallback;
    if (typeof value !== "boolean") throw this.#unexpected(key, "true or false");
    return value;
  }

  text(key: string, fallback: string): string {
    const value = own(this.config, key) ?? fallback;
    if (typeof value !== "string") throw this.#unexpected(key, "a name");
    return value;
  }

  number(key: string, fallback?: number): number {
    const value = own(this.config, key) ?? fallback;
    if (typeof value !== "number") throw this.#unexpected(key, "a number");
    return value;
  }

  /** Whole numbers, one for each of `count` axes; one number stands for all. */
  numbers(key: string, count: number, fallback?: number | readonly number[]): number[] {
    const value = own(this.config, key) ?? fallback;
    const list = typeof value === "number" ? Array<number>(count).fill(value) : value;
    if (!Array.isArray(list) || list.length !== count || !list.every(Number.isInteger))
      throw this.#unexpected(key, `${count} whole numbers`);
    return list as number[];
  }

  /** The layer's activation. @throws InputError for an unknown one */
  activation(key = "activation", fallback = "linear"): Activation {
    const name = this.text(key, fallback);
    const found = activationNamed(name);
    if (!found) throw this.error(`${key} ${name} is not supported; supported are ${ACTIVATION_NAMES.join(", ")}`);
    return found.isElementwise ? (x) => elementwise(x, found.apply) : found.apply;
  }

  /** Refuses channels before the places, which no TensorFlow.js backend of this format trains. */
  requireChannelsLast(): void {
    const format = this.text("data_format", "channels_last");
    if (format !== "channels_last" && format !== "channelsLast")
      throw this.error(`data_format ${format} is not supported, expected channels_last`);
  }

  padding(): "same" | "valid" {
    const padding = this.text("padding", "valid");
    if (padding !== "same" && padding !== "valid") throw this.#unexpected("padding", "same or valid");
    return padding;
  }

  #unexpected(key: string, expected: string): InputError {
    return this.error(`${key}: found ${JSON.stringify(own(this.config, key)) ?? "nothing"}, expected ${expected}`);
  }
}

/** Builds a layer's output. */
export type LayerBuilder = (layer: Layer) => Value;

/** Layers by their class in the file. */
export type LayerTable = Readonly<Record<string, LayerBuilder>>;
