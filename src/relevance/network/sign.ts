import type { Value } from "../../graph/value.js";

/** What is known of the sign of every element of a value: ≥ 0, ≤ 0, or nothing. */
export type Sign = 1 | -1 | undefined;

const NON_NEGATIVE = new Set(["Relu", "Sigmoid", "Softmax", "Abs", "Exp", "Sqrt"]);
/** Operators that move, pick, add up or average elements of the inputs that hold data (here how many; the rest are axes). */
const KEEPS: Readonly<Record<string, number>> = {
  Identity: 1,
  Dropout: 1,
  Reshape: 1,
  Flatten: 1,
  Squeeze: 1,
  Unsqueeze: 1,
  Transpose: 1,
  Expand: 1,
  Concat: Number.POSITIVE_INFINITY,
  Split: 1,
  Slice: 1,
  Gather: 1,
  Cast: 1,
  MaxPool: 1,
  AveragePool: 1,
  GlobalAveragePool: 1,
  ReduceSum: 1,
  ReduceMean: 1,
  ReduceMax: 1,
  Add: 2,
};
/** Operators that are products in their first two inputs, and sums over them. */
const PRODUCTS = new Set(["Mul", "Div", "MatMul", "Conv"]);

/** Whether a value can be shown to be ≥ 0 for every observation. `given` answers for inputs. */
export const isNonNegative = (
  value: Value,
  given: (input: Value) => boolean,
  known = new Map<Value, Sign>(),
): boolean => signOf(value, given, known) === 1;

/** The sign that a value can be shown to have for every observation. `given` tells which inputs are ≥ 0. */
export function signOf(value: Value, given: (input: Value) => boolean, known = new Map<Value, Sign>()): Sign {
  if (known.has(value)) return known.get(value);
  const answer = decide(value, (other) => other && signOf(other, given, known), given);
  known.set(value, answer);
  return answer;
}

type Ask = (value: Value | undefined) => Sign;

function decide(value: Value, ask: Ask, given: (input: Value) => boolean): Sign {
  const { node } = value;
  const { inputs } = node;
  if (node.op === "Input") return value.dtype === "uint8" || value.dtype === "bool" || given(value) ? 1 : undefined;
  if (value.literal) return ofNumbers(value.literal.numbers());
  if (NON_NEGATIVE.has(node.op)) return 1;
  if (node.op === "Neg") return opposite(ask(inputs[0]));
  if (node.op === "Clip") return (inputs[1]?.literal?.scalar() ?? -1) >= 0 ? 1 : ask(inputs[0]) === 1 ? 1 : undefined;
  // Zero has either sign, so what is padded or chosen with it keeps the other's.
  if (node.op === "Max") return inputs.some((input) => ask(input) === 1) ? 1 : common(inputs, ask);
  if (node.op === "Where") return common(inputs.slice(1), ask);
  if (node.op === "Pad") return inputs[2] ? common([inputs[0], inputs[2]], ask) : ask(inputs[0]);
  if (PRODUCTS.has(node.op)) return plus(product(ask(inputs[0]), ask(inputs[1])), inputs[2], ask);
  const data = KEEPS[node.op];
  return data === undefined ? undefined : common(inputs.slice(0, data), ask);
}

function ofNumbers(numbers: Float64Array): Sign {
  if (numbers.every((x) => x >= 0)) return 1;
  return numbers.every((x) => x <= 0) ? -1 : undefined;
}

const opposite = (sign: Sign): Sign => (sign === undefined ? undefined : sign === 1 ? -1 : 1);
const product = (a: Sign, b: Sign): Sign => (a === undefined ? undefined : b === 1 ? a : b === -1 ? opposite(a) : b);
const plus = (sign: Sign, bias: Value | undefined, ask: Ask): Sign =>
  bias === undefined || ask(bias) === sign ? sign : undefined;

/** The sign that all of them have; zeros have both. */
function common(values: readonly (Value | undefined)[], ask: Ask): Sign {
  const signs = new Set(values.filter((value) => !isZero(value)).map(ask));
  return signs.size === 0 ? 1 : signs.size === 1 ? [...signs][0] : undefined;
}

/** Looked for in small constants only: what is padded or chosen with. */
const isZero = (value: Value | undefined) =>
  value?.literal !== undefined && value.literal.size <= 4096 && value.literal.numbers().every((x) => x === 0);
