import { InputError } from "../errors.js";
import { COLORMAPS } from "../image/colormap.js";
import type { OverlayOptions } from "../image/overlay.js";

/** How explanations are shown; can change during a run. */
export interface DisplayOptions extends OverlayOptions {
  /** JPEG quality of compressed overlays, 1..100; default 90. */
  readonly jpegQuality?: number;
  /** Largest rate of heatmaps, overlays and attention, Hz, by the images' stamps; default all of them. */
  readonly heatmapRate?: number;
}

export const DEFAULT_JPEG_QUALITY = 90;

const NEGATIVES: readonly NonNullable<OverlayOptions["negative"]>[] = ["cool", "magnitude", "hide"];

/** Valid values by option: a test, and the text for errors. */
const EXPECTED: {
  readonly [key in keyof DisplayOptions]-?: readonly [test: (value: unknown) => boolean, text: string];
} = {
  colormap: oneOf(COLORMAPS),
  scale: [(value) => isNumber(value) && value > 0, "a number above 0, relevance per pixel in the outputs' unit"],
  negative: oneOf(NEGATIVES),
  opacity: [(value) => isNumber(value) && value >= 0 && value <= 1, "a number from 0 to 1"],
  jpegQuality: [(value) => Number.isInteger(value) && between(value, 1, 100), "a whole number from 1 to 100"],
  heatmapRate: [(value) => isNumber(value) && value > 0, "a number of hertz above 0"],
};

/**
 * Checks options that a user gives, such as parameters; `undefined` stands for the default.
 * @throws InputError naming the option, what was found and what was expected
 */
export function checkDisplay(options: DisplayOptions): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(EXPECTED, key)) {
      throw new InputError(`display option ${key}: expected one of ${Object.keys(EXPECTED).join(", ")}`);
    }
    const [test, text] = EXPECTED[key as keyof DisplayOptions];
    if (value !== undefined && !test(value)) {
      throw new InputError(
        `display option ${key}: found ${typeof value === "string" ? JSON.stringify(value) : value}, expected ${text}`,
      );
    }
  }
}

function oneOf(values: readonly string[]): readonly [(value: unknown) => boolean, string] {
  return [(value) => values.includes(value as string), `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`];
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

const between = (value: unknown, low: number, high: number): boolean =>
  isNumber(value) && value >= low && value <= high;

const SECOND = 1e9;

/**
 * Passes stamps at a limited, even rate: a stamp is due when one period has passed since the previous one. The answer for
 * a stamp stays the same. A clock that jumps starts a new period.
 */
export class RateLimit {
  #granted: bigint | undefined;
  #next = 0n;

  /** @param rate largest rate, Hz; undefined passes all stamps */
  due(stamp: bigint, rate: number | undefined): boolean {
    if (rate === undefined || stamp === this.#granted) return true;
    const period = BigInt(Math.round(SECOND / rate));
    const granted = this.#granted;
    const jumped = granted === undefined || stamp < granted - period || stamp >= this.#next + period;
    if (!jumped && stamp < this.#next) return false;
    this.#granted = stamp;
    this.#next = (jumped ? stamp : this.#next) + period;
    return true;
  }
}
