import { matmul, tensor } from "../build.js";
import { constantOf } from "../fold.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering } from "./lowering.js";
import { number, plus } from "./microsoft-parts.js";

/** The accuracy level by which onnxruntime also quantises the other operand, block by block. */
const INTEGER = 4;

/** A product with a weight of 2 to 8 bits, in blocks of a scale each: b is [outputs, blocks, bytes of a block]. */
export const fewBits: Lowering = ({ op, inputs, attributes }) => {
  const [a, b, scales, zeros, groups, bias] = inputs as readonly (Value | undefined)[];
  const of = (name: string) => number(attributes, name, 0);
  const [bits, block, n, k] = [number(attributes, "bits", 4), of("block_size"), of("N"), of("K")];
  if (groups) throw new ShapeError(`${op}: an index of groups (g_idx) is not supported`);
  if (of("accuracy_level") === INTEGER)
    throw new ShapeError(
      `${op}: accuracy_level ${INTEGER}, which rounds the other operand, is not supported, expected 0 to 3`,
    );
  const blocks = Math.ceil(k / block);
  const bytes = b?.literal?.numbers();
  const scale = scales && constantOf(scales)?.numbers();
  const isPacked = zeros?.dtype === "uint8";
  const zero = zeros && constantOf(zeros)?.numbers();
  const perRow = isPacked ? Math.ceil((blocks * bits) / 8) : blocks;
  const fits =
    [2, 4, 8].includes(bits) &&
    bytes?.length === (n * blocks * block * bits) / 8 &&
    scale?.length === n * blocks &&
    (zeros === undefined || zero?.length === n * perRow);
  if (!a || !fits)
    throw new ShapeError(
      `${op}: weights [${b?.shape}] and scales [${scales?.shape}] do not fit ${n} × ${k} of ${bits} bits in blocks of ${block}`,
    );
  const part = (packed: ArrayLike<number>, row: number, i: number) => {
    const at = i * bits;
    return (packed[row + (at >> 3)]! >> (at & 7)) & ((1 << bits) - 1);
  };
  const middle = 2 ** (bits - 1);
  const zeroOf = (row: number, at: number) => {
    if (!zero) return middle;
    return isPacked ? part(zero, row * perRow, at) : zero[row * perRow + at]!;
  };
  const weight = new Float32Array(k * n);
  for (let row = 0; row < n; row++)
    for (let i = 0; i < k; i++) {
      const at = Math.floor(i / block);
      const step = part(bytes!, (row * blocks * block * bits) / 8, i) - zeroOf(row, at);
      weight[i * n + row] = step * scale![row * blocks + at]!;
    }
  return [plus(matmul(a, tensor("float32", [k, n], weight)), bias)];
};
