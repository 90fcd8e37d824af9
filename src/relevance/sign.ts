import type { Value } from "../graph/value.js";

const NON_NEGATIVE = new Set(["Relu", "Sigmoid", "Softmax", "Abs", "Exp", "Sqrt"]);
/** Operators whose output has no sign that an input has not. */
const KEEPS = new Set([
  "Identity",
  "Dropout",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Expand",
  "Concat",
  "Split",
  "Slice",
  "Pad",
  "Gather",
  "Cast",
  "MaxPool",
  "AveragePool",
  "GlobalAveragePool",
  "ReduceSum",
  "ReduceMean",
  "ReduceMax",
  "Add",
  "Mul",
  "Div",
  "Max",
]);
/** Inputs that hold data; the rest are axes, shapes and indices. */
const DATA_INPUTS: Readonly<Record<string, number>> = {
  Concat: Number.POSITIVE_INFINITY,
  Add: 2,
  Mul: 2,
  Div: 2,
  Max: 2,
};

/** Whether a value can be shown to be ≥ 0 for every observation. `given` answers for inputs. */
export function isNonNegative(
  value: Value,
  given: (input: Value) => boolean,
  known = new Map<Value, boolean>(),
): boolean {
  const before = known.get(value);
  if (before !== undefined) return before;
  const answer = decide(value, (other) => isNonNegative(other, given, known), given);
  known.set(value, answer);
  return answer;
}

function decide(value: Value, ask: (value: Value) => boolean, given: (input: Value) => boolean): boolean {
  const { node } = value;
  if (node.op === "Input") return value.dtype === "uint8" || value.dtype === "bool" || given(value);
  if (value.literal) return value.literal.numbers().every((x) => x >= 0);
  if (NON_NEGATIVE.has(node.op)) return true;
  if (node.op === "Clip") return (node.inputs[1]?.literal?.scalar() ?? -1) >= 0 || ask(node.inputs[0]!);
  if (!KEEPS.has(node.op)) return false;
  if (node.op === "Pad" && node.inputs[2] && !ask(node.inputs[2])) return false;
  const data = node.inputs.slice(0, DATA_INPUTS[node.op] ?? 1);
  return data.every((input) => input !== undefined && ask(input));
}
