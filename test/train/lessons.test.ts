import { expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import type { Targets } from "#src/sim/tasks/task.js";
import { loadTask, taskNamed, taskNames } from "#src/sim/tasks/tasks.js";
import { ALGORITHMS, algorithmNamed } from "#src/train/algorithms/algorithms.js";
import { pointsOf } from "#src/train/network/network.js";
import { recipeFor, withCamera, withoutVision, withTargets } from "#src/train/recipe.js";

test.each(taskNames)("the recipes for %s fit the task", async (name) => {
  const { lesson } = taskNamed(name);
  for (const recipe of Object.values(lesson.recipes)) {
    const { spec, landmarkChannels, algorithm } = recipe;
    expect(Object.keys(ALGORITHMS)).toContain(algorithm);
    const task = await loadTask(name, spec);
    expect(spec.torques).toBe(task.joints.length);
    expect(spec.configuration).toBe(task.modalities.reduce((sum, { size }) => sum + size, 0));
    expect(Object.keys(task.imagePoints())).toEqual(expect.arrayContaining([...lesson.landmarks]));
    expect(landmarkChannels).toHaveLength(lesson.landmarks.length);
    expect(landmarkChannels.reduce((a, b) => a + b)).toBe(pointsOf(spec));
    const { stages } = (await algorithmNamed(algorithm)).schedule(recipe, task.ticks);
    expect(stages.length).toBeGreaterThan(1);
    task.delete();
  }
});

test.each(Object.keys(ALGORITHMS))("settings of %s are checked", async (name) => {
  const { lesson } = taskNamed("reacher");
  const recipe = lesson.recipes[name]!;
  const wrong = { ...recipe, [name]: { ...(recipe[name] as object), speed: 1 } };
  const { schedule } = await algorithmNamed(name);
  expect(() => schedule(wrong, 50)).toThrow(/speed/);
});

test("an unknown algorithm or recipe is refused with the known ones, and one that is another's", () => {
  const asked = (algorithm?: string, recipe?: string) => () =>
    recipeFor("peg", taskNamed("peg").lesson, { algorithm, recipe });
  expect(asked("toString")).toThrow(
    new InputError('task peg cannot be trained by "toString", expected imitation, gps'),
  );
  expect(asked("levine")).toThrow(new InputError('task peg cannot be trained by "levine", expected imitation, gps'));
  expect(asked(undefined, "toString")).toThrow(
    new InputError('task peg has no recipe "toString", expected imitation, gps, anywhere, levine'),
  );
  expect(asked("imitation", "levine")).toThrow(new InputError("recipe levine is for the algorithm gps, not imitation"));
  expect(asked("gps", "levine")()).toBe(asked(undefined, "levine")());
});

test.each(taskNames)("the recipe levine for %s has four conditions, no disturbance, and all layers", (name) => {
  const { episodes, vision, endToEnd, ...recipe } = recipeFor(name, taskNamed(name).lesson, { recipe: "levine" });
  expect(episodes).toEqual({ targets: "four", starts: "near" });
  expect(vision.sharpen).toBe(0);
  expect(vision.steps).toBeGreaterThan(0);
  expect(endToEnd!.steps).toBeGreaterThan(0);
  expect(recipe.gps).toMatchObject({ noise: [0, 0], stale: 0, conditions: 4 });
});

test("the experiment on the number of goals differs from levine by its search and fits alone", () => {
  const [of, levine] = ["goals", "levine"].map((recipe) =>
    recipeFor("reacher", taskNamed("reacher").lesson, { recipe }),
  );
  expect({ ...of, gps: 0, endToEnd: 0 }).toEqual({ ...levine, gps: 0, endToEnd: 0 });
  for (const targets of ["four", 16, 64, "random"] as const) {
    const { conditions, samples } = withTargets(of!, targets).gps as Record<"conditions" | "samples", number>;
    expect(conditions * samples).toBe(256);
  }
});

test("other goals: guided policy search has a start for each in an iteration, and as many episodes", () => {
  const recipe = recipeFor("reacher", taskNamed("reacher").lesson, { recipe: "levine" });
  const search = (targets: Targets) => withTargets(recipe, targets).gps as Record<"conditions" | "samples", number>;
  expect(withTargets(recipe, "four")).toEqual(recipe);
  expect(search(16)).toMatchObject({ conditions: 16, samples: 4 });
  for (const many of [64, 500, "random"] as const) expect(search(many)).toMatchObject({ conditions: 64, samples: 1 });
  expect(withTargets(recipe, 16).episodes).toEqual({ targets: 16, starts: "near" });
});

test("another camera, and no vision, leave the rest of the recipe unchanged", () => {
  const recipe = recipeFor("peg", taskNamed("peg").lesson, { algorithm: "gps" });
  const { spec, ...rest } = withCamera(recipe, 120, 100);
  expect(rest).toEqual({ ...recipe, spec: undefined });
  expect(spec).toEqual({ ...recipe.spec, width: 120, height: 100 });
  expect(withoutVision(recipe)).toEqual({ ...recipe, vision: { ...recipe.vision, steps: 0 } });
  expect(withoutVision(recipeFor("peg", taskNamed("peg").lesson, { recipe: "levine" })).endToEnd).toBeUndefined();
});
