import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import { randoms } from "../../evaluate.js";

export interface Operand {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Decides the output's shape, so it is an initializer. */
  readonly constant?: boolean;
}

/** A float is marked, since every number of JavaScript could be one. */
export type CaseAttributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>;

export interface NodeCase {
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes: CaseAttributes;
  readonly outputs: number;
}

export type Shape = readonly number[];
export const sizeOf = (shape: Shape) => shape.reduce((product, d) => product * d, 1);

export const extent = fc.integer({ min: 1, max: 5 });
export const shapeOf = (least: number, most: number) => fc.array(extent, { minLength: least, maxLength: most });
const seed = fc.integer({ min: 1, max: 1e6 });
export const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

const isWhole = (dtype: DType) => !dtype.startsWith("float");

/** A tensor of random numbers: reals within ±2, small whole numbers, or truths. */
export function tensor(shape: Shape, dtype: DType = "float32", low = -2, high = 2): fc.Arbitrary<Operand> {
  return seed.map((n) => {
    const numbers = Array.from(randoms(sizeOf(shape), n, low, high));
    const whole = (x: number) =>
      dtype === "bool" ? Number(x > 0) : Math.round(dtype[0] === "u" ? Math.abs(5 * x) : 5 * x);
    return { dtype, shape, values: isWhole(dtype) ? numbers.map((x) => whole(x)) : numbers };
  });
}

export const ints = (values: readonly number[]): Operand => ({
  dtype: "int64",
  shape: [values.length],
  values,
  constant: true,
});

export const node = (
  inputs: readonly (Operand | undefined)[],
  attributes: CaseAttributes = {},
  outputs = 1,
): NodeCase => ({ inputs, attributes, outputs });

/** Shapes that broadcast together: axes of one common shape, leading ones left out, others stretched. */
export const together = (count: number): fc.Arbitrary<Shape[]> =>
  fc
    .tuple(
      shapeOf(0, 4),
      fc.array(fc.tuple(fc.nat(4), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 })), {
        minLength: count,
        maxLength: count,
      }),
    )
    .map(([whole, cuts]) =>
      cuts.map(([drop, ones]) => whole.slice(Math.min(drop, whole.length)).map((d, i) => (ones[i] ? 1 : d))),
    );

export const elementwise = (arity: number, dtypes: DType[], low?: number, high?: number): fc.Arbitrary<NodeCase> =>
  fc
    .tuple(together(arity), oneOf(...dtypes))
    .chain(([shapes, dtype]) => fc.tuple(...shapes.map((shape) => tensor(shape, dtype, low, high))))
    .map((inputs) => node(inputs));

export const REALS: DType[] = ["float32", "float64"];
export const NUMBERS: DType[] = ["float32", "float64", "int32", "int64"];
export const MOVED: DType[] = ["float32", "float64", "int32", "int64", "uint8", "bool"];

/** One operand of any rank, and attributes or further operands that depend on its shape. */
export const about = (
  least: number,
  most: number,
  dtypes: DType[],
  rest: (
    shape: Shape,
  ) => fc.Arbitrary<{ attributes?: CaseAttributes; inputs?: (Operand | undefined)[]; outputs?: number }>,
): fc.Arbitrary<NodeCase> =>
  fc
    .tuple(shapeOf(least, most), oneOf(...dtypes))
    .chain(([shape, dtype]) =>
      fc
        .tuple(tensor(shape, dtype), rest(shape))
        .map(([x, { attributes, inputs = [], outputs }]) => node([x, ...inputs], attributes, outputs)),
    );

export const axisOf = (shape: Shape) => fc.integer({ min: -shape.length, max: shape.length - 1 });
export const axesOf = (shape: Shape) =>
  fc
    .subarray(shape.map((_, i) => i))
    .chain((axes) =>
      fc
        .array(fc.boolean(), { minLength: axes.length, maxLength: axes.length })
        .map((negative) => axes.map((axis, i) => (negative[i] ? axis - shape.length : axis))),
    );
