import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { LISTENING_ARCHITECTURES } from "./architectures.js";
import type { ListeningRecipe } from "./recipe.js";

const SHARED: Omit<ListeningRecipe, "network"> = {
  algorithm: "imitation",
  vision: true,
  workers: 1,
  seeing: { pictures: 4000, steps: 4000, batch: 16, rate: 2e-3 },
  rounds: { count: 80, first: 512, episodes: 96, alone: 12, least: 0.1, steps: 240, judged: 16 },
  lengths: [8, 16, 24, 32, 48],
  rows: 192,
  rate: 2e-3,
  gradientNorm: 5,
};

/** Recipes of worlds with words, by the architecture's name: the first is the usual one. */
const RECIPES: Readonly<Record<string, ListeningRecipe>> = Object.fromEntries(
  Object.entries(LISTENING_ARCHITECTURES).map(([name, { layers }]) => [name, { ...SHARED, network: layers }]),
);

/** Worlds that tell in words what to do, and whose expert can be imitated. */
export const toldWorlds: readonly string[] = ["tabletop"];

export const listeningRecipeNames: readonly string[] = Object.keys(RECIPES);

/** @throws InputError for an unknown name */
export function listeningRecipe(name = listeningRecipeNames[0]!): ListeningRecipe {
  const found = own(RECIPES, name);
  if (found === undefined)
    throw new InputError(`no recipe "${name}" of policies that listen, expected ${listeningRecipeNames.join(", ")}`);
  return found;
}
