import { readModel } from "#src/graph/onnx-read.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { CARD_METADATA, type Policy, policyOf } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import type { WorldFacts } from "#src/sim/worlds/world.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import { architectureNamed } from "#src/train/pixels/architectures.js";
import { exportWorldPolicy, worldCard } from "#src/train/ppo/export.js";
import type { PpoRecipe } from "#src/train/ppo/recipe.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { worldNetwork } from "#src/train/ppo/subject.js";

/** A network with random parameters, biases too, as a policy file. */
export function fileOf(facts: WorldFacts, recipe: PpoRecipe) {
  const network = worldNetwork(facts, recipe);
  const { layout } = network;
  const parameters = sharedFloats(layout.size);
  const source = random(3);
  network.initialise(parameters, source);
  for (let i = 0; i < parameters.length; i++) parameters[i]! += 0.05 * source.normal();
  const card = serialiseCard(worldCard(facts, recipe, { task: facts.name }));
  const bytes = exportWorldPolicy(facts, recipe, layout, parameters, new Map([[CARD_METADATA, card]]));
  const model = { path: "policy.onnx", bytes, sha256: "", graph: readModel(bytes, "policy.onnx") };
  const policy: Policy = policyOf(model, { card: parseCard(card, "policy.yaml"), source: "policy.yaml", folder: "." });
  return { policy, network, parameters };
}

/** A policy of red-fetch-green with an architecture of Nikulin et al. (2019), random parameters and few hidden units. */
export const attentivePolicy = (architecture = "sparse-fls"): Policy => {
  const { facts } = worldNamed("red-fetch-green");
  const network = { ...architectureNamed(architecture), hidden: 8 };
  return fileOf(facts, { ...ppoRecipe("red-fetch-green", {}), network }).policy;
};
