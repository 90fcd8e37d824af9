import { add, cast, constant, identity, input, scalar, zeros } from "./build.js";
import { Literal } from "./literal.js";
import { substitute } from "./substitute.js";
import { type Body, Node, topologicalOrder, type Value } from "./value.js";

/** What a step of a loop leaves behind. */
interface Step {
  /** The state after the step, of the types of the state before it. */
  readonly state: readonly Value[];
  /** A bool scalar: false ends the loop. Left out, all steps are made. */
  readonly goOn?: Value;
}

interface LoopOptions {
  /** Steps at most, int64 scalar. */
  readonly most: Value;
  readonly start: readonly Value[];
  /** A bool scalar: false where not even the first step is made. */
  readonly first?: Value;
  /**
   * Nodes that are computed before the loop; what they make is given to the steps, and all else is computed in them. By
   * default these are all nodes that do not change with the step.
   */
  readonly outside?: ReadonlySet<Node>;
}

/**
 * The state that steps 0, 1, … leave behind, as one ONNX Loop: memory and file size do not grow with their number.
 * @param step makes a step of its number (int64 scalar) and the state before it
 */
export function loop(
  { most, start, first, outside }: LoopOptions,
  step: (i: Value, state: readonly Value[]) => Step,
): Value[] {
  const i = input("i", "int64", []);
  const given = input("go on", "bool", []);
  const before = start.map(({ dtype, shape }, k) => input(`state.${k}`, dtype, shape));
  const { state, goOn = given } = step(i, before);
  const results = [goOn, ...state];
  const own = [i, given, ...before];
  const captured = outside ? readFrom(outside, results) : invariants(results, own);
  const inside = captured.map(({ dtype, shape }, k) => input(`given.${k}`, dtype, shape));
  const outputs = substitute(results, new Map(captured.map((value, k) => [value, inside[k]!])));
  const body: Body = {
    name: "step",
    inputs: new Map([...own, ...inside].map((value) => [value.name!, value])),
    outputs: new Map(outputs.map((value, k) => [String(k), value])),
    metadata: new Map(),
    opset: 18,
    captured: captured.length,
  };
  const go = first ?? constant(Literal.from("bool", [], [1]));
  const types = start.map(({ dtype, shape }) => ({ dtype, shape }));
  return new Node("Loop", [most, go, ...start, ...captured], {}, types, "", undefined, body).outputs.map(identity);
}

/** Σ over steps 0 … count − 1 of each value that `step` makes of the step's number (int64 scalar), as one Loop. */
export function sumOverSteps(count: number, step: (i: Value) => readonly Value[]): Value[] {
  const i = input("step", "int64", []);
  const terms = step(i);
  const start = terms.map(({ dtype, shape }) => zeros(shape, dtype));
  return loop({ most: scalar(count, "int64"), start }, (number, sums) => ({
    state: substitute(terms, new Map([[i, number]])).map((term, k) => add(sums[k]!, term)),
  }));
}

/** The values where a condition (bool scalar) holds, else zeros: they are computed only where it holds, in one Loop. */
export function computedWhere(condition: Value, values: readonly Value[], outside: ReadonlySet<Node>): Value[] {
  const start = values.map(({ dtype, shape }) => zeros(shape, dtype));
  return loop({ most: cast(condition, "int64"), start, outside }, () => ({ state: values }));
}

/** Values of nodes of a set that others read on the way to the results. */
function readFrom(outside: ReadonlySet<Node>, results: readonly Value[]): Value[] {
  const others = topologicalOrder(results, outside);
  const read = [...others.flatMap(({ inputs }) => inputs), ...results];
  return [...new Set(read)].filter((value): value is Value => value !== undefined && outside.has(value.node));
}

/** Values that are the same at every step, depend on a graph input and are read by values that change. */
function invariants(results: readonly Value[], own: readonly Value[]): Value[] {
  const order = topologicalOrder(results);
  const varying = new Set<Node>();
  const fed = new Set<Node>();
  const changing = new Set(own.map(({ node }) => node));
  for (const node of order) {
    const any = (set: ReadonlySet<Node>) => node.inputs.some((value) => value && set.has(value.node));
    if (changing.has(node) || any(varying)) varying.add(node);
    if (node.op === "Input" || any(fed)) fed.add(node);
  }
  const read = [...order.filter((node) => varying.has(node)).flatMap(({ inputs }) => inputs), ...results];
  return [...new Set(read)].filter(
    (value): value is Value => value !== undefined && fed.has(value.node) && !varying.has(value.node),
  );
}
