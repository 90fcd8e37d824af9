import { add, constant, identity, input, zeros } from "./build.js";
import { Literal } from "./literal.js";
import { substitute } from "./substitute.js";
import { Node, topologicalOrder, type Value } from "./value.js";

/**
 * Σ over steps 0 … count − 1 of each value that `step` makes of the step's number (int64 scalar), as one ONNX Loop:
 * memory and file size do not grow with `count`. Values that do not change with the step are computed once, before the
 * loop.
 */
export function sumOverSteps(count: number, step: (i: Value) => readonly Value[]): Value[] {
  const i = input("i", "int64", []);
  const terms = step(i);
  const captured = invariants(terms, i);
  const given = captured.map(({ dtype, shape }, k) => input(`given.${k}`, dtype, shape));
  const sums = terms.map(({ dtype, shape }, k) => input(`sum.${k}`, dtype, shape));
  const goOn = input("go on", "bool", []);
  const inner = substitute(terms, new Map(captured.map((value, k) => [value, given[k]!])));
  const state = [...sums, ...given];
  const after = [...inner.map((term, k) => add(sums[k]!, term)), ...given];
  const body = {
    name: "step",
    inputs: new Map([i, goOn, ...state].map((value) => [value.name!, value])),
    outputs: new Map([goOn, ...after].map((value, k) => [String(k), value])),
    metadata: new Map<string, string>(),
    opset: 18,
  };
  const start = terms.map(({ dtype, shape }) => zeros(shape, dtype));
  const trips = constant(Literal.from("int64", [], [count]));
  const always = constant(Literal.from("bool", [], [1]));
  const types = state.map(({ dtype, shape }) => ({ dtype, shape }));
  const loop = new Node("Loop", [trips, always, ...start, ...captured], {}, types, "", undefined, body);
  return loop.outputs.slice(0, terms.length).map(identity);
}

/** Values that are the same at every step, depend on a graph input and are read by values that change. */
function invariants(terms: readonly Value[], step: Value): Value[] {
  const order = topologicalOrder(terms);
  const varying = new Set<Node>();
  const fed = new Set<Node>();
  for (const node of order) {
    const any = (set: ReadonlySet<Node>) => node.inputs.some((value) => value && set.has(value.node));
    if (node === step.node || any(varying)) varying.add(node);
    if (node.op === "Input" || any(fed)) fed.add(node);
  }
  const read = [...order.filter((node) => varying.has(node)).flatMap(({ inputs }) => inputs), ...terms];
  return [...new Set(read)].filter(
    (value): value is Value => value !== undefined && fed.has(value.node) && !varying.has(value.node),
  );
}
