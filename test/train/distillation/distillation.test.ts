import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { levinePolicies } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { loadTask, taskNamed } from "#src/sim/tasks/tasks.js";
import { distillationCurves } from "#src/train/distillation/curves.js";
import { Distillation, distillationCost } from "#src/train/distillation/distillation.js";
import { episodesOf } from "#src/train/distillation/episodes-of.js";
import type { DistillationCheckpoint, DistillationOptions, StatesCheckpoint } from "#src/train/distillation/options.js";
import { armPlay } from "#src/train/distillation/play.js";
import {
  DISTILLATIONS,
  type DistillationRecipe,
  distillationNamed,
  usualRecipe,
} from "#src/train/distillation/recipe.js";
import { DivergenceError } from "#src/train/history/history.js";

const SMALL: DistillationRecipe = {
  ...distillationNamed("arm"),
  maps: 6,
  buffer: 12,
  steps: 8,
  rounds: 3,
  batch: 2,
  statesOfEpisode: 20,
};

const teacher = await loadPolicy(levinePolicies("reacher")[0]!.path);
const play = armPlay(() => loadTask("reacher", { width: 64, height: 64 }));

const open: Distillation[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((distillation) => distillation.close()));
});

async function distil(seed: number, recipe: Partial<DistillationRecipe> = {}, more: Partial<DistillationOptions> = {}) {
  const done: number[] = [];
  const distillation = await Distillation.start({
    teacher,
    recipe: { ...SMALL, ...recipe },
    teaching: { kind: "segmentation" },
    seed,
    play,
    progress: (progress) => done.push(progress.done / progress.total),
    ...more,
  });
  open.push(distillation);
  await distillation.train();
  return { distillation, bytes: distillation.export(), done };
}

test("one seed gives one student, to the last bit, also resumed at any checkpoint", async () => {
  const kept: { student: DistillationCheckpoint | undefined; states: StatesCheckpoint | undefined }[] = [];
  let states: StatesCheckpoint | undefined;
  let student: DistillationCheckpoint | undefined;
  const whole = await distil(
    3,
    {},
    {
      keepEvery: 0,
      async keep(checkpoint) {
        student = checkpoint;
        kept.push({ student, states });
      },
      async keepStates(checkpoint) {
        states = checkpoint;
        kept.push({ student, states });
      },
    },
  );
  expect(whole.done).toEqual([...whole.done].sort((a, b) => a - b));
  expect(whole.done.at(-1)).toBeCloseTo(1, 9);
  const { curves, iterations } = whole.distillation.history.state;
  expect(curves.map(({ points }) => points.at(-1)![0])).toEqual([2, 3, 3]);
  expect(iterations.map(({ phase, actor }) => [phase, actor])).toEqual([
    ["saliency of the teacher", "teacher"],
    ["states of the teacher", "teacher"],
    ["states of the student 1/2", "policy"],
    ["states of the student 2/2", "policy"],
  ]);
  const again = await distil(3);
  expect(Buffer.from(again.bytes).equals(whole.bytes)).toBe(true);
  expect(Buffer.from((await distil(4)).bytes).equals(whole.bytes)).toBe(false);
  // Before the first step, within a round, between a round and its states, after them, and at the end.
  const places = kept.map(({ student: at, states: of }) => `${at?.round ?? 0}.${at?.step ?? 0}/${of?.round}`);
  for (const place of ["0.0/0", "1.0/0", "1.0/1", "2.1/2", "3.0/2"]) {
    const earlier = kept[places.indexOf(place)];
    expect(earlier, place).toBeDefined();
    const resumed = await distil(3, {}, { earlier: async () => structuredClone(earlier!) });
    expect(Buffer.from(resumed.bytes).equals(whole.bytes), place).toBe(true);
    expect(resumed.distillation.history.state, place).toEqual(whole.distillation.history.state);
  }
  expect(await distillationCurves.svg({ student: whole.distillation.history.state })).toContain("<svg");
});

test("a distillation lowers what its recipe weighs, and starts from nothing where it says so", async () => {
  const longer = { steps: 60, rounds: 1, batch: 4 };
  const lossesOf = async (recipe: Partial<DistillationRecipe>) => {
    const { distillation } = await distil(5, { ...longer, ...recipe });
    const { points } = distillation.history.curves[0]!;
    const mean = (from: number, to: number, scalar: number) =>
      points.slice(from, to).reduce((sum, point) => sum + point[scalar]!, 0) / (to - from);
    return { first: (scalar: number) => mean(0, 10, scalar), last: (scalar: number) => mean(50, 60, scalar) };
  };
  const regularised = await lossesOf({ rate: 3e-3 });
  expect(regularised.last(2)).toBeLessThan(0.9 * regularised.first(2));
  const alone = await lossesOf({ start: "random", regularised: false, optimiser: "rmsprop" });
  expect(alone.last(3)).toBeLessThan(0.8 * alone.first(3));
  expect(alone.first(2)).toBe(0);
});

test("a loss that is not finite ends the distillation with its place, and no checkpoint of it", async () => {
  const kept: DistillationCheckpoint[] = [];
  const keep = async (checkpoint: DistillationCheckpoint) => void kept.push(checkpoint);
  const exploding = distil(3, { rate: 1e18, steps: 200, rounds: 1, batch: 1, workers: 1 }, { keep, keepEvery: 0 });
  await expect(exploding).rejects.toThrow(
    /^distillation 1\/1 diverged at step \d+ of 200|the parameters are not finite/,
  );
  await expect(exploding).rejects.toBeInstanceOf(DivergenceError);
  for (const { parameters } of kept) expect(parameters.every(Number.isFinite)).toBe(true);
});

test("teachers that cannot be distilled are refused before anything is asked for or written", async () => {
  const refused = async (change: object, message: string) => {
    const earlier = async (): Promise<never> => {
      throw new Error("asked for checkpoints");
    };
    const start = distil(1, {}, { teacher: { ...teacher, ...change }, earlier });
    await expect(start).rejects.toThrow(message);
    await expect(start).rejects.toBeInstanceOf(InputError);
  };
  await refused({ card: { ...teacher.card, state: { a: "b" } } }, "it carries state from tick to tick");
  await refused({ modalities: teacher.modalities.slice(1) }, "it has no image");
});

test("a student is taught in the episodes of its teacher's record, or of the task's lesson", () => {
  const { lesson } = taskNamed("reacher");
  expect(episodesOf(teacher, lesson)).toEqual({ targets: "four", starts: "near" });
  const taught = (training: Record<string, unknown> | undefined) =>
    episodesOf({ card: { ...teacher.card, training } }, lesson);
  expect(taught(undefined)).toEqual({ targets: "random" });
  expect(taught({ recipe: { episodes: { targets: "everywhere" } } })).toEqual({ targets: "random" });
  expect(taught({ recipe: { episodes: { targets: 30 } } })).toEqual({ targets: 30 });
});

test("the recipes of the paper's tasks are its Table 3", async () => {
  const table = Object.fromEntries(
    ["red-fetch-green-paper", "breakout", "highway"].map((name) => {
      const { threshold, yardstick, alpha, rate, optimiser, buffer, maps, start } = distillationNamed(name);
      return [name, [threshold, yardstick, alpha, rate, optimiser, buffer, maps, start]];
    }),
  );
  expect(table).toEqual({
    "red-fetch-green-paper": [0.1, "largest", 0.01, 1e-3, "adam", 10_000, 1000, "random"],
    breakout: [0.1, "largest", 0.01, 1e-3, "adam", 10_000, 10_000, "random"],
    highway: [0.1, "largest", 1, 2e-4, "rmsprop", 10_000, 2500, "random"],
  });
  expect(usualRecipe("peg")).toBe("arm");
  expect(usualRecipe("red-fetch-green")).toBe("red-fetch-green");
  expect(() => distillationNamed("soup")).toThrow('no distillation recipe "soup"; expected arm, red-fetch-green');
  for (const { recipe } of Object.values(DISTILLATIONS)) expect(distillationCost(recipe)).toBeGreaterThan(recipe.steps);
  const documented = await readFile("docs/distillation.md", "utf8");
  for (const name of Object.keys(DISTILLATIONS)) expect(documented).toContain(`\`${name}\``);
});
