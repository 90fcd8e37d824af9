import { armWorld } from "../../sim/arm-world.js";
import type { WorldEntry, WorldFacts } from "../../sim/worlds/world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { initialisePixels, pixelLayout, pixelNetwork } from "../pixels/network.js";
import { armNetwork } from "./arm-network.js";
import type { ActorCritic } from "./network.js";
import { type ArmPpoRecipe, headOf, type PpoRecipe, specOf } from "./recipe.js";

/** Where a policy is trained, and its network. */
export interface Subject {
  readonly entry: WorldEntry;
  readonly network: ActorCritic;
}

/**
 * The subject of a training.
 * @param name of the world, or of the arm's task
 */
export async function subjectOf(name: string, recipe: PpoRecipe | ArmPpoRecipe): Promise<Subject> {
  if ("network" in recipe) {
    const entry = worldNamed(name);
    return { entry, network: worldNetwork(entry.facts, recipe) };
  }
  const { spec, sharpness, episodes, reward } = recipe;
  const { width, height } = spec;
  const entry = await armWorld({ task: name, width, height, episodes, reward });
  return { entry, network: armNetwork(spec, sharpness) };
}

/** The network of a policy that sees the pictures of a world alone. */
export function worldNetwork(facts: WorldFacts, recipe: Pick<PpoRecipe, "frames" | "network">): ActorCritic {
  const spec = specOf(facts, recipe);
  const head = headOf(facts);
  const layout = pixelLayout(spec, head.outputs, head.extra);
  return {
    head,
    layout,
    image: [spec.channels, spec.height, spec.width],
    configuration: 0,
    initialise: (vector, random) => initialisePixels(layout, vector, random),
    outputs: (p, { image }) => pixelNetwork(spec, p, image),
  };
}
