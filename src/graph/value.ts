import type { DType } from "./dtype.js";
import type { Literal } from "./literal.js";
import type { Shape } from "./shape.js";

export type Attribute = number | string | readonly number[] | readonly string[];
export type Attributes = Readonly<Record<string, Attribute>>;

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One tensor of a graph: an output of exactly one node. Immutable; identity is object identity. */
export class Value implements TensorType {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly dtype: DType,
    readonly shape: Shape,
    /** Name in the file it was read from. */
    readonly name?: string,
  ) {}

  /** The constant's elements, where the value is a constant. */
  get literal(): Literal | undefined {
    return this.node.literal;
  }
}

/**
 * An operation with its inputs and outputs. `Input` (a graph input) and `Initializer` (a constant) are nodes too,
 * without inputs. Optional inputs that are left out are undefined.
 */
export class Node {
  readonly outputs: readonly Value[];

  constructor(
    readonly op: string,
    readonly inputs: readonly (Value | undefined)[],
    readonly attributes: Attributes,
    outputs: readonly (TensorType & { readonly name?: string })[],
    /** Name in the file it was read from. */
    readonly name = "",
    readonly literal?: Literal,
    readonly body?: Body,
  ) {
    this.outputs = outputs.map((type, i) => new Value(this, i, type.dtype, type.shape, type.name));
  }

  /** The node's name in messages: its own where it has one, else its first output's. */
  get label(): string {
    return this.name || this.outputs[0]?.name || "(unnamed)";
  }
}

/** A network: named inputs and outputs; its nodes are those that the outputs depend on. */
export interface Graph {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly metadata: ReadonlyMap<string, string>;
  /** Version of the default operator set. */
  readonly opset: number;
  /** Outputs of the file that cannot be read, with the reason; none where all were read. */
  readonly unread?: ReadonlyMap<string, string>;
}

/**
 * A Loop's body: inputs and outputs in the operator's order. The last `captured` inputs are values of the graph around it:
 * the last of the node's inputs, which bodies in a file read by name.
 */
export interface Body extends Graph {
  readonly captured: number;
}

/** The nodes that `outputs` depend on, every node after its inputs; `known` ones and what they depend on left out. */
export function topologicalOrder(outputs: Iterable<Value>, known: Iterable<Node> = []): Node[] {
  const order: Node[] = [];
  const seen = new Set(known);
  const stack: { node: Node; next: number }[] = [];
  for (const output of outputs) {
    if (!seen.has(output.node)) stack.push({ node: output.node, next: 0 });
    seen.add(output.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (top.next > top.node.inputs.length) {
        order.push(top.node);
        stack.pop();
      } else if (input && !seen.has(input.node)) {
        seen.add(input.node);
        stack.push({ node: input.node, next: 0 });
      }
    }
  }
  return order;
}
