/**
 * Dynamic time warping of two runs by their poses (Sakoe and Chiba 1978): the tick of `b` that is of the same phase as
 * each tick of `a`. Joints are scaled by their range in both. The beginning of `b` is its phase at the start of `a`; its
 * end need not be reached, since a run that failed may never come to it.
 * @param a joint positions of each tick
 * @returns the tick of `b` for each of `a`, which never falls, and the mean distance of the poses
 */
export function align(
  a: readonly ArrayLike<number>[],
  b: readonly ArrayLike<number>[],
): { readonly ticks: readonly number[]; readonly distance: number } {
  const joints = a[0]?.length ?? 0;
  const scale = Array.from({ length: joints }, (_, j) => {
    const values = [...a, ...b].map((position) => position[j]!);
    return 1 / Math.max(1e-6, Math.max(...values) - Math.min(...values));
  });
  const apart = (i: number, k: number) => {
    let sum = 0;
    for (let j = 0; j < joints; j++) sum += ((a[i]![j]! - b[k]![j]!) * scale[j]!) ** 2;
    return Math.sqrt(sum);
  };
  const [n, m] = [a.length, b.length];
  const cost = new Float64Array(n * m).fill(Number.POSITIVE_INFINITY);
  const from = new Uint8Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < m; k++) {
      const ways = [
        i > 0 && k > 0 ? cost[(i - 1) * m + k - 1]! : Number.POSITIVE_INFINITY,
        i > 0 ? cost[(i - 1) * m + k]! : Number.POSITIVE_INFINITY,
        k > 0 ? cost[i * m + k - 1]! : Number.POSITIVE_INFINITY,
      ];
      const best = i === 0 && k === 0 ? 0 : Math.min(...ways);
      from[i * m + k] = ways.indexOf(best);
      cost[i * m + k] = best + apart(i, k);
    }
  }
  const last = cost.subarray((n - 1) * m, n * m);
  let [i, k] = [n - 1, last.indexOf(Math.min(...last))];
  const distance = last[k]! / n;
  const ticks = new Array<number>(n).fill(0);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  while (i >= 0 && k >= 0) {
    // Of several ticks that are of one phase, the one in the most similar pose.
    if (apart(i, k) <= nearest[i]!) [ticks[i], nearest[i]] = [k, apart(i, k)];
    const way = from[i * m + k]!;
    if (i === 0 && k === 0) break;
    if (way !== 2) i--;
    if (way !== 1) k--;
  }
  return { ticks, distance };
}
