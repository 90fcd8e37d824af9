import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import type { PixelLayers } from "../pixels/spec.js";
import { ppoRecipe } from "../ppo/recipes.js";
import { PAPER_LAYERS, type QueryLayers } from "../query/spec.js";
import type { VtraceRecipe } from "./recipe.js";
import type { VtraceSettings } from "./settings.js";

/** Settings of Mott et al. (2019) and Lovering et al. (2019), as the latter's script has them. */
const PAPER = {
  worlds: 32,
  unroll: 50,
  lag: 1,
  gamma: 0.99,
  rho: 1,
  trace: 1,
  rate: 2e-4,
  rateEnd: 0,
  decay: 0.99,
  epsilon: 0.01,
  entropy: 0.01,
  value: 0.5,
  gradientNorm: 1280,
  totalSteps: 2_000_000_000,
} as const satisfies VtraceSettings;

/** Settings of short trainings on a few cores. */
const SHORT = { ...PAPER, worlds: 16, unroll: 20, rate: 1e-3, epsilon: 1e-3, gradientNorm: 40 } as const;

/** The paper's network for small pictures: convolutions of eight pixels side by side, and fewer channels and units. */
const SMALL_LAYERS: QueryLayers = {
  convolutions: [{ filters: 24, kernel: 8, stride: 8 }],
  memory: 32,
  memoryKernel: 3,
  keys: 8,
  frequencies: [4, 4],
  queries: 4,
  queryHidden: [64],
  answer: [128, 64],
  core: 64,
};

const SHARED = { algorithm: "vtrace", vision: true, workers: 2 } as const;

/** Steps of the usual recipe and of that with queries, by world: those of discrete actions. */
const STEPS: Readonly<Record<string, readonly [plain: number, query: number]>> = {
  "red-fetch-green": [3_000_000, 3_000_000],
  breakout: [5_000_000, 5_000_000],
};

const recipesOf = (
  world: string,
  [plain, query]: readonly [number, number],
): Readonly<Record<string, VtraceRecipe>> => {
  const { frames, network } = ppoRecipe(world, {});
  return {
    vtrace: { ...SHARED, frames, network: network satisfies PixelLayers, vtrace: { ...SHORT, totalSteps: plain } },
    query: { ...SHARED, frames: 1, network: SMALL_LAYERS, vtrace: { ...SHORT, totalSteps: query } },
    "query-paper": { ...SHARED, frames: 1, network: PAPER_LAYERS, vtrace: PAPER },
  };
};

/**
 * Recipes of worlds, by world and name: the usual one has the algorithm's name and the network of the usual recipe of `ppo`,
 * `query` a small network that asks queries, and `query-paper` network and settings of the paper.
 */
const RECIPES = Object.fromEntries(Object.entries(STEPS).map(([world, steps]) => [world, recipesOf(world, steps)]));

/** Names of the worlds that have recipes. */
export const vtraceWorlds: readonly string[] = Object.keys(RECIPES);

/** Names of a world's recipes; none for a world without. */
export const vtraceRecipeNames = (world: string): readonly string[] => Object.keys(own(RECIPES, world) ?? {});

/** @throws InputError for a world or a recipe that there is not */
export function vtraceRecipe(world: string, name = "vtrace"): VtraceRecipe {
  const recipes = own(RECIPES, world);
  if (recipes === undefined)
    throw new InputError(`task ${world} cannot be trained by "vtrace", only ${vtraceWorlds.join(", ")}`);
  const found = own(recipes, name);
  if (found === undefined)
    throw new InputError(`recipe ${name} is not for the algorithm vtrace, expected ${Object.keys(recipes).join(", ")}`);
  return found;
}

/** The recipe of the control: the convolutions stay random. */
export const withRandomVision = (recipe: VtraceRecipe): VtraceRecipe => ({ ...recipe, vision: false });
