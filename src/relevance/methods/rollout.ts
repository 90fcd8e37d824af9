import { InputError } from "../../errors.js";
import { add, matmul, mean, mul, reshape, tensor } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Attention } from "../patterns/attention.js";

/** The part of each token at the start of a stack of attention layers in each token at its end. */
export interface Rollout {
  /** [tokens at the end, tokens at the beginning]. */
  readonly mixing: Value;
  /** The values that the first layer mixes, [.., tokens, features]. */
  readonly values: Value;
}

/** A of one layer, the mean of its heads: [queries, tokens]. */
export function headMean({ weights }: Attention): Value {
  const [queries, tokens] = weights.shape.slice(-2) as [number, number];
  return mean(reshape(weights, [-1, queries, tokens]), [0]);
}

/**
 * Attention rollout (Abnar & Zuidema 2020): Â = ½A + ½I of each self-attention, multiplied from the first layer to the
 * last. Queries that attend to an encoder's tokens start with the mixture of these, and in later layers take half of
 * the new mixture and half of the old one.
 * @param layers in the order of the network
 */
export function rollout(layers: readonly Attention[]): Rollout {
  const known = new Map<number, Value>();
  for (const layer of layers) {
    const A = headMean(layer);
    const [queries, tokens] = A.shape as [number, number];
    const before = known.get(queries);
    if (queries === tokens) {
      if (!before && known.size > 0) throw several(layer);
      const half = mul(add(A, identityOf(tokens)), 0.5);
      known.set(tokens, before ? matmul(half, before) : half);
    } else {
      if (!known.has(tokens) && known.size > 0) throw several(layer);
      const seen = known.has(tokens) ? matmul(A, known.get(tokens)!) : A;
      known.set(queries, before ? mul(add(before, seen), 0.5) : seen);
    }
  }
  const last = layers.at(-1)!;
  return { mixing: known.get(last.weights.shape.at(-2)!)!, values: layers[0]!.values };
}

const identityOf = (n: number) =>
  tensor(
    "float32",
    [n, n],
    Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
  );

const several = ({ node }: Attention) =>
  new InputError(
    `method attention: node "${node.label}" starts another sequence of tokens; name one layer, as in attention:layer=NAME`,
  );
