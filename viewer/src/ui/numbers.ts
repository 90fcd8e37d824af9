/** A number with three significant digits and its unit; a dash where it is none. */
export function quantity(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "–";
  return unit === "" ? digits(value) : `${digits(value)} ${unit}`;
}

export const percent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(100 * share)} %`.replace("-", "−") : "–";

function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e4) return value.toExponential(1).replaceAll("-", "−").replace("e+", "e");
  return value.toPrecision(size >= 1000 ? 4 : 3).replace("-", "−");
}
