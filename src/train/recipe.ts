import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { Lesson, Recipe } from "../sim/tasks/lesson.js";

/** @throws InputError for an algorithm without a recipe in the task's lesson */
export function recipeFor(task: string, { recipes }: Lesson, algorithm: string): Recipe {
  const recipe = own(recipes, algorithm);
  if (recipe) return recipe;
  throw new InputError(`task ${task} cannot be trained by "${algorithm}", expected ${Object.keys(recipes).join(", ")}`);
}

/** The recipe with a camera of another size. */
export const withCamera = (recipe: Recipe, width: number, height: number): Recipe => ({
  ...recipe,
  spec: { ...recipe.spec, width, height },
});

/** The recipe of the control: the convolutions stay random. */
export const withoutVision = (recipe: Recipe): Recipe => ({ ...recipe, vision: { ...recipe.vision, steps: 0 } });
