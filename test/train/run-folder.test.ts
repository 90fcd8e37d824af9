import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import type { IterationFigures } from "#src/train/episodes/outcome.js";
import { withCamera, withTargets } from "#src/train/recipe.js";
import { RunFolder, type RunIdentity } from "#src/train/run-folder.js";
import type { Checkpoint } from "#src/train/training.js";
import { curvesSvg } from "#src/train/training-curves.js";
import { SMALL, SMALL_GPS } from "./small-recipe.js";

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "torquelens-run-"));
});
afterAll(() => rm(parent, { recursive: true }));

const identity: RunIdentity = { task: "reacher", seed: 1, recipe: SMALL };
const checkpoint: Checkpoint = {
  stage: 2,
  step: 7,
  adam: { steps: 7, mean: Float64Array.of(1), square: Float64Array.of(Number.MIN_VALUE) },
  parameters: Float32Array.of(1.5, -0),
  rows: 1,
  inputs: Float32Array.of(1),
  labels: Float32Array.of(2),
  scenes: Float64Array.of(5),
  mean: Float32Array.of(3),
  scale: Float32Array.of(4),
  history: {
    curves: [{ phase: "fit", points: [[1, 0.5]] }],
    iterations: [{ phase: "fit", actor: "policy", episodes: 4, successes: 1, median_error: 0.1 }],
    sums: [0.25],
    count: 1,
  },
};

const held = async (folder: string) =>
  Promise.all((await readdir(folder)).sort().map(async (name) => [name, await readFile(join(folder, name), "hex")]));

test("a checkpoint is read back unchanged, with the curves beside it", async () => {
  const path = join(parent, "new", "run");
  const folder = await RunFolder.open(path, identity);
  expect(await folder.checkpoint("policy")).toBeUndefined();
  await folder.draw();
  expect(await readdir(path)).toEqual(["run.json"]);
  await folder.keep("policy", checkpoint);
  await folder.finish({ done: true });
  const again = await RunFolder.open(path, structuredClone(identity));
  expect(await again.checkpoint("policy")).toEqual(checkpoint);
  expect(await again.checkpoint("control")).toBeUndefined();
  const curves = JSON.parse(await readFile(join(path, "curves.json"), "utf8"));
  expect(curves.policy.curves).toEqual(checkpoint.history.curves);
  expect(await readFile(join(path, "curves.svg"), "utf8")).toMatch(/^<svg/);
});

test("the curves of a search also show its costs and bounds", async () => {
  const condition = { cost: 3, error: 0.1, success: false, promise: 1, bound: 5, divergence: 4 };
  const [fit] = checkpoint.history.iterations;
  const plain = await curvesSvg({ policy: checkpoint.history }, "gps");
  const iterations: IterationFigures[] = [fit!, Object.assign({ conditions: [condition, condition] }, fit!)];
  const search = await curvesSvg({ policy: { ...checkpoint.history, iterations } }, "gps");
  for (const words of ["mean cost", "promised by the controllers", "mean divergence (nats)", "bound"]) {
    expect(search).toContain(words);
    expect(plain).not.toContain(words);
  }
});

test("a folder of another training is refused and left unchanged", async () => {
  const path = join(parent, "taken");
  const folder = await RunFolder.open(path, identity);
  await folder.keep("policy", checkpoint);
  const before = await held(path);
  const rest = "; expected an empty folder, or the same training";
  const cases: [Partial<RunIdentity>, string][] = [
    [{ task: "peg" }, `task reacher, not peg`],
    [{ recipe: { ...SMALL, algorithm: "gps" } }, `recipe.algorithm imitation, not gps`],
    [{ recipe: withTargets(SMALL, 16) }, `recipe.episodes.targets random, not 16`],
    [{ seed: 2 }, `seed 1, not 2`],
    [{ recipe: { ...SMALL, sharpness: 5 } }, `recipe.sharpness 4, not 5`],
    [{ recipe: withCamera(SMALL, 32, 48) }, `recipe.spec.height 32, not 48`],
    [{ recipe: { ...SMALL_GPS, algorithm: "imitation" } }, `recipe.gps unset, not set`],
    [{ recipe: { ...SMALL, landmarkChannels: [1, 3] } }, `recipe.landmarkChannels [2,2], not [1,3]`],
  ];
  for (const [change, difference] of cases) {
    await expect(RunFolder.open(path, { ...identity, ...change })).rejects.toThrow(
      new InputError(`${path}: holds a training with ${difference}${rest}`),
    );
  }
  const content = JSON.parse(await readFile(join(path, "run.json"), "utf8"));
  await writeFile(join(path, "run.json"), JSON.stringify({ ...content, torquelens: "0.0.1" }));
  await expect(RunFolder.open(path, identity)).rejects.toThrow(/holds a training with torquelens 0\.0\.1, not /);
  await writeFile(join(path, "run.json"), JSON.stringify(content, undefined, 2).concat("\n"));
  expect(await held(path)).toEqual(before);
});

test("a folder that is not a run folder and a file that is not a checkpoint are refused", async () => {
  const other = join(parent, "other");
  await mkdir(other);
  await writeFile(join(other, "notes.txt"), "mine");
  await expect(RunFolder.open(other, identity)).rejects.toThrow(
    `${other}: not a run folder of torquelens train, expected an empty one`,
  );
  await expect(RunFolder.open(join(other, "notes.txt"), identity)).rejects.toThrow(InputError);
  const path = join(parent, "broken");
  const folder = await RunFolder.open(path, identity);
  await writeFile(join(path, "policy.checkpoint"), "half");
  await expect(folder.checkpoint("policy")).rejects.toThrow(/policy\.checkpoint: not a checkpoint of torquelens train/);
  await mkdir(join(path, "elbow.checkpoint"));
  await expect(folder.checkpoint("elbow")).rejects.toThrow("cannot read the checkpoint (it is a folder)");
  await writeFile(join(path, "run.json"), "{");
  await expect(RunFolder.open(path, identity)).rejects.toThrow(/run\.json: not JSON/);
});
