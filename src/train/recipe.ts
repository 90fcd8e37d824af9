import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { Lesson, Recipe } from "../sim/tasks/lesson.js";
import type { Targets } from "../sim/tasks/task.js";
import { rewardedTasks } from "./ppo/arm-recipes.js";

/** A recipe of a task's lesson, by its own name or by its algorithm, whose usual recipe has the same name. */
export interface Choice {
  readonly algorithm?: string | undefined;
  readonly recipe?: string | undefined;
}

/** Name of a recipe. */
export const recipeName = ({ algorithm, recipe }: Choice): string => recipe ?? algorithm ?? "imitation";

/** @throws InputError for an algorithm or a recipe that the task's lesson has not, or that do not belong together */
export function recipeFor(task: string, { recipes }: Lesson, choice: Choice): Recipe {
  const { algorithm } = choice;
  const usual = Object.entries(recipes).flatMap(([name, recipe]) => (recipe.algorithm === name ? [name] : []));
  // Recipes by reward are not part of a lesson.
  const others = rewardedTasks.includes(task) ? ["ppo"] : [];
  if (algorithm !== undefined && !usual.includes(algorithm))
    throw new InputError(
      `task ${task} cannot be trained by "${algorithm}", expected ${[...usual, ...others].join(", ")}`,
    );
  const name = recipeName(choice);
  const recipe = own(recipes, name);
  if (recipe === undefined)
    throw new InputError(
      `task ${task} has no recipe "${name}", expected ${[...Object.keys(recipes), ...others].join(", ")}`,
    );
  if (algorithm !== undefined && algorithm !== recipe.algorithm)
    throw new InputError(`recipe ${name} is for the algorithm ${recipe.algorithm}, not ${algorithm}`);
  return recipe;
}

/**
 * The recipe with other goals of the training's episodes. An iteration of guided policy search has a start for each goal
 * then, as far as its number of episodes allows.
 */
export function withTargets<R extends Pick<Recipe, "algorithm" | "episodes">>(recipe: R, targets: Targets): R {
  const changed = { ...recipe, episodes: { ...recipe.episodes, targets } };
  if (!("gps" in recipe)) return changed;
  const gps = recipe.gps as { readonly conditions: number; readonly samples: number };
  const episodes = gps.conditions * gps.samples;
  const goals = targets === "random" ? episodes : targets === "four" ? 4 : targets;
  const samples = Math.ceil(episodes / goals);
  return { ...changed, gps: { ...gps, samples, conditions: Math.floor(episodes / samples) } };
}

/** The recipe with a camera of another size. */
export const withCamera = <R extends Pick<Recipe, "spec">>(recipe: R, width: number, height: number): R => ({
  ...recipe,
  spec: { ...recipe.spec, width, height },
});

/** The recipe of the control: the convolutions stay random. */
export function withoutVision({ endToEnd: _, ...recipe }: Recipe): Recipe {
  return { ...recipe, vision: { ...recipe.vision, steps: 0 } };
}
