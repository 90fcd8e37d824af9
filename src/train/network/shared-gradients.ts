import { convWeightAdjoint, geometryOf } from "../../backward/convolution.js";
import { gradients } from "../../backward/gradients.js";
import { concat, matmul, matrixTranspose, sum } from "../../graph/build.js";
import { type Node, topologicalOrder, type Value } from "../../graph/value.js";

/** How a node uses a parameter. */
interface Use {
  readonly kind: "product" | "convolution" | "bias";
  readonly node: Node;
}

/** The use of a node's input that `sharedGradients` can join with others of its kind. */
function useOf(node: Node, index: number): Use | undefined {
  if (node.op === "MatMul" && index === 1 && node.inputs.every((value) => value?.shape.length === 2))
    return { kind: "product", node };
  if (node.op === "Conv" && index === 1 && geometryOf(node).group === 1) return { kind: "convolution", node };
  if (node.op === "Conv" && index === 2) return { kind: "bias", node };
  const output = node.outputs[0]!;
  if (node.op !== "Add" || index !== 1 || output.shape.length !== 2) return undefined;
  const [x, bias] = node.inputs as readonly [Value, Value];
  return bias.shape.length === 1 && bias.shape[0] === x.shape[1] ? { kind: "bias", node } : undefined;
}

/**
 * Gradients as those of `gradients`, of parameters that layers of many steps share: what a layer's uses get is joined
 * into one product in place of one a step. They are the same but for rounding.
 * @param seed gradient of `of`
 */
export function sharedGradients(of: Value, parameters: readonly Value[], seed: Value): Value[] {
  const uses = new Map<Value, (Use | undefined)[]>(parameters.map((parameter) => [parameter, []]));
  for (const node of topologicalOrder([of]))
    node.inputs.forEach((value, i) => {
      if (value) uses.get(value)?.push(useOf(node, i));
    });
  const joined = new Map<Value, readonly Use[]>();
  for (const [parameter, all] of uses) {
    const known = all.filter((use) => use !== undefined);
    if (known.length > 1 && known.length === all.length && known.every(({ kind }) => kind === known[0]!.kind))
      joined.set(parameter, known);
  }
  const outputs = [...joined.values()].flatMap((all) => all.map(({ node }) => node.outputs[0]!));
  const single = parameters.filter((parameter) => !joined.has(parameter));
  const targets = [...new Set([...single, ...outputs])];
  const slopes = gradients(of, targets, seed);
  const found = new Map(targets.map((target, i) => [target, slopes[i]!]));
  return parameters.map((parameter) => {
    const all = joined.get(parameter);
    return all === undefined ? found.get(parameter)! : gradientOf(parameter, all, found);
  });
}

function gradientOf(parameter: Value, uses: readonly Use[], found: ReadonlyMap<Value, Value>): Value {
  const slope = concat(
    uses.map(({ node }) => found.get(node.outputs[0]!)!),
    0,
  );
  const [{ kind, node }] = uses as readonly [Use];
  if (kind === "bias")
    return sum(
      slope,
      slope.shape.map((_, i) => i).filter((i) => i !== 1),
    );
  const inputs = concat(
    uses.map((use) => use.node.inputs[0]!),
    0,
  );
  if (kind === "product") return matmul(matrixTranspose(inputs), slope);
  return convWeightAdjoint(inputs, slope, parameter.shape.slice(2), geometryOf(node));
}
