import { InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import { anyNumber, imageSize, times, wholeNumber, zeroOrNumber } from "#src/cli/input/numbers.js";

/** Texts that JavaScript takes for numbers, or that are none. */
const ODD = [
  "",
  " ",
  "NaN",
  "Infinity",
  "-Infinity",
  "0x10",
  "0b1",
  "1e400",
  "1_000",
  "9 9",
  "９",
  "5 s",
  "null",
  "--",
];

const parsers: Readonly<Record<string, readonly [parse: (text: string) => unknown, expected: string]>> = {
  wholeNumber: [wholeNumber([1, 256]), "Expected a whole number, 1 to 256."],
  anyNumber: [anyNumber([0.1, 3600]), "Expected a number, 0.1 to 3600."],
  zeroOrNumber: [zeroOrNumber([1e-6, 1000]), "Expected 0, or a number, 0.000001 to 1000."],
  times: [
    times(2, [0, 1e9]),
    "Expected seconds since the run's first tick, separated by commas: 2 or fewer, each 0 to 1000000000.",
  ],
};

const refused = (name: string, text: string) => {
  const [parse, expected] = parsers[name]!;
  expect(() => parse(text), `${name} of "${text}"`).toThrow(InvalidArgumentError);
  expect(() => parse(text), `${name} of "${text}"`).toThrow(expected);
};

describe("numbers of options", () => {
  it.each(Object.keys(parsers))("%s refuses what is no decimal number", (name) => {
    for (const text of ODD) refused(name, text);
  });

  it.each([
    ["wholeNumber", "1", 1],
    ["wholeNumber", "256", 256],
    ["wholeNumber", "1e2", 100],
    ["anyNumber", "0.1", 0.1],
    ["anyNumber", "3600", 3600],
    ["zeroOrNumber", "0", 0],
    ["zeroOrNumber", "1e-6", 1e-6],
    ["zeroOrNumber", "1000", 1000],
    ["times", "0,1e9", [0, 1e9]],
    ["times", "2.5", [2.5]],
  ])("%s takes %s", (name, text, value) => {
    expect(parsers[name]![0](text)).toEqual(value);
  });

  it.each([
    ["wholeNumber", ["0", "257", "1.5", "-1", "1e300"]],
    ["anyNumber", ["0", "0.099", "3600.1", "-1", "1e300", "1e-300"]],
    ["zeroOrNumber", ["-1", "1e-300", "0.0000009", "1000.1", "1e300"]],
    ["times", ["-1", "1,2,3", "1,", ",", "1e300", "1,x"]],
  ] as const)("%s refuses what is outside of its range", (name, texts) => {
    for (const text of texts) refused(name, text);
  });

  it("takes sizes of images in pixels", () => {
    expect(imageSize(8, 4096)("120x90")).toEqual([120, 90]);
    for (const text of ["", "120", "120x", "7x90", "120x4097", "1e2x90", "120x90x3", "-120x90"])
      expect(() => imageSize(8, 4096)(text)).toThrow("Expected WIDTHxHEIGHT, each 8 to 4096 pixels.");
  });
});
