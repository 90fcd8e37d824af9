import { InputError } from "../errors.js";
import type { Literal } from "./literal.js";
import { stridesOf } from "./shape.js";
import type { Value } from "./value.js";

/** Operators that multiply with or add their constants: in these an infinite one spoils every torque. */
const WEIGHED: ReadonlySet<string> = new Set([
  "Conv",
  "ConvTranspose",
  "Gemm",
  "MatMul",
  "BatchNormalization",
  "LayerNormalization",
  "RMSNormalization",
  "GroupNormalization",
  "InstanceNormalization",
  "PRelu",
  "LSTM",
  "GRU",
  "RNN",
]);

/** Index of the first element that `wrong` finds, or −1. */
function firstOf(literal: Literal, wrong: (x: number) => boolean): number {
  if (literal.dtype !== "float32" && literal.dtype !== "float64" && literal.dtype !== "float16") return -1;
  if (literal.dtype !== "float32") return literal.numbers().findIndex(wrong);
  const { buffer, byteOffset, byteLength } = literal.bytes;
  const aligned = byteOffset % 4 === 0;
  const floats = aligned
    ? new Float32Array(buffer, byteOffset, byteLength / 4)
    : new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  for (let i = 0; i < floats.length; i++) if (wrong(floats[i]!)) return i;
  return -1;
}

function refuse(literal: Literal, at: number, called: string, why: string): never {
  const element = stridesOf(literal.shape).map((stride, axis) => Math.floor(at / stride) % literal.shape[axis]!);
  throw new InputError(`${called}: element [${element}] is ${literal.numbers()[at]}${why}`);
}

/**
 * Refuses a constant with an element that is no number.
 * @param called how messages call it
 */
export function refuseNaN(literal: Literal, called: string): void {
  const at = firstOf(literal, Number.isNaN);
  if (at >= 0) refuse(literal, at, called, "; the file is damaged or the training diverged");
}

/** Refuses infinite weights of a node; elsewhere an infinity is a mask or a bound. Each constant is searched once. */
export class WeightCheck {
  readonly #seen = new Set<Literal>();

  constructor(readonly source: string) {}

  refuseInfinite(op: string, label: string, inputs: readonly (Value | undefined)[]): void {
    if (!WEIGHED.has(op)) return;
    for (const value of inputs) {
      const literal = value?.literal;
      if (!literal || this.#seen.has(literal)) continue;
      this.#seen.add(literal);
      const at = firstOf(literal, (x) => x === Number.POSITIVE_INFINITY || x === Number.NEGATIVE_INFINITY);
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
