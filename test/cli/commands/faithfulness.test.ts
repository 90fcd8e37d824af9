import { expect, test } from "vitest";
import { shippedPolicy } from "#src/package-files.js";
import { torquelens } from "../run.js";

const run = (...options: string[]) => torquelens("faithfulness", shippedPolicy("reacher"), ...options);

test("methods beside a random order, as a table and as JSON", async () => {
  const options = ["--task", "reacher", "--ticks", "3", "--method", "dtd", "--method", "gradient"];
  const { code, stdout } = await run(...options);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^image, 3 moments$/m);
  for (const method of ["random order", "dtd", "gradient"])
    expect(stdout).toMatch(new RegExp(`^ {2}${method}( +(-?\\d\\.\\d{3}|–)){4}$`, "m"));
  const report = JSON.parse((await run(...options, "--json")).stdout);
  expect(report.ticks).toHaveLength(3);
  for (const { curves } of report.methods) {
    expect(curves.deletion).toHaveLength(32);
    expect(curves.road).toHaveLength(9);
    // The last step of a curve is the image without, or with, all pixels.
    expect(curves.insertion.at(-1)).toBeCloseTo(1, 4);
    expect(curves.deletion.at(-1)).toBeCloseTo(report.methods[0].curves.deletion.at(-1), 4);
  }
});

test.each([
  [[], "required option '--task <name>' not specified"],
  [["--task", "juggling"], 'no task named "juggling"; expected'],
  [["--task", "reacher", "--camera", "wrist"], "--camera wrist: expected image"],
  [["--task", "reacher", "--method", "sarfa"], "method sarfa: it explains the choice of an action"],
  [["--task", "reacher", "--ticks", "0"], "Expected a whole number, 1 to 1000."],
])("%j is refused in one line", async (options, message) => {
  const { code, stderr, stdout } = await run(...options);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
