import { expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { loadTask, taskNamed, taskNames } from "#src/sim/tasks/tasks.js";
import { ALGORITHMS, algorithmNamed } from "#src/train/algorithms/algorithms.js";
import { recipeFor, withCamera, withoutVision } from "#src/train/recipe.js";

test.each(taskNames)("the recipes for %s fit the task", async (name) => {
  const { lesson } = taskNamed(name);
  expect(Object.keys(ALGORITHMS)).toEqual(expect.arrayContaining(Object.keys(lesson.recipes)));
  for (const [algorithm, recipe] of Object.entries(lesson.recipes)) {
    const { spec, landmarkChannels } = recipe;
    const task = await loadTask(name, spec);
    expect(spec.torques).toBe(task.joints.length);
    expect(spec.configuration).toBe(task.modalities.reduce((sum, { size }) => sum + size, 0));
    expect(Object.keys(task.imagePoints())).toEqual(expect.arrayContaining([...lesson.landmarks]));
    expect(landmarkChannels).toHaveLength(lesson.landmarks.length);
    expect(landmarkChannels.reduce((a, b) => a + b)).toBe(spec.channels[2]);
    const { stages } = (await algorithmNamed(algorithm)).schedule(recipe, lesson, task.ticks);
    expect(stages.length).toBeGreaterThan(1);
    task.delete();
  }
});

test.each(Object.keys(ALGORITHMS))("settings of %s are checked", async (name) => {
  const { lesson } = taskNamed("reacher");
  const recipe = lesson.recipes[name]!;
  const wrong = { ...recipe, [name]: { ...(recipe[name] as object), speed: 1 } };
  const { schedule } = await algorithmNamed(name);
  expect(() => schedule(wrong, lesson, 50)).toThrow(/speed/);
});

test("an unknown algorithm is refused with the known ones", () => {
  expect(() => recipeFor("peg", taskNamed("peg").lesson, "toString")).toThrow(
    new InputError('task peg cannot be trained by "toString", expected imitation, gps'),
  );
});

test("another camera, and no vision, leave the rest of the recipe unchanged", () => {
  const recipe = recipeFor("peg", taskNamed("peg").lesson, "gps");
  const { spec, ...rest } = withCamera(recipe, 120, 100);
  expect(rest).toEqual({ ...recipe, spec: undefined });
  expect(spec).toEqual({ ...recipe.spec, width: 120, height: 100 });
  expect(withoutVision(recipe)).toEqual({ ...recipe, vision: { ...recipe.vision, steps: 0 } });
});
