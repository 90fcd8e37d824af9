/**
 * Colour behind a word by its signed relevance: red above zero, blue below, the stronger the larger; none at zero.
 * @param part relevance over the largest size of all words, −1 to 1
 */
export function wordShade(part: number): string {
  const strength = Math.min(1, Math.abs(part));
  if (!(strength > 0)) return "transparent";
  return `rgba(${part > 0 ? "224, 49, 39" : "43, 108, 214"}, ${(0.75 * strength).toFixed(2)})`;
}

/** Each relevance over the largest size of all; zeros where there is none. */
export function partsOfLargest(relevance: ArrayLike<number>): number[] {
  const values = Array.from(relevance);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.map((value) => (largest > 0 ? value / largest : 0));
}
