import { InputError } from "../errors.js";
import { isFloat } from "./dtype.js";
import type { Literal } from "./literal.js";
import { stridesOf } from "./shape.js";
import { traitsOf } from "./traits.js";
import type { Value } from "./value.js";

/** Index of the first element that is NaN (or infinite), or −1. */
function firstOf(literal: Literal, infinite: boolean): number {
  if (!isFloat(literal.dtype) && literal.dtype !== "float16") return -1;
  const numbers = literal.dtype === "float32" ? floatsOf(literal.bytes) : literal.numbers();
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i]!;
    // x − x is 0 for finite numbers alone.
    if (x - x !== 0 && Number.isNaN(x) !== infinite) return i;
  }
  return -1;
}

/** Raw float32 bytes as numbers; copied only where they are not aligned in the file. */
function floatsOf({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  if (byteOffset % 4 === 0) return new Float32Array(buffer, byteOffset, byteLength / 4);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

function refuse(literal: Literal, at: number, called: string, why: string): never {
  const element = stridesOf(literal.shape).map((stride, axis) => Math.floor(at / stride) % literal.shape[axis]!);
  throw new InputError(`${called}: element [${element}] is ${literal.numbers()[at]}${why}`);
}

/**
 * Refuses a constant that contains NaN.
 * @param called its name in messages
 */
export function refuseNaN(literal: Literal, called: string): void {
  const at = firstOf(literal, false);
  if (at >= 0) refuse(literal, at, called, "; the file is damaged or the training diverged");
}

/** Refuses infinite weights of a node; elsewhere an infinity is a mask or a bound. Each constant is searched once. */
export class WeightCheck {
  readonly #seen = new Set<Literal>();

  constructor(readonly source: string) {}

  refuseInfinite(op: string, label: string, inputs: readonly (Value | undefined)[]): void {
    if (!traitsOf(op).weighted) return;
    for (const value of inputs) {
      const literal = value?.literal;
      if (!literal || this.#seen.has(literal)) continue;
      this.#seen.add(literal);
      const at = firstOf(literal, true);
      if (at >= 0)
        refuse(
          literal,
          at,
          `${this.source}: initializer "${value.name ?? ""}"`,
          `, a weight of node "${label}" (${op})`,
        );
    }
  }
}
