import { apply } from "../../graph/apply.js";
import { add, concat, div, matmul, relu, reshape, softmax, split, transpose, where, zeros } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { linear, type Parameters } from "../network/linear.js";
import { type Cell, lstmStep } from "../network/lstm.js";

/** A linear layer over the last axis, as one product of matrices. */
export function linearRows(p: Parameters, x: Value, name: string): Value {
  const lead = x.shape.slice(0, -1);
  const y = linear(p, reshape(x, [-1, x.shape.at(-1)!]), name);
  return reshape(y, [...lead, y.shape[1]!]);
}

/** The rows of a table that int64 numbers name. */
export const embed = (p: Parameters, name: string, numbers: Value): Value =>
  apply("Gather", [own(p, `${name}.weight`)!, numbers], { axis: 0 });

/** Mean 0 and variance 1 over the last axis, then scale and bias. */
export const normalise = (p: Parameters, x: Value, name: string): Value =>
  apply("LayerNormalization", [x, own(p, `${name}.scale`)!, own(p, `${name}.bias`)!], { axis: -1, epsilon: 1e-5 });

/**
 * An LSTM over words [B, L, n] in both directions, [B, L, 2 · units]. Where there is no word, its state stays as it was; so
 * the way back begins with the last word.
 * @param isWord bool [B, 1] for each of the L places
 */
export function bidirectional(p: Parameters, words: Value, isWord: readonly Value[], units: number): Value {
  const [batch, length, width] = words.shape as [number, number, number];
  const each = split(words, 1, Array<number>(length).fill(1)).map((word) => reshape(word, [batch, width]));
  const run = (name: string, order: readonly number[]): Value[] => {
    const hidden: Value[] = [];
    let state: Cell = { hidden: zeros([batch, units]), cell: zeros([batch, units]) };
    for (const t of order) {
      const next = lstmStep(state.cell, linear(p, concat([each[t]!, state.hidden], 1), name));
      const kept = (after: Value, before: Value): Value => where(isWord[t]!, after, before);
      state = { hidden: kept(next.hidden, state.hidden), cell: kept(next.cell, state.cell) };
      hidden[t] = state.hidden;
    }
    return hidden;
  };
  const order = Array.from({ length }, (_, t) => t);
  const forward = run("words.forward", order);
  const backward = run("words.backward", order.toReversed());
  const rows = forward.map((hidden, t) => reshape(concat([hidden, backward[t]!], 1), [batch, 1, 2 * units]));
  return concat(rows, 1);
}

/**
 * A layer of a transformer on tokens [B, N, width], normalised before each of its two parts.
 * @param bias added to each key's scores, [B, 1, 1, N]
 */
export function transformerLayer(p: Parameters, x: Value, name: string, heads: number, bias: Value): Value {
  const attended = attention(p, normalise(p, x, `${name}.norm1`), name, heads, bias);
  const y = add(x, linearRows(p, attended, `${name}.out`));
  const inner = relu(linearRows(p, normalise(p, y, `${name}.norm2`), `${name}.inner`));
  return add(y, linearRows(p, inner, `${name}.outer`));
}

/** Softmax of queries · keys / √d over the tokens, of each head; values' means with these weights. */
function attention(p: Parameters, x: Value, name: string, heads: number, bias: Value): Value {
  const [batch, count, width] = x.shape as [number, number, number];
  const all = linearRows(p, x, `${name}.attention`);
  const [queries, keys, values] = split(all, 2, [width, width, width]) as [Value, Value, Value];
  const size = width / heads;
  const parted = (y: Value, perm: readonly number[]): Value => transpose(reshape(y, [batch, count, heads, size]), perm);
  const scores = div(matmul(parted(queries, [0, 2, 1, 3]), parted(keys, [0, 2, 3, 1])), Math.sqrt(size));
  const weights = softmax(add(scores, bias));
  return reshape(transpose(matmul(weights, parted(values, [0, 2, 1, 3])), [0, 2, 1, 3]), [batch, count, width]);
}

/** The rows of each of T steps, [B, …], of those of all, [T · B, …]. */
export const stepsOf = (x: Value, steps: number): readonly Value[] =>
  steps === 1 ? [x] : split(x, 0, Array<number>(steps).fill(x.shape[0]! / steps));

/** Repeats rows [B, …] for each of T steps: [T · B, …]. */
export const forEachStep = (x: Value, steps: number): Value =>
  steps === 1 ? x : concat(Array<Value>(steps).fill(x), 0);
