import { own } from "../../own.js";
import { add } from "../build.js";
import type { Value } from "../value.js";
import type { UnloweredNode } from "./lowering.js";
import { QUANTISED_LOWERING } from "./quantisation.js";

/** Parts that lowerings of onnxruntime's own operators share. */

export type Attributes = UnloweredNode["attributes"];
export type Operands = readonly [Value, ...(Value | undefined)[]];

export const number = (attributes: Attributes, name: string, fallback: number): number =>
  (own(attributes, name) as number | undefined) ?? fallback;

export const without = (attributes: Attributes, ...names: readonly string[]): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));

export const plus = (x: Value, y: Value | undefined) => (y ? add(x, y) : x);

export const DEQUANTIZE = QUANTISED_LOWERING.DequantizeLinear!;

/** Bytes as the numbers that they stand for. */
export const real = (x: Value, scale: Value, zero: Value | undefined): Value =>
  DEQUANTIZE({ op: "DequantizeLinear", inputs: [x, scale, zero], attributes: {} })[0]!;
