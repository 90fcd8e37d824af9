import { expect, test } from "vitest";
import { shippedPolicy } from "#src/package-files.js";
import { MADE_UP, TRIALS } from "../../gaze/made-up.js";
import { inOwnProcess, torquelens } from "../run.js";

const BREAKOUT = shippedPolicy("breakout");

test("measures of a policy's maps on a trial, as a table and as JSON", async () => {
  const methods = ["--method", "dtd", "--method", "gradient"];
  const { code, stdout } = await inOwnProcess("gaze", BREAKOUT, MADE_UP, ...methods);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^1 trial, 6 steps$/m);
  for (const map of ["dtd", "gradient", "random"])
    expect(stdout).toMatch(new RegExp(`^ {2}${map}( +(-?\\d\\.\\d{3}|–)){3} +\\d, \\d, \\d$`, "m"));
  const json = await torquelens("gaze", BREAKOUT, TRIALS, "--game", "made_up", ...methods, "--json");
  const { trials } = JSON.parse(json.stdout);
  expect(trials.map(({ map, steps }: { map: string; steps: number }) => [map, steps])).toEqual([
    ["dtd", 6],
    ["gradient", 6],
    ["random", 6],
  ]);
  // Nobody looked at the first step's frame.
  expect(trials[2]).toMatchObject({ trial: MADE_UP, left_out: { nss: 1, kl: 1, sauc: 1 } });
});

test("only the first steps, and several trials with their deviation", async () => {
  const { stdout } = await torquelens("gaze", BREAKOUT, MADE_UP, MADE_UP, "--steps", "3", "--method", "gradient");
  expect(stdout).toMatch(/^2 trials, 6 steps, mean ± standard deviation over trials$/m);
  expect(stdout).toMatch(/^ {2}gradient +-?\d\.\d{3} ± 0\.000 /m);
});

test.each([
  [[shippedPolicy("reacher"), MADE_UP], /reacher\.onnx: sees .*, expected one image alone/],
  [[BREAKOUT, `${TRIALS}/meta_data.csv`], /meta_data\.csv: expected a trial's file of labels, ending in \.txt$/m],
  [[BREAKOUT, `${TRIALS}/9_none.txt`], /9_none\.txt/],
  [[BREAKOUT, TRIALS, MADE_UP, "--game", "made_up"], /--game made_up: found 2 paths, expected the data set's folder$/m],
  [[BREAKOUT, MADE_UP, "--method", "nonsense"], /nonsense/],
])("refuses %j in one line", async (argv, message) => {
  const { code, stderr, stdout } = await torquelens("gaze", ...argv);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});
