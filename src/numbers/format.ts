/** Number for JSON and tables: six significant digits, null where it is not finite. */
export const number = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null);

/** Part of 1 as per cent, e.g. "12.3 %"; "–" where it is not finite. */
export const percent = (part: number): string => (Number.isFinite(part) ? `${(100 * part).toFixed(1)} %` : "–");

/** Part of 1 as whole per cent, e.g. "12 %". */
export const wholePercent = (part: number): string => `${(100 * part).toFixed(0)} %`;

/** Three significant digits, below 0.001 as a power of ten; "–" where it is not finite. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3);
}

/** Fixed number of decimals; what rounds to zero has no sign. */
export const fixed = (value: number, digits: number): string => value.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1");

/** Fixed number of decimals with a minus sign (U+2212). */
export const signed = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");

/** Count with its noun, e.g. "1 run", "1,200 ticks". */
export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
