/**
 * Area under the ROC curve: the chance that a value of the first kind is above one of the second, both drawn at random; of
 * equal values half counts. NaN where one of the kinds has no values.
 */
export function auc(positives: Float32Array | Float64Array, negatives: Float32Array | Float64Array): number {
  if (positives.length === 0 || negatives.length === 0) return Number.NaN;
  const above = positives.slice().sort();
  const below = negatives.slice().sort();
  let lower = 0;
  let upTo = 0;
  let wins = 0;
  for (const value of above) {
    while (lower < below.length && below[lower]! < value) lower++;
    upTo = Math.max(upTo, lower);
    while (upTo < below.length && below[upTo]! <= value) upTo++;
    wins += lower + (upTo - lower) / 2;
  }
  return wins / (above.length * below.length);
}

type Counts = ArrayLike<number>;

/** The same where each place has a value, and is drawn as often as it is counted, of either kind. */
export function aucOfCounts(values: ArrayLike<number>, positives: Counts, negatives: Counts): number {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  let [above, below, wins] = [0, 0, 0];
  for (let at = 0; at < order.length; ) {
    const value = values[order[at]!]!;
    let [here, others] = [0, 0];
    for (; at < order.length && values[order[at]!] === value; at++) {
      here += positives[order[at]!]!;
      others += negatives[order[at]!]!;
    }
    wins += here * (below + others / 2);
    above += here;
    below += others;
  }
  return wins / (above * below);
}
