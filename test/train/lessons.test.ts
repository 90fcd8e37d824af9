import { expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { loadTask, taskNames } from "#src/sim/tasks/tasks.js";
import { lessonFor, lessonNames, recipeFor } from "#src/train/lessons.js";
import { withCamera, withoutVision } from "#src/train/recipe.js";

test.each(taskNames)("the recipes for %s fit the task", async (name) => {
  const lesson = lessonFor(name);
  expect(Object.keys(lesson.recipes)).toEqual(["imitation", "gps"]);
  for (const { spec, landmarkChannels } of Object.values(lesson.recipes)) {
    const task = await loadTask(name, spec);
    expect(spec.torques).toBe(task.joints.length);
    expect(spec.configuration).toBe(task.modalities.reduce((sum, { size }) => sum + size, 0));
    expect(Object.keys(task.imagePoints())).toEqual(expect.arrayContaining([...lesson.landmarks]));
    expect(landmarkChannels).toHaveLength(lesson.landmarks.length);
    expect(landmarkChannels.reduce((a, b) => a + b)).toBe(spec.channels[2]);
    task.delete();
  }
});

test("what is not known is refused with what is", () => {
  expect(() => lessonFor("cook")).toThrow(
    new InputError(`no training for a task named "cook", expected ${lessonNames.join(", ")}`),
  );
  expect(() => recipeFor(lessonFor("peg"), "toString")).toThrow(
    new InputError('task peg cannot be trained by "toString", expected imitation, gps'),
  );
});

test("another camera, and no vision, change nothing else", () => {
  const recipe = recipeFor(lessonFor("peg"), "gps");
  const { spec, ...rest } = withCamera(recipe, 120, 100);
  expect(rest).toEqual({ ...recipe, spec: undefined });
  expect(spec).toEqual({ ...recipe.spec, width: 120, height: 100 });
  expect(withoutVision(recipe)).toEqual({ ...recipe, vision: { ...recipe.vision, steps: 0 } });
});
