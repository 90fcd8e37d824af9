import { constant } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { sizeOf } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import { topologicalOrder, type Value } from "../../graph/value.js";
import type { Subject } from "../contract/subject.js";
import { GraphAnalysis } from "../network/analysis.js";
import { nodesOf } from "../network/layer-nodes.js";

/** A linear layer's parameters: its weights, and its biases where it has some. */
export interface ParameterLayer {
  /** Name of its weights in the file, or its kind. */
  readonly name: string;
  readonly parameters: readonly Value[];
}

/** The layers with weights that the torque depends on, from the torque to the inputs. */
export function parameterLayers({ graph, torque }: Subject): ParameterLayer[] {
  const analysis = new GraphAnalysis({ ...graph, outputs: new Map([["torque", graph.outputs.get(torque)!]]) });
  const found = new Map<Value, ParameterLayer>();
  for (const node of analysis.order) {
    if (!node.outputs.some((output) => analysis.isDependent(output))) continue;
    const layer = analysis.layer(node);
    if (!layer || analysis.isDependent(layer.weight)) continue;
    // A normalisation folded into a layer has made its weight and bias from the whole network: the nodes have the constants.
    const constants = nodesOf(layer, analysis)
      .reverse()
      .flatMap(({ inputs }) =>
        inputs.flatMap((value) => (value && !analysis.isDependent(value) ? constantsIn(value) : [])),
      );
    const own = new Set(constantsIn(layer.weight));
    const first = constants.find((value) => own.has(value) && sizeOf(value.shape) > 1);
    if (!first) continue;
    // A layer occurs again where its bias is added: the last occurrence has both.
    found.set(first, { name: first.name || layer.kind, parameters: [...new Set(constants)] });
  }
  return [...found.values()].reverse();
}

const constantsIn = (value: Value): Value[] =>
  topologicalOrder([value]).flatMap(({ literal, outputs }) => (literal?.dtype === "float32" ? [outputs[0]!] : []));

/**
 * The network with the parameters of these layers drawn anew: normal, with the mean and deviation that each
 * parameter tensor had (Adebayo et al. 2018 re-initialise; this keeps the scale of what the layer puts out).
 * @param normal standard normal numbers
 */
export function randomised(subject: Subject, layers: readonly ParameterLayer[], normal: () => number): Subject {
  const replaced = new Map<Value, Value>();
  for (const { parameters } of layers)
    for (const value of parameters) replaced.set(value, constant(drawn(value.literal!, normal), value.name));
  const { graph } = subject;
  const values = substitute([...graph.outputs.values()], replaced, { named: true });
  return {
    ...subject,
    graph: { ...graph, outputs: new Map([...graph.outputs.keys()].map((n, i) => [n, values[i]!])) },
  };
}

function drawn(literal: Literal, normal: () => number): Literal {
  const numbers = literal.numbers();
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const std = Math.sqrt(numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length);
  return Literal.from(
    literal.dtype,
    literal.shape,
    Float64Array.from(numbers, () => mean + std * normal()),
  );
}
