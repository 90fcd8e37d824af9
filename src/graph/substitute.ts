import { applyNode } from "./apply.js";
import { Node, topologicalOrder, type Value } from "./value.js";

/**
 * The values with each key of `replacements` replaced by its value. Nodes that depend on no replaced value are kept;
 * the others are made again, without a name unless `named`.
 * @throws ShapeError where a replacement's type does not fit
 */
export function substitute(
  values: readonly Value[],
  replacements: ReadonlyMap<Value, Value>,
  { named = false }: { readonly named?: boolean } = {},
): Value[] {
  const made = new Map(replacements);
  const now = (value: Value) => made.get(value) ?? value;
  for (const node of topologicalOrder(values)) {
    const inputs = node.inputs.map((value) => value && now(value));
    if (inputs.every((value, i) => value === node.inputs[i])) continue;
    const copy = node.body
      ? withInputs(node, inputs)
      : applyNode(node.op, inputs, node.attributes, naming(node, named));
    node.outputs.forEach((output, i) => {
      if (!made.has(output)) made.set(output, copy.outputs[i]!);
    });
  }
  return values.map(now);
}

const naming = ({ name, outputs }: Node, named: boolean) =>
  named ? { name, outputNames: outputs.map((output) => output.name) } : { outputCount: outputs.length };

const withInputs = ({ op, attributes, outputs, body }: Node, inputs: Node["inputs"]) =>
  new Node(
    op,
    inputs,
    attributes,
    outputs.map(({ dtype, shape }) => ({ dtype, shape })),
    "",
    undefined,
    body,
  );
