import { Command, type Option } from "commander";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "#src/cli/command-table.js";

const program = new Command();
for (const name of ["bench", "replay", "report", "reproduce", "sim", "train"])
  (await COMMANDS[name]!.load()).declareOptions(program.command(name));

/** Options whose value is one number, as their flags tell: `--jobs <n>`. */
const numeric = program.commands.flatMap((command) =>
  command.options
    .filter(({ flags }) => /<(n|s|x|hz|seconds|number)>$/.test(flags))
    .map((option) => [`${command.name()} ${option.flags}`, option] as const),
);

const parse = (option: Option, text: string): unknown => option.parseArg?.(text, undefined);

describe("an option that is a number", () => {
  it("is one of those that are known", () => {
    expect(numeric.map(([name]) => name)).toEqual([
      "bench --threads <n>",
      "bench --seconds <s>",
      "bench --rounds <n>",
      "bench --ticks <n>",
      "bench --joint-rate <hz>",
      "replay --start <s>",
      "replay --end <s>",
      "replay --every <n>",
      "replay --jobs <n>",
      "replay --threads <n>",
      "report --window <seconds>",
      "report --runs <n>",
      "report --moments <n>",
      "reproduce --seed <n>",
      "sim --ticks <n>",
      "sim --episodes <n>",
      "sim --rest <s>",
      "sim --speed <x>",
      "sim --seed <n>",
      "sim --page-port <n>",
      "sim --port <n>",
      "sim --threads <n>",
      "train --seed <number>",
    ]);
  });

  it.each(numeric)("%s: help and error tell its range", (_, option) => {
    const [, least, most] = /(?:;|or) ([\d.]+) to ([\d.]+)$/.exec(option.description) ?? [];
    expect(parse(option, least!)).toBe(Number(least));
    expect(parse(option, most!)).toBe(Number(most));
    for (const text of [`${Number(most) + 1}`, "1e300", "Infinity", "-1", "NaN", ""])
      expect(() => parse(option, text)).toThrow(
        new RegExp(`^Expected (0, or )?a (whole )?number, ${least} to ${most}\\.$`),
      );
  });

  it("or a list of times is as short as a page can show", () => {
    const at = program.commands.flatMap(({ options }) => options).find(({ long }) => long === "--at")!;
    expect(parse(at, "0,1.5")).toEqual([0, 1.5]);
    for (const text of ["1e300", new Array(101).fill("1").join(",")])
      expect(() => parse(at, text)).toThrow("separated by commas: 100 or fewer, each 0 to 1000000000.");
  });
});
