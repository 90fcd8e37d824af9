import { scalar } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { bothWays, is, numberOf, operands, plain, same } from "./matching.js";

/** A value kept between constant limits, as Clip, Relu, Max, Min or Where. */
export interface Clipped {
  readonly of: Value;
  readonly low?: Value | undefined;
  readonly high?: Value | undefined;
}

/** A comparison of a value with a number. */
interface Compared {
  readonly of: Value;
  readonly threshold: number;
  /** True where the condition holds above the threshold, false where it holds below. */
  readonly above: boolean;
}

/** Orders of the operands of which a comparison holds above its threshold, if the second is the number. */
const ABOVE: Readonly<Record<string, boolean>> = {
  Greater: true,
  GreaterOrEqual: true,
  Less: false,
  LessOrEqual: false,
};

/** A condition as a comparison with a number, in any of its forms. */
function compared(condition: Value | undefined): Compared | undefined {
  if (!condition) return undefined;
  const { node } = plain(condition);
  if (node.op === "Not") {
    const inner = compared(node.inputs[0]);
    return inner && { ...inner, above: !inner.above };
  }
  const above = own(ABOVE, node.op);
  if (above === undefined) return undefined;
  const [a, b] = node.inputs as readonly [Value, Value];
  const [right, left] = [numberOf(b), numberOf(a)];
  if (right !== undefined && left === undefined) return { of: a, threshold: right, above };
  return left !== undefined && right === undefined ? { of: b, threshold: left, above: !above } : undefined;
}

/** The branches of a Where above and below the number that a value is compared with. */
export function branches(
  value: Value | undefined,
): (Compared & { readonly up: Value; readonly down: Value }) | undefined {
  const [condition, a, b] = operands(value, "Where") ?? [];
  const found = compared(condition);
  return found && (found.above ? { ...found, up: a!, down: b! } : { ...found, up: b!, down: a! });
}

/** x where a value is x kept between limits. */
export function clipped(value: Value | undefined): Clipped | undefined {
  const outer = once(value);
  const inner = outer && once(outer.of);
  const isSecond = inner && (outer.low === undefined) !== (outer.high === undefined);
  if (isSecond && outer.low === undefined && inner.high === undefined) return { ...inner, high: outer.high };
  if (isSecond && outer.high === undefined && inner.low === undefined) return { ...inner, low: outer.low };
  return outer;
}

/** x of max(x, 0), written in any way; undefined where there is an upper limit too. */
export function rectified(value: Value | undefined): Value | undefined {
  const { of, low, high } = clipped(value) ?? {};
  return low && numberOf(low) === 0 && !high ? of : undefined;
}

/** x of min(x, 0). */
export function negativePart(value: Value | undefined): Value | undefined {
  const { of, low, high } = clipped(value) ?? {};
  return high && numberOf(high) === 0 && !low ? of : undefined;
}

/** One operator's limits. */
function once(value: Value | undefined): Clipped | undefined {
  if (!value) return undefined;
  const { node, index } = plain(value);
  if (index !== 0) return undefined;
  if (node.op === "Clip") {
    const [of, low, high] = node.inputs;
    return isLimit(low) && isLimit(high) && (low || high) ? { of: of!, low, high } : undefined;
  }
  if (node.op === "Relu") return { of: node.inputs[0]!, low: zeroOf(node.inputs[0]!) };
  if (node.op === "Max" || node.op === "Min") return extreme(value, node.op);
  return chosen(value) ?? masked(value);
}

const isLimit = (value: Value | undefined) => value === undefined || value.literal !== undefined;

function extreme(value: Value, op: "Max" | "Min"): Clipped | undefined {
  const pair = operands(value, op)!;
  if (pair.length !== 2) return undefined;
  const [of, limit] = plain(pair[1]!).literal ? [pair[0]!, pair[1]!] : [pair[1]!, pair[0]!];
  if (!plain(limit).literal || plain(of).literal || of.shape.length !== value.shape.length) return undefined;
  if (of.shape.some((d, i) => d !== value.shape[i])) return undefined;
  return op === "Max" ? { of, low: limit } : { of, high: limit };
}

/** Where(x > h, h, x) and Where(x < l, l, x), x itself possibly kept on its other side. */
function chosen(value: Value): Clipped | undefined {
  const found = branches(value);
  if (!found) return undefined;
  const { of, threshold, up, down } = found;
  const isSame = (branch: Value) => same(branch, of) || same(once(branch)?.of, of);
  const limits = (branch: Value) => (threshold === 0 ? numberOf(branch) === 0 : is(branch, threshold));
  if (limits(down) && isSame(up)) return { of: up, low: down };
  return limits(up) && isSame(down) ? { of: down, high: up } : undefined;
}

/** x times 1 where x > 0, else 0. */
function masked(value: Value): Clipped | undefined {
  for (const [x, mask] of bothWays(operands(value, "Mul"))) {
    const found = compared(operands(mask, "Cast")?.[0]);
    if (found?.threshold === 0 && same(found.of, x))
      return found.above ? { of: x, low: zeroOf(x) } : { of: x, high: zeroOf(x) };
  }
  return undefined;
}

const zeroOf = ({ dtype }: Value) => scalar(0, dtype);
