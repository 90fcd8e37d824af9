import { add, div, mul, relu, reshape, sub, where } from "../../../graph/build.js";
import { sameShape, sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";

/** A factor per row and channel, [rows, 1, C, 1, …], times a map that all rows share, [1, C, …spatial]. */
export interface OuterProduct {
  readonly rows: Value;
  readonly map: Value;
}

/**
 * The outer products that an amount [rows, 1, C, …spatial] is the sum of, read off the nodes that made it: relevance
 * behind a soft-argmax is the same map in all rows times a number per row and channel (`massRule`), and rules multiply
 * and divide it by what all rows share. Undefined where it is no such sum.
 */
export function outerProducts(amount: Value, context: Context): readonly OuterProduct[] | undefined {
  const { shape } = amount;
  const [rows, batch] = shape;
  if (batch !== 1 || shape.length < 4) return undefined;
  const maps = new Map<Value, Value>();
  const isShared = (value: Value | undefined) => value && value.shape.length < shape.length;

  function find(value: Value): readonly OuterProduct[] | undefined {
    if (!sameShape(value.shape, shape)) return undefined;
    const { op, inputs } = value.node;
    const [a, b, c] = inputs as readonly [Value, Value?, Value?];
    const scaled = (of: Value, by: (map: Value) => Value) => find(of)?.map((one) => ({ ...one, map: by(one.map) }));
    switch (op) {
      case "Reshape":
        return arrived(a);
      case "Mul":
        return (
          made(value) ??
          (isShared(b) ? scaled(a, (map) => mul(map, b!)) : isShared(a) ? scaled(b!, (map) => mul(map, a)) : undefined)
        );
      case "Div":
        return isShared(b) ? scaled(a, (map) => div(map, b!)) : undefined;
      case "Where":
        return isShared(a) && isZero(c!) ? scaled(b!, (map) => where(a, map, c!)) : undefined;
      case "Relu":
        return positivePart(find(a));
      case "Add":
        return together(find(a), find(b!), add);
      case "Sub":
        return together(find(a), find(b!), sub);
      default:
        return undefined;
    }
  }

  /** What arrived at the map before it was reshaped: products, or sums of them over the coordinates. */
  function arrived(value: Value): readonly OuterProduct[] | undefined {
    const { op, inputs } = value.node;
    const [a, b] = inputs as readonly [Value, Value?];
    if (op === "Reshape") return arrived(a);
    return op === "Add" ? together(arrived(a), arrived(b!), add) : made(value);
  }

  /** A product of [rows, …C, 1, …] and [1, …C, …cells], its axes ordered as the amount's. */
  function made({ node, shape: own }: Value): readonly OuterProduct[] | undefined {
    if (node.op !== "Mul") return undefined;
    const channels = shape[2]!;
    const cells = sizeOf(shape.slice(3));
    const split = own.findLastIndex((_, axis) => sizeOf(own.slice(axis)) === cells);
    if (split < 1 || own[0] !== rows || sizeOf(own.slice(1, split)) !== channels) return undefined;
    const factor = own.map((d, axis) => (axis < split ? d : 1));
    const [x, y] = node.inputs as readonly [Value, Value];
    for (const [f, map] of [
      [x, y],
      [y, x],
    ] as const) {
      if (!sameShape(f.shape, factor) || sizeOf(map.shape) !== channels * cells) continue;
      if (!sameShape([...own.map(() => 1), ...map.shape].slice(-own.length), [1, ...own.slice(1)])) continue;
      const whole = maps.get(map) ?? reshape(map, [1, ...shape.slice(2)]);
      maps.set(map, whole);
      return [{ rows: reshape(f, [rows!, 1, channels, ...shape.slice(3).map(() => 1)]), map: whole }];
    }
    return undefined;
  }

  function positivePart(all: readonly OuterProduct[] | undefined): readonly OuterProduct[] | undefined {
    const [one, ...more] = all ?? [];
    return one && more.length === 0 && context.isNonNegative(one.map)
      ? [{ rows: relu(one.rows), map: one.map }]
      : undefined;
  }

  return find(amount);
}

/** The sum or the difference of two amounts; products of one map become one. */
function together(
  a: readonly OuterProduct[] | undefined,
  b: readonly OuterProduct[] | undefined,
  join: (x: Value | number, y: Value) => Value,
): readonly OuterProduct[] | undefined {
  if (!a || !b) return undefined;
  const joined = a.map((one) => {
    const other = b.find(({ map }) => map === one.map);
    return other ? { rows: join(one.rows, other.rows), map: one.map } : one;
  });
  const rest = b.filter(({ map }) => !a.some((one) => one.map === map));
  return [...joined, ...rest.map(({ rows, map }) => ({ rows: join(0, rows), map }))];
}

const isZero = (value: Value) => value.literal?.size === 1 && value.literal.scalar() === 0;
