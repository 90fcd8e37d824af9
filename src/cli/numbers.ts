import { InvalidArgumentError } from "commander";

/** Parses an option's whole number; commander names the option and the text where it is none or below `least`. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
  };

/** Parses an option's finite number; commander names the option and the text where it is none or below `least`. */
export const atLeast =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= least) return value;
    throw new InvalidArgumentError(`Expected a number, ${least} or more.`);
  };
