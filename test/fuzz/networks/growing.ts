import type { DType } from "#src/graph/dtype.js";
import type { Message } from "#src/graph/protobuf.js";
import { sizeOf } from "#src/graph/shape.js";
import { randoms, uniform } from "../../evaluate.js";
import { type AttributeValue, initializer, modelBytes, type NodeText, valueInfo } from "../../graph/onnx-model.js";
import type { Choices } from "../choices.js";

/** A float32 tensor of a network that is being written. */
export interface Made {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Adds nodes behind a tensor. Undefined where the operator set or the shape has no place for them. */
export type Step = (x: Made, choices: Choices, net: Growing) => Made | undefined;

type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** An ONNX file that is written node by node, each in the form that its operator set has. Shapes are given, not inferred. */
export class Growing {
  readonly inputs: (Made & { readonly dtype: DType })[] = [];
  readonly #nodes: NodeText[] = [];
  readonly #initializers: Message[] = [];
  readonly #next: () => number;
  #count = 0;

  constructor(
    readonly opset: number,
    seed: number,
  ) {
    this.#next = uniform(seed);
  }

  input(name: string, dtype: DType, shape: readonly number[]): Made {
    this.inputs.push({ name, dtype, shape });
    return { name, shape };
  }

  /** One node of one output. */
  add(op: string, inputs: readonly (Made | string)[], attributes: Attributes, shape: readonly number[]): Made {
    return this.addMany(op, inputs, attributes, [shape])[0]!;
  }

  /** One node; an output without a shape is left out. */
  addMany(
    op: string,
    inputs: readonly (Made | string)[],
    attributes: Attributes,
    shapes: readonly (readonly number[] | undefined)[],
  ): Made[] {
    const made = shapes.map((shape) => ({ name: shape ? `v${this.#count++}` : "", shape: shape ?? [] }));
    const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
    this.#nodes.push({
      op,
      inputs: inputs.map((x) => (typeof x === "string" ? x : x.name)),
      outputs: made.map(({ name }) => name),
      attributes: Object.fromEntries(given) as Record<string, AttributeValue>,
      name: `n${this.#nodes.length}`,
    });
    return made;
  }

  constant(shape: readonly number[], values: ArrayLike<number>, dtype: DType = "float32"): Made {
    const name = `c${this.#count++}`;
    this.#initializers.push(initializer(name, dtype, shape, values));
    return { name, shape };
  }

  scalar = (value: number): Made => this.constant([], [value]);
  ints = (...values: readonly number[]): Made => this.constant([values.length], values, "int64");

  /** Weights of which an output near 1 comes where `fan` inputs near 1 are summed. */
  weights(shape: readonly number[], fan = 1): Made {
    const size = Math.sqrt(3 / fan);
    return this.constant(shape, this.numbers(shape, -size, size));
  }

  numbers = (shape: readonly number[], low = -1, high = 1): Float32Array =>
    randoms(sizeOf(shape), 1e9 * this.#next(), low, high);

  unary = (op: string, x: Made, attributes: Attributes = {}): Made => this.add(op, [x], attributes, x.shape);

  /** A node of two inputs whose result has the first one's shape. */
  binary = (op: string, x: Made, y: Made | number): Made =>
    this.add(op, [x, typeof y === "number" ? this.scalar(y) : y], {}, x.shape);

  reshape(x: Made, shape: readonly number[], written: readonly number[] = shape): Made {
    return this.add("Reshape", [x, this.ints(...written)], {}, shape);
  }

  transpose(x: Made, perm: readonly number[]): Made {
    return this.add(
      "Transpose",
      [x],
      { perm },
      perm.map((axis) => x.shape[axis]!),
    );
  }

  /** A reduction over axes, which are an attribute before operator set 18 (13 for ReduceSum). */
  reduce(op: string, x: Made, axes: readonly number[], keepdims: 0 | 1): Made {
    const reduced = axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
    const shape = x.shape.flatMap((d, i) => (reduced.includes(i) ? (keepdims ? [1] : []) : [d]));
    const isInput = this.opset >= (op === "ReduceSum" ? 13 : 18);
    return isInput
      ? this.add(op, [x, this.ints(...axes)], { keepdims }, shape)
      : this.add(op, [x], { axes, keepdims }, shape);
  }

  /** The file with one output, `torque`. */
  bytes(torque: Made): Uint8Array {
    const nodes = [...this.#nodes, { op: "Identity", inputs: [torque.name], outputs: ["torque"], name: "last" }];
    return modelBytes({
      nodes,
      inputs: this.inputs.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
      outputs: [valueInfo("torque", "float32", torque.shape)],
      initializers: this.#initializers,
      opset: this.opset,
      ir: this.opset > 22 ? 11 : 8,
    });
  }
}

/** A float attribute. */
export const float = (value: number): { readonly float: number } => ({ float: value });
