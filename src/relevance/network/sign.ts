import { dataOf } from "../../graph/kinds.js";
import { traitsOf } from "../../graph/traits.js";
import type { Value } from "../../graph/value.js";

/** The sign that every element of a value has: ≥ 0, ≤ 0, or unknown. Zero has both. */
export type Sign = 1 | -1 | undefined;

/** True if a value is proved to be ≥ 0 for every observation. `isInputNonNegative` answers for the graph's inputs. */
export const isNonNegative = (
  value: Value,
  isInputNonNegative: (input: Value) => boolean,
  known = new Map<Value, Sign>(),
): boolean => signOf(value, isInputNonNegative, known) === 1;

/**
 * The sign that a value is proved to have for every observation. `isInputNonNegative` answers for the graph's inputs.
 */
export function signOf(
  value: Value,
  isInputNonNegative: (input: Value) => boolean,
  known = new Map<Value, Sign>(),
): Sign {
  if (known.has(value)) return known.get(value);
  const answer = decide(value, (other) => other && signOf(other, isInputNonNegative, known), isInputNonNegative);
  known.set(value, answer);
  return answer;
}

type Ask = (value: Value | undefined) => Sign;

function decide(value: Value, ask: Ask, isInputNonNegative: (input: Value) => boolean): Sign {
  const { node } = value;
  const { inputs } = node;
  if (value.dtype === "uint8" || value.dtype === "bool") return 1;
  if (node.op === "Input") return isInputNonNegative(value) ? 1 : undefined;
  if (value.literal) return ofNumbers(value.literal.numbers());
  const { range, sign, index } = traitsOf(node.op);
  if (range !== undefined || index === value.index) return 1;
  if (node.op === "Clip") return (inputs[1]?.literal?.scalar() ?? -1) >= 0 ? 1 : ask(inputs[0]) === 1 ? 1 : undefined;
  if (node.op === "Max" && inputs.some((input) => ask(input) === 1)) return 1;
  switch (sign) {
    case "kept":
      return common(dataOf(node), ask);
    case "turned":
      return opposite(ask(inputs[0]));
    case "product":
      return plus(product(ask(inputs[0]), ask(inputs[1])), inputs[2], ask);
    default:
      return undefined;
  }
}

function ofNumbers(numbers: Float64Array): Sign {
  if (numbers.every((x) => x >= 0)) return 1;
  return numbers.every((x) => x <= 0) ? -1 : undefined;
}

const opposite = (sign: Sign): Sign => (sign === undefined ? undefined : sign === 1 ? -1 : 1);
const product = (a: Sign, b: Sign): Sign => (a === undefined ? undefined : b === 1 ? a : b === -1 ? opposite(a) : b);
const plus = (sign: Sign, bias: Value | undefined, ask: Ask): Sign =>
  bias === undefined || ask(bias) === sign ? sign : undefined;

/**
 * The sign that all values have. Zero has either sign, so a value padded with zeros, or chosen between one and zero,
 * keeps its sign.
 */
function common(values: readonly Value[], ask: Ask): Sign {
  const signs = new Set(values.filter((value) => !isZero(value)).map(ask));
  return signs.size === 0 ? 1 : signs.size === 1 ? [...signs][0] : undefined;
}

/** True for small constants of zeros, as paddings and masks are; large ones are not searched. */
const isZero = (value: Value) =>
  value.literal !== undefined && value.literal.size <= 4096 && value.literal.numbers().every((x) => x === 0);
