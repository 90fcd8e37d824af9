import { InputError } from "../errors.js";
import type { PpoRecipe } from "./ppo/recipe.js";
import { ppoRecipe, ppoRecipeNames } from "./ppo/recipes.js";
import type { VtraceRecipe } from "./vtrace/recipe.js";
import { vtraceRecipe, vtraceRecipeNames, vtraceWorlds } from "./vtrace/recipes.js";

/**
 * The recipe of a world: that of the name, else the usual one of the algorithm, by default `ppo`.
 * @throws InputError for a recipe or an algorithm that the world does not have
 */
export function worldRecipe(
  world: string,
  { algorithm, recipe }: { readonly algorithm?: string | undefined; readonly recipe?: string | undefined },
): PpoRecipe | VtraceRecipe {
  if (algorithm !== undefined && algorithm !== "ppo" && algorithm !== "vtrace") {
    const expected = ["ppo", ...(vtraceWorlds.includes(world) ? ["vtrace"] : [])].join(", ");
    throw new InputError(`task ${world} cannot be trained by "${algorithm}", expected ${expected}`);
  }
  if (algorithm === "vtrace") return vtraceRecipe(world, recipe);
  const byVtrace = vtraceRecipeNames(world);
  if (recipe === undefined || !byVtrace.includes(recipe)) {
    const byPpo = ppoRecipeNames(world);
    if (algorithm === undefined && recipe !== undefined && byPpo.length > 0 && !byPpo.includes(recipe))
      throw new InputError(`task ${world} has no recipe "${recipe}", expected ${[...byPpo, ...byVtrace].join(", ")}`);
    return ppoRecipe(world, { recipe });
  }
  if (algorithm === "ppo") throw new InputError(`recipe ${recipe} is for the algorithm vtrace, not ppo`);
  return vtraceRecipe(world, recipe);
}
