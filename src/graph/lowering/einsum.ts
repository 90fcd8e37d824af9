import { expand, matmul, reshape, sum, transpose } from "../build.js";
import { type Shape, ShapeError, sizeOf } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering } from "./lowering.js";

/** A tensor with a letter per axis. */
interface Lettered {
  readonly value: Value;
  readonly letters: string;
}

/** Names of the axes that an ellipsis stands for, counted from the last: no letters, which an equation may use itself. */
const HIDDEN = "0123456789";

function lettered(value: Value, term: string): Lettered {
  const [head = "", tail] = term.split("...") as [string, string?];
  const count = value.shape.length - head.length - (tail?.length ?? 0);
  const letters = tail === undefined ? head : head + [...HIDDEN.slice(0, Math.max(0, count))].reverse().join("") + tail;
  if (letters.length !== value.shape.length || new Set(letters).size !== letters.length)
    throw new ShapeError(`Einsum: term "${term}" does not fit shape [${value.shape}] (every axis has its own letter)`);
  return { value, letters };
}

/** Sums over the axes that no later term needs. */
function reduced({ value, letters }: Lettered, needed: string): Lettered {
  const axes = [...letters].flatMap((letter, i) => (needed.includes(letter) ? [] : [i]));
  return { value: sum(value, axes), letters: [...letters].filter((letter) => needed.includes(letter)).join("") };
}

function arranged({ value, letters }: Lettered, order: string): Value {
  return transpose(
    value,
    [...order].map((letter) => letters.indexOf(letter)),
  );
}

/** One product of two tensors: batch, kept and summed axes as one matrix product. */
function product(left: Lettered, right: Lettered, needed: string): Lettered {
  const a = reduced(left, needed + right.letters);
  const b = reduced(right, needed + left.letters);
  const both = [...a.letters].filter((letter) => b.letters.includes(letter));
  const batch = both.filter((letter) => needed.includes(letter)).join("");
  const summed = both.filter((letter) => !needed.includes(letter)).join("");
  const only = (one: Lettered, other: Lettered) => [...one.letters].filter((l) => !other.letters.includes(l)).join("");
  const [rows, columns] = [only(a, b), only(b, a)];
  const extents = new Map<string, number>();
  for (const { value, letters } of [a, b])
    [...letters].forEach((letter, i) => {
      const known = extents.get(letter) ?? 1;
      const d = value.shape[i]!;
      if (known !== 1 && d !== 1 && known !== d)
        throw new ShapeError(`Einsum: axis "${letter}" has extents ${known} and ${d}`);
      extents.set(letter, Math.max(known, d));
    });
  const shapeOf = (letters: string): Shape => [...letters].map((letter) => extents.get(letter)!);
  const matrix = (one: Lettered, first: string, last: string) => {
    const order = batch + first + last;
    const whole = expand(arranged(one, order), shapeOf(order));
    return reshape(whole, [...shapeOf(batch), sizeOf(shapeOf(first)), sizeOf(shapeOf(last))]);
  };
  const letters = batch + rows + columns;
  return { value: reshape(matmul(matrix(a, rows, summed), matrix(b, summed, columns)), shapeOf(letters)), letters };
}

/** The output that an equation without "→" has: the ellipsis, then letters that occur once, in alphabetical order. */
function impliedOutput(terms: readonly string[]): string {
  const all = terms.join("").replaceAll("...", "");
  const once = [...new Set(all)].filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return (terms.some((term) => term.includes("...")) ? "..." : "") + once.join("");
}

/** Einstein summation as transposes and matrix products, from left to right. */
export const einsum: Lowering = ({ inputs, attributes }) => {
  const equation = String(attributes.equation ?? "").replaceAll(" ", "");
  const [left = "", right] = equation.split("->") as [string, string?];
  const terms = left.split(",");
  if (terms.length !== inputs.length)
    throw new ShapeError(`Einsum: equation "${equation}" has ${terms.length} terms for ${inputs.length} inputs`);
  const operands = terms.map((term, i) => lettered(inputs[i]!, term));
  const hidden = operands.reduce((most, { letters }) => {
    const own = [...letters].filter((letter) => HIDDEN.includes(letter)).join("");
    return own.length > most.length ? own : most;
  }, "");
  const output = (right ?? impliedOutput(terms)).replace("...", hidden);
  const whole = operands.slice(1).reduce((so, operand, i) => {
    const later = operands
      .slice(i + 2)
      .map(({ letters }) => letters)
      .join("");
    return product(so, operand, output + later);
  }, operands[0]!);
  const result = reduced(whole, output);
  if ([...output].some((letter) => !result.letters.includes(letter)) || new Set(output).size !== output.length)
    throw new ShapeError(`Einsum: output "${output}" of equation "${equation}" is not made by its terms`);
  return [arranged(result, output)];
};
