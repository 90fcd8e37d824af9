import { InputError } from "../errors.js";
import type { PpoRecipe } from "./ppo/recipe.js";
import { ppoRecipe } from "./ppo/recipes.js";
import type { VtraceRecipe } from "./vtrace/recipe.js";
import { isVtraceRecipe, vtraceRecipe, vtraceWorlds } from "./vtrace/recipes.js";

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
  if (recipe === undefined || !isVtraceRecipe(world, recipe)) return ppoRecipe(world, { recipe });
  if (algorithm === "ppo") throw new InputError(`recipe ${recipe} is for the algorithm vtrace, not ppo`);
  return vtraceRecipe(world, recipe);
}
