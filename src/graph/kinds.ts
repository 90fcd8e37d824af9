import { type Form, traitsOf } from "./traits.js";
import type { Node, Value } from "./value.js";

/** Kinds of operators, by their traits. */

/** True where an input of this number holds data. */
export function isData(op: string, input: number): boolean {
  const { data = [0] } = traitsOf(op);
  return data === "all" || data.includes(input);
}

/** True for an output that others are scaled and shifted by. */
export const isStatistic = ({ node, index }: Value): boolean => traitsOf(node.op).statistics?.includes(index) ?? false;

/** True where every element of the data is there once: it stays, is reshaped or permuted. */
export function isRearranged(op: string): boolean {
  const { moves } = traitsOf(op);
  return moves === "stay" || moves === "reshape" || moves === "permute";
}

/** True where every output element is an element of the data. */
export function isTaken(op: string): boolean {
  const { moves } = traitsOf(op);
  return moves !== undefined && moves !== "fill";
}

/** True for Add, Sub, Mul and Div: two operands, linear in the first. */
export function isArithmetic(op: string): boolean {
  const { form, moves, elementwise, data } = traitsOf(op);
  return elementwise === true && moves === undefined && data?.length === 2 && isLinear(form);
}

/** True where every element is scaled and shifted at its own place: arithmetic, negation, a normalisation by constants. */
export function isScaled(op: string): boolean {
  const { form, moves, elementwise } = traitsOf(op);
  return elementwise === true && moves === undefined && isLinear(form);
}

/** True for functions of one value, element by element, that have a slope: activations, powers, roots. */
export function isActivation(op: string): boolean {
  const { form, elementwise } = traitsOf(op);
  return elementwise === true && form === "curved";
}

/** True where the derivative is zero almost everywhere. */
export function isFlat(op: string): boolean {
  const { form } = traitsOf(op);
  return form === "flat" || form === "rounded";
}

const isLinear = (form: Form) => form === "affine" || form === "bilinear" || form === "quotient";

/** The inputs of a node that hold data; optional ones that are left out are not there. */
export const dataOf = ({ op, inputs }: Pick<Node, "op" | "inputs">): readonly Value[] =>
  inputs.filter((value, i): value is Value => value !== undefined && isData(op, i));
