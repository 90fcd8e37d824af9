import { expect, test } from "vitest";
import { shippedPolicy } from "#src/package-files.js";
import { inOwnProcess, torquelens } from "../run.js";

const run = (...options: string[]) => torquelens("faithfulness", shippedPolicy("reacher"), ...options);

test("methods beside a random order, as a table and as JSON", async () => {
  const options = ["--task", "reacher", "--ticks", "3", "--method", "dtd", "--method", "gradient"];
  const { code, stdout } = await inOwnProcess("faithfulness", shippedPolicy("reacher"), ...options);
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

test("a policy that chooses among actions, in its world", async () => {
  const options = ["--task", "red-fetch-green", "--ticks", "3", "--method", "gradient", "--json"];
  const { code, stdout } = await torquelens("faithfulness", shippedPolicy("red-fetch-green"), ...options);
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report.methods.map(({ method }: { method: string }) => method)).toEqual(["random order", "gradient"]);
  // With all pixels removed, and with all put back, the order does not matter.
  const [{ curves: random }, { curves }] = report.methods;
  expect(curves.deletion.at(-1)).toBeCloseTo(random.deletion.at(-1), 6);
  expect(curves.insertion.at(-1)).toBeCloseTo(random.insertion.at(-1), 6);
  for (const value of [...curves.deletion, ...curves.insertion]) expect(value > 0 && value < 1 + 1e-6).toBe(true);
  // The last step puts the whole image back: the probability of the action that is taken, the largest of four.
  expect(curves.insertion.at(-1)).toBeGreaterThan(0.25);
});

test.each([
  [[], "required option '--task <name>' not specified"],
  [["--task", "juggling"], 'no task or world named "juggling"; expected'],
  [["--task", "reacher", "--camera", "wrist"], "--camera wrist: expected image"],
  [["--task", "reacher", "--method", "sarfa"], "method sarfa: it explains the choice of an action"],
  [["--task", "reacher", "--ticks", "0"], "Expected a whole number, 1 to 1000."],
])("%j is refused in one line", async (options, message) => {
  const { code, stderr, stdout } = await run(...options);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});
