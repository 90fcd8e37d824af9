import { own } from "../own.js";
import { countTensors } from "./budget.js";
import { OPERATORS } from "./operators/index.js";
import { type AttributeKind, Inference } from "./operators/spec.js";
import { ShapeError } from "./shape.js";
import { type Attribute, type Attributes, Node, type Value } from "./value.js";

interface Naming {
  readonly name?: string;
  readonly outputNames?: readonly (string | undefined)[];
  readonly outputCount?: number;
}

const isOfKind: Readonly<Record<AttributeKind, (value: Attribute) => boolean>> = {
  int: Number.isInteger,
  float: (value) => typeof value === "number",
  ints: (value) => Array.isArray(value) && value.every(Number.isInteger),
  string: (value) => typeof value === "string",
};

/**
 * A node of a known operator, its outputs' types inferred.
 * @throws ShapeError where inputs or attributes do not fit, naming the operator and all shapes.
 */
export function applyNode(
  op: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes = {},
  { name = "", outputNames = [], outputCount = outputNames.length || undefined }: Naming = {},
): Node {
  const spec = own(OPERATORS, op);
  if (!spec) throw new ShapeError(`${op}: not an operator of the graph`);
  const [least, most] = spec.inputs;
  if (inputs.length < least || inputs.length > most)
    throw new ShapeError(`${op}: takes ${least} to ${most} inputs, given ${inputs.length}`);
  for (const [key, value] of Object.entries(attributes)) {
    const kind = own(spec.attributes, key);
    if (!kind) throw new ShapeError(`${op}: attribute ${key} is not supported`);
    if (!isOfKind[kind](value)) throw new ShapeError(`${op}: attribute ${key} is ${value}, expected ${kind}`);
  }
  const types = spec.infer(new Inference(op, inputs, attributes, outputCount));
  countTensors(op, types);
  return new Node(
    op,
    inputs,
    attributes,
    types.map((type, i) => ({ ...type, name: outputNames[i] })),
    name,
  );
}

/** The first output of a new node. */
export const apply = (op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value =>
  applyNode(op, inputs, attributes).outputs[0]!;
