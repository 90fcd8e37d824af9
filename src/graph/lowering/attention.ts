import { own } from "../../own.js";
import { apply } from "../apply.js";
import { countConstant } from "../budget.js";
import {
  add,
  cast,
  concat,
  div,
  expand,
  greater,
  logicalAnd,
  matmul,
  maximum,
  mul,
  reduceMax,
  reshape,
  scalar,
  softmax,
  tanh,
  tensor,
  transpose,
  where,
} from "../build.js";
import { constantOf } from "../fold.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import type { Lowering } from "./lowering.js";

/** The score of a masked key, the lowest of float32: finite, and without weight after a softmax. */
const MASKED = -3.4028234663852886e38;

/** [batch, length, heads · width] → [batch, heads, length, width]; four axes are kept. */
function heads(x: Value, count: number): Value {
  if (x.shape.length === 4) return x;
  const [batch, length, width] = x.shape as [number, number, number];
  if (x.shape.length !== 3 || !(count > 0) || width % count !== 0)
    throw new ShapeError(`Attention: shape [${x.shape}] does not make ${count} heads`);
  return transpose(reshape(x, [batch, length, count, width / count]), [0, 2, 1, 3]);
}

/** Repeats each head of keys and values for the heads of queries that share it. */
function shared(x: Value, count: number): Value {
  const [batch, own, length, width] = x.shape as [number, number, number, number];
  if (own === count) return x;
  if (count % own !== 0) throw new ShapeError(`Attention: ${count} heads of queries cannot share ${own} of keys`);
  const copies = expand(reshape(x, [batch, own, 1, length, width]), [batch, own, count / own, length, width]);
  return reshape(copies, [batch, count, length, width]);
}

/** True where a query may attend to a key: none later than itself, after `past` older keys. [queries, keys] */
function causal(queries: number, keys: number, past: number): Value {
  countConstant("Attention", [queries, keys]);
  const seen = Array.from({ length: queries * keys }, (_, i) => Number(i % keys <= Math.floor(i / keys) + past));
  return tensor("bool", [queries, keys], seen);
}

/** Scores with a mask: true and 0 let a key be seen, false and −∞ do not. Scores stay finite. */
function masked(scores: Value, mask: Value): Value {
  const lowest = scalar(MASKED, scores.dtype);
  if (mask.dtype === "bool") return where(mask, scores, lowest);
  const sum = add(scores, mask);
  return mayBeInfinite(mask) ? maximum(sum, lowest) : sum;
}

const mayBeInfinite = ({ literal }: Value) => !literal?.numbers().every(Number.isFinite);
const mayHide = ({ literal }: Value) => !literal?.numbers().every((x) => x > MASKED);

/**
 * The queries that may look at a key at all, [.., queries, 1]; undefined where that is every query. One that may not gets
 * zeros, as onnxruntime, the reference evaluator of ONNX and PyTorch have it. In a mask of numbers not only −∞ but also
 * the lowest float32 hides a key, as in onnxruntime.
 */
function rowsThatSee(masks: readonly Value[]): Value | undefined {
  const seen = masks.flatMap((mask) => {
    if (mask.dtype === "bool") return [mask];
    return mayHide(mask) ? [greater(mask, scalar(MASKED, mask.dtype))] : [];
  });
  if (seen.length === 0) return undefined;
  const rows = greater(reduceMax(cast(seen.reduce(logicalAnd), "float32"), [-1], true), 0);
  return constantOf(rows)?.numbers().every(Boolean) ? undefined : rows;
}

/** softmax(scale·QKᵀ + mask)·V with the heads that opset 23 packs in an axis. */
export const attention: Lowering = ({ inputs, attributes }) => {
  if (inputs[6]) throw new ShapeError("Attention: keys that are counted at run time (input 6) are not supported");
  const [q, k, v, mask, pastKey, pastValue] = inputs as readonly [Value, Value, Value, Value?, Value?, Value?];
  const number = (name: string, fallback: number) => (own(attributes, name) as number | undefined) ?? fallback;
  if (number("qk_matmul_output_mode", 0) !== 0)
    throw new ShapeError("Attention: outputs of its scores are not supported");
  const query = heads(q, number("q_num_heads", 0));
  const count = query.shape[1]!;
  const longer = (past: Value | undefined, x: Value) => (past ? concat([past, x], 2) : x);
  const key = longer(pastKey, heads(k, number("kv_num_heads", 0)));
  const value = longer(pastValue, heads(v, number("kv_num_heads", 0)));
  const scale = number("scale", 1 / Math.sqrt(query.shape[3]!));
  const products = matmul(query, transpose(shared(key, count), [0, 1, 3, 2]));
  let scores = mul(products, scale);
  const cap = number("softcap", 0);
  if (cap > 0) scores = mul(tanh(div(scores, cap)), cap);
  const masks = mask ? [mask] : [];
  const [queries, keys, past] = [query.shape[2]!, key.shape[2]!, pastKey ? pastKey.shape[2]! : 0];
  // A single query behind older keys is the newest of all: onnxruntime lets it look at every key.
  if (number("is_causal", 0) === 1 && !(queries === 1 && past > 0)) masks.push(causal(queries, keys, past));
  for (const one of masks) scores = masked(scores, one);
  const sees = rowsThatSee(masks);
  const weights = sees ? where(sees, softmax(scores, -1), scalar(0, scores.dtype)) : softmax(scores, -1);
  const out = matmul(weights, shared(value, count));
  const merged = () => {
    const [batch, , length, width] = out.shape as [number, number, number, number];
    return reshape(transpose(out, [0, 2, 1, 3]), [batch, length, count * width]);
  };
  return [q.shape.length === 3 ? merged() : out, apply("Identity", [key]), apply("Identity", [value])];
};
