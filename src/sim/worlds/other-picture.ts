import { random } from "../random.js";
import type { World } from "./world.js";

/** Stream of the random steps. */
const STREAM = 17;

/**
 * Draws a picture of an episode that tells nothing about another one's state: its first picture, or where all episodes
 * begin alike (`WorldFacts.opening`), one after some steps of random actions.
 */
export function drawOther(world: World, seed: number, episode: number): void {
  const { actions, opening = 0 } = world.facts;
  world.reset(seed, episode);
  if (opening === 0) return;
  const numbers = random(seed, episode, STREAM);
  const action =
    actions.kind === "discrete"
      ? () => [numbers.integer(actions.names.length)]
      : () => actions.names.map((_, i) => numbers.between(actions.low[i]!, actions.high[i]!));
  for (let left = 1 + numbers.integer(opening); left > 0; left--) {
    const { terminated, truncated } = world.step(action());
    if (terminated || truncated) return;
  }
}
