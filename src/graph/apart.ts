import { applyNode } from "./apply.js";
import { input, mul } from "./build.js";
import { isFloat } from "./dtype.js";
import { type Graph, type Node, topologicalOrder, type Value } from "./value.js";

/** The values of a graph by the name that they have in its file. */
export function namedValues(graph: Graph, names: Iterable<string>): Map<string, Value> {
  const asked = new Set(names);
  const found = new Map<string, Value>();
  for (const node of topologicalOrder(graph.outputs.values()))
    for (const value of node.outputs)
      if (value.name !== undefined && node.op !== "Input" && asked.has(value.name)) found.set(value.name, value);
  return found;
}

/** A graph with these values as its outputs, `v0` to `vn`. */
export const showing = (graph: Graph, values: readonly Value[], more: readonly Value[] = []): Graph => ({
  ...graph,
  inputs: new Map([...graph.inputs, ...more.map((value) => [value.name!, value] as const)]),
  outputs: new Map(values.map((value, i) => [`v${i}`, value])),
});

/**
 * A graph in which every given value is an input of its own, `given0` to `givenn`: each node reads what is given, not
 * what the nodes before it made. Its outputs are the same values as each node makes them, `v0` to `vn`.
 */
export function apart(graph: Graph, values: readonly Value[]): Graph {
  const given = new Map<Value, Value>();
  values.forEach((value, i) => {
    if (!value.literal) given.set(value, input(`given${i}`, value.dtype, value.shape));
  });
  const made = remade(values, (value) => value, given);
  return showing(graph, made, [...given.values()]);
}

/** A graph whose values can be disturbed. */
export interface Shaken {
  readonly graph: Graph;
  /** The factors, inputs of the graph: `factor0` to `factorn`. */
  readonly factors: readonly Value[];
}

/** The values of a graph, with every floating-point value on the way multiplied by factors of its own. */
export function shaken(graph: Graph, values: readonly Value[]): Shaken {
  const factors: Value[] = [];
  const shake = (value: Value) => {
    if (!isFloat(value.dtype) || value.literal) return value;
    const factor = input(`factor${factors.length}`, value.dtype, value.shape);
    factors.push(factor);
    return mul(value, factor);
  };
  return { graph: showing(graph, remade(values, shake, new Map()), factors), factors };
}

/** The values made again: each changed by `change`, each read by other nodes as `read` has it. */
function remade(values: readonly Value[], change: (value: Value) => Value, read: ReadonlyMap<Value, Value>): Value[] {
  const made = new Map<Value, Value>();
  for (const node of topologicalOrder(values)) {
    const copy = node.inputs.length === 0 ? node : copyOf(node, (value) => read.get(value) ?? made.get(value)!);
    node.outputs.forEach((value, i) => {
      made.set(value, change(copy.outputs[i]!));
    });
  }
  return values.map((value) => made.get(value)!);
}

const copyOf = ({ op, inputs, attributes, outputs }: Node, now: (value: Value) => Value): Node =>
  applyNode(
    op,
    inputs.map((value) => value && now(value)),
    attributes,
    { outputCount: outputs.length },
  );
