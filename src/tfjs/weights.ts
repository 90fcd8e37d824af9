import { InputError } from "../errors.js";
import { Literal } from "../graph/literal.js";
import { sizeOf } from "../graph/shape.js";
import type { WeightEntry, WeightGroup } from "./model-json.js";

/** Bytes of an element as it is stored. */
const STORED: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
  bool: 1,
};
const DTYPES = ["float32", "int32", "bool"] as const;
type WeightType = (typeof DTYPES)[number];

/**
 * Reads the weights of a group from its shards, joined: float32, int32 and bool as they are, halves, and bytes or words
 * of 8 or 16 bits as min + scale · number.
 * @throws InputError where the shards have more or fewer bytes than the weights, or a weight is of an unknown type
 */
export function weightsOf(group: WeightGroup, bytes: Uint8Array, source: string): Map<string, Literal> {
  const needed = group.weights.reduce((sum, entry) => sum + storedBytes(entry, source), 0);
  if (needed !== bytes.byteLength)
    throw new InputError(
      `${source}: ${shardNames(group)} ${group.paths.length === 1 ? "has" : "have"} ${bytes.byteLength} bytes, ` +
        `expected ${needed} for ${group.weights.length} weights`,
    );
  const weights = new Map<string, Literal>();
  let start = 0;
  for (const entry of group.weights) {
    if (weights.has(entry.name)) throw new InputError(`${source}: the weight ${quoted(entry)} is listed twice`);
    const end = start + storedBytes(entry, source);
    weights.set(entry.name, decoded(entry, bytes.subarray(start, end), source));
    start = end;
  }
  return weights;
}

/** The names of a group's shards, for messages. */
export const shardNames = ({ paths }: WeightGroup): string =>
  paths.length <= 2 ? paths.join(" and ") : `${paths[0]} to ${paths.at(-1)}`;

const quoted = ({ name }: WeightEntry) => JSON.stringify(name);

function typeOf(entry: WeightEntry, source: string): WeightType {
  const type = DTYPES.find((known) => known === entry.dtype);
  if (!type)
    throw new InputError(
      `${source}: the weight ${quoted(entry)} is ${entry.dtype}; supported are ${DTYPES.join(", ")}`,
    );
  return type;
}

function storedBytes(entry: WeightEntry, source: string): number {
  const stored = entry.quantization?.dtype ?? typeOf(entry, source);
  return sizeOf(entry.shape) * STORED[stored]!;
}

function decoded(entry: WeightEntry, bytes: Uint8Array, source: string): Literal {
  const { shape, quantization } = entry;
  const type = typeOf(entry, source);
  if (!quantization) return new Literal(type, shape, bytes);
  if (quantization.dtype === "float16")
    return Literal.from(type, shape, new Literal("float16", shape, bytes).numbers());
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined)
    throw new InputError(
      `${source}: the weight ${quoted(entry)} is stored as ${quantization.dtype} without scale and min`,
    );
  const numbers = new Literal(quantization.dtype, shape, bytes).numbers();
  const values = numbers.map((n) => n * scale + min);
  return Literal.from(type, shape, type === "int32" ? values.map(Math.round) : values);
}
