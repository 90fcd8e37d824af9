import { InputError } from "../errors.js";
import { own, put } from "../own.js";

interface Threshold {
  readonly default: number;
  readonly range: readonly [low: number, high: number];
  readonly text: string;
}

const part = (value: number, text: string): Threshold => ({ default: value, range: [0, 1], text });

/** Thresholds of WARN and ERROR in the diagnostics. Parts are 0..1, of the diagnostics' window. */
export const THRESHOLDS = {
  rate_warn: part(0.9, "WARN below this part of the control rate"),
  rate_error: part(0.5, "ERROR below this part of the control rate"),
  misses_warn: part(0.01, "WARN from this part of explanations that missed their deadline"),
  misses_error: part(0.1, "ERROR from this part of explanations that missed their deadline"),
  drops_warn: part(0.05, "WARN from this part of messages refused, or of observations replaced by newer ones"),
  drops_error: part(0.5, "ERROR from this part of messages refused, or of observations replaced by newer ones"),
  sync_warn: part(0.05, "WARN from this part of images not matched with joint states"),
  sync_error: part(0.5, "ERROR from this part of images not matched with joint states"),
  residual_warn: part(0.01, "WARN from this part of explanations whose relevance does not add up (not_conserving)"),
  residual_error: part(0.5, "ERROR from this part of explanations whose relevance does not add up"),
  image_share: part(0.01, "WARN where the mean share of all images stays below this: the policy ignores its images"),
  camera_share: part(
    0.02,
    "WARN where a camera's part of all cameras' relevance stays below this: the policy ignores it",
  ),
  profile_warn: part(0.05, "WARN where a median share is this far outside the range of the recorded profile"),
  profile_error: part(0.2, "ERROR where a median share is this far outside the range of the recorded profile"),
} as const satisfies Readonly<Record<string, Threshold>>;

export type Thresholds = Readonly<Record<keyof typeof THRESHOLDS, number>>;

/**
 * The thresholds, defaults where not given.
 * @throws InputError for an unknown one, or one that is out of its range
 */
export function thresholdsOf(given: Partial<Thresholds> = {}): Thresholds {
  const table: Readonly<Record<string, Threshold>> = THRESHOLDS;
  const thresholds = Object.fromEntries(Object.entries(table).map(([name, { default: value }]) => [name, value]));
  for (const [name, value] of Object.entries(given)) {
    const known = own(table, name);
    if (!known) throw new InputError(`threshold ${name}: expected one of ${Object.keys(table).join(", ")}`);
    const [low, high] = known.range;
    if (!(value >= low && value <= high)) {
      throw new InputError(`threshold ${name}: found ${value}, expected a number from ${low} to ${high}`);
    }
    put(thresholds, name, value);
  }
  return thresholds as Thresholds;
}
