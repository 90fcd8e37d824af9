import { cast, constant, mul, reshape, sub } from "../build.js";
import { Literal } from "../literal.js";
import { normalizeAxis, ShapeError, sizeOf } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering } from "./lowering.js";

/** (x − zero point) · scale, both for the whole tensor or along an axis. Whole numbers stand in x and zero point. */
export const dequantized: Lowering = ({ inputs: [x, scale, zero], attributes }) => {
  if (!x || !scale) throw new ShapeError("DequantizeLinear: expected an input and a scale");
  if (attributes.block_size) throw new ShapeError("DequantizeLinear: scales in blocks are not supported");
  const axis = (attributes.axis as number | undefined) ?? 1;
  const parts = (value: Value) => alongAxis(value, x, axis);
  const whole = cast(x, scale.dtype);
  const centred = zero && !isZero(zero) ? sub(whole, cast(parts(zero), scale.dtype)) : whole;
  return [mul(centred, parts(scale))];
};

/** A scalar, or [n] that broadcasts to x along an axis. */
function alongAxis(value: Value, x: Value, axis: number): Value {
  if (sizeOf(value.shape) === 1) return value.literal ? constant(relabelled(value.literal, [])) : reshape(value, []);
  const at = normalizeAxis("DequantizeLinear", axis, x.shape);
  if (value.shape.length !== 1 || value.shape[0] !== x.shape[at])
    throw new ShapeError(`DequantizeLinear: [${value.shape}] does not fit axis ${axis} of [${x.shape}]`);
  return reshape(
    value,
    x.shape.map((extent, i) => (i === at ? extent : 1)),
  );
}

const relabelled = ({ dtype, bytes }: Literal, shape: readonly number[]) => new Literal(dtype, shape, bytes);

const isZero = ({ literal }: Value): boolean => literal?.numbers().every((x) => x === 0) ?? false;
