import { own } from "../../own.js";
import type { DType } from "../dtype.js";
import type { Literal } from "../literal.js";
import { type Shape, ShapeError } from "../shape.js";
import type { Attributes, TensorType, Value } from "../value.js";

/** Kinds of ONNX attributes in inference networks. */
export type AttributeKind = "int" | "ints" | "float" | "string";

/** A node in shape inference. */
export class Inference {
  constructor(
    readonly op: string,
    readonly inputs: readonly (Value | undefined)[],
    readonly attributes: Attributes,
    /** Number of outputs; undefined lets the operator decide. */
    readonly outputCount?: number,
  ) {}

  input(i: number): Value {
    const value = this.inputs[i];
    if (!value) throw new ShapeError(`${this.op}: input ${i} is missing`);
    return value;
  }

  shape(i: number): Shape {
    return this.input(i).shape;
  }

  /** A literal input, needed where it decides the output's shape. */
  literal(i: number, what: string): Literal {
    const { literal } = this.input(i);
    if (!literal) throw new ShapeError(`${this.op}: ${what} must be a constant, it is computed at run time`);
    return literal;
  }

  ints(i: number, what: string): number[] {
    return Array.from(this.literal(i, what).numbers());
  }

  int(name: string, fallback: number): number {
    return (own(this.attributes, name) as number | undefined) ?? fallback;
  }

  intsAttribute(name: string, fallback: readonly number[]): readonly number[] {
    return (own(this.attributes, name) as readonly number[] | undefined) ?? fallback;
  }

  string(name: string, fallback: string): string {
    return (own(this.attributes, name) as string | undefined) ?? fallback;
  }

  /** The element type that all inputs from `from` on have. */
  sameType(from = 0): DType {
    const types = this.inputs.slice(from).flatMap((value) => (value ? [value.dtype] : []));
    if (new Set(types).size > 1) throw new ShapeError(`${this.op}: inputs have different types (${types.join(", ")})`);
    return this.input(from).dtype;
  }

  same(i = 0): TensorType[] {
    const { dtype, shape } = this.input(i);
    return [{ dtype, shape }];
  }

  typed(shape: Shape, i = 0): TensorType[] {
    return [{ dtype: this.input(i).dtype, shape }];
  }
}

/** An operator: the attributes it knows (with their ONNX kind) and the types of its outputs. */
export interface OperatorSpec {
  readonly attributes?: Readonly<Record<string, AttributeKind>>;
  readonly inputs: readonly [least: number, most: number];
  infer(node: Inference): TensorType[];
}
