import { InvalidArgumentError } from "commander";
import { parseNumber } from "../../numbers/decimal.js";
import type { Targets } from "../../sim/tasks/task.js";

/** Least and largest value of an option, both allowed. */
export type Range = readonly [least: number, most: number];

/** A range as help and errors tell it. */
export const rangeText = ([least, most]: Range): string => `${least} to ${most}`;

/** Parser of a whole number in a range; commander's error names the option and the text. */
export const wholeNumber =
  (range: Range) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (Number.isSafeInteger(value) && isIn(value!, range)) return value!;
    throw new InvalidArgumentError(`Expected a whole number, ${rangeText(range)}.`);
  };

/** Largest number of fixed goals. */
const MOST_GOALS = 10_000;

/** Parser of a kind of goals: four, random, or a number of fixed ones. */
export function targetKind(text: string): Targets {
  if (text === "four" || text === "random") return text;
  const count = parseNumber(text);
  if (Number.isSafeInteger(count) && isIn(count!, [1, MOST_GOALS])) return count!;
  throw new InvalidArgumentError(`Expected four, random, or a number of fixed goals, 1 to ${MOST_GOALS}.`);
}

/** Parser of a number in a range. */
export const anyNumber =
  (range: Range) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (value !== undefined && isIn(value, range)) return value;
    throw new InvalidArgumentError(`Expected a number, ${rangeText(range)}.`);
  };

/** Parser of 0 or a number in a range. */
export const zeroOrNumber =
  (range: Range) =>
  (text: string): number => {
    const value = parseNumber(text);
    if (value !== undefined && (value === 0 || isIn(value, range))) return value;
    throw new InvalidArgumentError(`Expected 0, or a number, ${rangeText(range)}.`);
  };

const isIn = (value: number, [least, most]: Range): boolean => value >= least && value <= most;

/** Parser of at most `most` comma-separated times, seconds. */
export const times =
  (most: number, range: Range) =>
  (text: string): number[] => {
    const seconds = text.split(",").map((part) => parseNumber(part) ?? Number.NaN);
    if (seconds.length <= most && seconds.every((at) => isIn(at, range))) return seconds;
    const expected = `${most} or fewer, each ${rangeText(range)}`;
    throw new InvalidArgumentError(`Expected seconds since the run's first tick, separated by commas: ${expected}.`);
  };

/** Parser of an image size, `120x90`, each extent from `least` to `most` pixels. */
export const imageSize =
  (least: number, most: number) =>
  (text: string): readonly [width: number, height: number] => {
    const found = /^(\d+)x(\d+)$/.exec(text);
    const size = [Number(found?.[1]), Number(found?.[2])] as const;
    if (size.every((extent) => extent >= least && extent <= most)) return size;
    throw new InvalidArgumentError(`Expected WIDTHxHEIGHT, each ${least} to ${most} pixels.`);
  };
