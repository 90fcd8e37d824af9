import { InvalidArgumentError } from "commander";

/** A finite number written out; undefined for any other text. */
export function parseNumber(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
}

/** Parser of a whole number from `least` to `most`; commander's error names the option and the text. */
export const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (Number.isSafeInteger(value) && value! >= least && value! <= most) return value!;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number, ${range}.`);
  };

/** Parser of a finite number of at least `least`. */
export const atLeast =
  (least: number) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (value !== undefined && value >= least) return value;
    throw new InvalidArgumentError(`Expected a number, ${least} or more.`);
  };

/** Parser of comma-separated times, seconds. */
export function times(text: string): number[] {
  const seconds = text.split(",").map((part) => parseNumber(part) ?? Number.NaN);
  if (seconds.every((at) => at >= 0)) return seconds;
  throw new InvalidArgumentError("Expected seconds since the run's first tick, separated by commas.");
}

/** Parser of an image size, `120x90`, each extent from `least` to `most` pixels. */
export const imageSize =
  (least: number, most: number) =>
  (text: string): readonly [width: number, height: number] => {
    const found = /^(\d+)x(\d+)$/.exec(text);
    const size = [Number(found?.[1]), Number(found?.[2])] as const;
    if (size.every((extent) => extent >= least && extent <= most)) return size;
    throw new InvalidArgumentError(`Expected WIDTHxHEIGHT, each ${least} to ${most} pixels.`);
  };
