import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { ARCHITECTURES } from "../pixels/architectures.js";
import type { PpoRecipe } from "./recipe.js";

/** Settings of the paper's Table 2 (Xing, Nagata, Zou, Neftci, Krichmar 2022) that all its tasks share. */
const TABLE_2 = {
  epochs: 4,
  gamma: 0.99,
  lambda: 0.95,
  clip: 0.2,
  entropy: 0.01,
  value: 0.5,
  gradientNorm: 0.5,
} as const;

/** What the usual recipes share. */
const SHARED = { algorithm: "ppo", vision: true, workers: 2 } as const;
const SETTINGS = { ...TABLE_2, worlds: 16, rolloutSteps: 128, rateEnd: 0, clipEnd: 1 } as const;

/** The usual recipe of each world. */
const USUAL: Readonly<Record<string, PpoRecipe>> = {
  "red-fetch-green": {
    ...SHARED,
    frames: 1,
    network: {
      convolutions: [
        { filters: 16, kernel: 8, stride: 8 },
        { filters: 24, kernel: 3, stride: 1 },
        { filters: 64, kernel: 3, stride: 3 },
      ],
      hidden: 128,
    },
    ppo: {
      ...SETTINGS,
      totalSteps: 3_276_800,
      minibatches: 8,
      rate: 1e-3,
      rateSteps: 6_000_000,
      coolDown: 0.35,
    },
  },
  breakout: {
    ...SHARED,
    frames: 2,
    network: {
      convolutions: [
        { filters: 24, kernel: 6, stride: 6 },
        { filters: 32, kernel: 4, stride: 2 },
      ],
      hidden: 128,
    },
    ppo: {
      ...SETTINGS,
      totalSteps: 1_200_000,
      minibatches: 4,
      lifeEnds: true,
      rate: 5e-4,
    },
  },
  highway: {
    ...SHARED,
    frames: 2,
    network: {
      convolutions: [
        { filters: 24, kernel: 8, stride: 8 },
        { filters: 32, kernel: 4, stride: 2 },
      ],
      hidden: 128,
    },
    ppo: {
      ...SETTINGS,
      gamma: 0.995,
      lambda: 0.97,
      totalSteps: 500_000,
      endSteps: 360_448,
      minibatches: 8,
      rewardScale: 0.03,
      failureCost: 240,
      rate: 5e-4,
      entropy: 0,
    },
  },
};

/**
 * Recipes of worlds, by world and name: the usual one has the algorithm's name, those with the networks of Nikulin et al.
 * (2019) have the networks' names.
 */
const RECIPES: Readonly<Record<string, Readonly<Record<string, PpoRecipe>>>> = Object.fromEntries(
  Object.entries(USUAL).map(([world, ppo]) => [
    world,
    {
      ppo,
      ...Object.fromEntries(
        Object.entries(ARCHITECTURES).map(([name, { layers }]) => [name, { ...ppo, network: layers }]),
      ),
    },
  ]),
);

/** Names of the worlds that have recipes. */
export const trainedWorlds: readonly string[] = Object.keys(RECIPES);

/** Names of a world's recipes; none for a world without. */
export const ppoRecipeNames = (world: string): readonly string[] => Object.keys(own(RECIPES, world) ?? {});

/** @throws InputError for a recipe or an algorithm that the world does not have */
export function ppoRecipe(
  world: string,
  { algorithm, recipe = "ppo" }: { readonly algorithm?: string | undefined; readonly recipe?: string | undefined },
): PpoRecipe {
  const recipes = own(RECIPES, world);
  if (recipes === undefined)
    throw new InputError(`world ${world} has no recipe yet, expected one of ${trainedWorlds.join(", ")}`);
  if (algorithm !== undefined && algorithm !== "ppo")
    throw new InputError(`task ${world} cannot be trained by "${algorithm}", expected ppo`);
  const found = own(recipes, recipe);
  if (found === undefined)
    throw new InputError(`task ${world} has no recipe "${recipe}", expected ${Object.keys(recipes).join(", ")}`);
  return found;
}
