import { InputError } from "../../errors.js";
import type { DType } from "../../graph/dtype.js";
import { constantOf } from "../../graph/fold.js";
import type { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";

/** A node of a TensorFlow graph as `modelTopology` holds it. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[] | undefined;
  readonly attr?: Readonly<Record<string, AttrValue>> | undefined;
}

/** An attribute: one key says its kind. Texts are in base64, whole numbers may be texts. */
type AttrValue = Readonly<Record<string, unknown>>;

/** Element types by their names in files; an unsigned byte is read as it is. */
const TYPES: Readonly<Record<string, DType>> = {
  DT_FLOAT: "float32",
  DT_INT32: "int32",
  DT_INT64: "int32",
  DT_BOOL: "bool",
  DT_UINT8: "uint8",
};

/** An operation of a TensorFlow graph: reads its attributes and inputs, and says where something is wrong. */
export class Operation {
  constructor(
    readonly node: NodeDef,
    readonly inputs: readonly Value[],
    readonly weights: ReadonlyMap<string, Literal>,
    readonly source: string,
  ) {}

  error(problem: string): InputError {
    return new InputError(`${this.source}: node ${JSON.stringify(this.node.name)} (${this.node.op}): ${problem}`);
  }

  input(i: number): Value {
    const value = this.inputs[i];
    if (!value) throw this.error(`has ${this.inputs.length} inputs, expected ${i + 1} or more`);
    return value;
  }

  /** The numbers of an input that must be constant, such as axes. */
  constant(i: number, what: string): number[] {
    const literal = constantOf(this.input(i));
    if (!literal) throw this.error(`its ${what} depend on the input; expected constants`);
    return Array.from(literal.numbers());
  }

  /** The constant axes of input `i`, counted from the first. */
  axes(i: number, rank = this.input(0).shape.length): number[] {
    return this.constant(i, "axes").map((axis) => (axis < 0 ? axis + rank : axis));
  }

  #attribute(key: string, kind: string): unknown {
    const attribute = own(this.node.attr, key);
    return attribute === undefined ? undefined : own(attribute, kind);
  }

  flag(key: string, fallback = false): boolean {
    return Boolean(this.#attribute(key, "b") ?? fallback);
  }

  number(key: string, fallback: number): number {
    const value = Number(this.#attribute(key, "f") ?? this.#attribute(key, "i") ?? fallback);
    if (!Number.isFinite(value)) throw this.error(`${key}: expected a number`);
    return value;
  }

  text(key: string, fallback: string): string {
    const value = this.#attribute(key, "s");
    return value === undefined ? fallback : decodedText(value);
  }

  texts(key: string): string[] {
    const list = this.#attribute(key, "list") as { s?: unknown } | undefined;
    return Array.isArray(list?.s) ? list.s.map(decodedText) : [];
  }

  /** Whole numbers of a list; `fallback` where the file leaves it out or empty. */
  numbers(key: string, fallback: readonly number[]): number[] {
    const list = this.#attribute(key, "list") as { i?: unknown } | undefined;
    const numbers = Array.isArray(list?.i) ? list.i.map(Number) : [];
    return numbers.length > 0 ? numbers : [...fallback];
  }

  /** The numbers of a list that belong to height and width. */
  spatial(key: string): number[] {
    return this.numbers(key, [1, 1, 1, 1]).slice(1, 3);
  }

  /** An element type; undefined where the file does not say it. */
  type(key: string): DType | undefined {
    const name = this.#attribute(key, "type");
    if (name === undefined) return undefined;
    const found = typeof name === "string" ? own(TYPES, name) : NUMBERED[Number(name)];
    if (!found)
      throw this.error(`${key}: ${String(name)} is not supported; supported are ${Object.keys(TYPES).join(", ")}`);
    return found;
  }

  /** A shape; undefined where the file does not say it, −1 for an open axis. */
  shape(key: string): number[] | undefined {
    const shape = this.#attribute(key, "shape") as { dim?: unknown; unknownRank?: unknown } | undefined;
    if (shape === undefined || shape.unknownRank === true) return undefined;
    const dims = Array.isArray(shape.dim) ? shape.dim : [];
    return dims.map((dim: { size?: unknown }) => Number(dim.size ?? -1));
  }

  requireChannelsLast(): void {
    const format = this.text("data_format", "NHWC");
    if (format !== "NHWC") throw this.error(`data_format ${format} is not supported, expected NHWC`);
  }
}

/** Element types by their numbers, which some writers use. */
const NUMBERED: Readonly<Record<number, DType>> = { 1: "float32", 3: "int32", 4: "uint8", 9: "int32", 10: "bool" };

/** Base64, or codes of letters. */
const decodedText = (value: unknown): string =>
  Array.isArray(value) ? String.fromCharCode(...value.map(Number)) : Buffer.from(String(value), "base64").toString();

/** Builds the outputs of an operation, in their order; most have one. */
export type OperationBuilder = (operation: Operation) => Value | readonly Value[];

/** Operations by their name in TensorFlow. */
export type OperationTable = Readonly<Record<string, OperationBuilder>>;
