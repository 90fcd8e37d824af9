/** Probabilities of logits. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(logits);
  const most = Math.max(...all);
  const powers = all.map((logit) => Math.exp(logit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Number of the largest value, the first of several. */
export const largestOf = (values: ArrayLike<number>): number => {
  const all = Array.from(values);
  return all.indexOf(Math.max(...all));
};
