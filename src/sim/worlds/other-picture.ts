import { random } from "../random.js";
import type { World } from "./world.js";

/** Stream of the random steps. */
const STREAM = 17;

/**
 * Draws a picture of an episode that tells nothing about another one's state: its first picture, or where all episodes
 * begin alike (`WorldFacts.opening`), one after some steps of random actions that shows something else.
 */
export function drawOther(world: World, seed: number, episode: number): void {
  const { actions, opening = 0, picture } = world.facts;
  world.reset(seed, episode);
  if (opening === 0) return;
  const numbers = random(seed, episode, STREAM);
  const action =
    actions.kind === "discrete"
      ? () => [numbers.integer(actions.names.length)]
      : () => actions.names.map((_, i) => numbers.between(actions.low[i]!, actions.high[i]!));
  const labels = () => {
    const into = Buffer.alloc(picture.width * picture.height);
    world.segmentation(into);
    return into;
  };
  const first = labels();
  for (let left = 1 + numbers.integer(opening); left > 0 || labels().equals(first); left--) {
    const { terminated, truncated } = world.step(action());
    if (terminated || truncated) return;
  }
}
