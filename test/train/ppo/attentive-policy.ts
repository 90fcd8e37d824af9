import { serialiseCard } from "#src/policy/card.js";
import { CARD_METADATA } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import { architectureNamed } from "#src/train/pixels/architectures.js";
import { exportWorldPolicy, worldCard } from "#src/train/ppo/export.js";
import type { PpoRecipe } from "#src/train/ppo/recipe.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { worldNetwork } from "#src/train/ppo/subject.js";

/** A recipe of a world with an architecture of Nikulin et al. (2019), and few hidden units. */
export function smallRecipe(world: string, architecture: string, hidden = 16): PpoRecipe {
  return { ...ppoRecipe(world, {}), network: { ...architectureNamed(architecture), hidden } };
}

/** Random parameters of a recipe, biases too. The same seed gives layers of the same name and shape the same ones. */
export function randomParameters(world: string, recipe: PpoRecipe, seed: number) {
  const { facts } = worldNamed(world);
  const network = worldNetwork(facts, recipe);
  const { layout } = network;
  const parameters = sharedFloats(layout.size);
  network.initialise(parameters, random(seed));
  for (const name of layout.slots.keys()) {
    const source = random(seed, ...Buffer.from(name));
    const view = layout.view(parameters, name);
    for (let i = 0; i < view.length; i++) view[i]! += 0.05 * source.normal();
  }
  return { layout, parameters };
}

/** A policy's file. */
export function bytesOf(
  world: string,
  recipe: PpoRecipe,
  layout: ReturnType<typeof randomParameters>["layout"],
  parameters: Float32Array,
): Uint8Array {
  const { facts } = worldNamed(world);
  const card = serialiseCard(worldCard(facts, recipe, { task: facts.name }));
  return exportWorldPolicy(facts, recipe, layout, parameters, new Map([[CARD_METADATA, card]]));
}
