import { encoded } from "../../language/vocabulary.js";
import { pictureLength, planes } from "../../sim/worlds/canvas.js";
import type { WorldEntry } from "../../sim/worlds/world.js";

/** A step of the expert's: what a policy sees and hears, and what the expert does. */
export interface ExpertStep {
  /** Bytes [C, H, W]. */
  readonly image: Uint8Array;
  readonly tokens: readonly number[];
  /** Action before it, −1: none. */
  readonly previous: number;
  readonly action: number;
  readonly interacts: boolean;
  /** Cells of what it interacts with, 1 each, [h·w]. */
  readonly cells: Uint8Array;
}

/** Episodes of the expert, as the paper's trajectories (Appendix C). */
export async function expertEpisodes(
  entry: WorldEntry,
  { seed, count }: { readonly seed: number; readonly count: number },
): Promise<ExpertStep[][]> {
  const { facts } = entry;
  const { vocabulary, length } = facts.language!;
  const picture = new Uint8Array(pictureLength(facts.picture));
  const world = (await entry.load())(planes(picture, facts.picture));
  const mask = (facts.actions as { mask: { width: number; height: number } }).mask;
  return Array.from({ length: count }, (_, episode) => {
    world.reset(seed, episode);
    const tokens = encoded(vocabulary, world.instruction!(), length).ids;
    const steps: ExpertStep[] = [];
    for (let isOver = false; !isOver; ) {
      const cells = new Uint8Array(mask.width * mask.height);
      const { action, interacts } = world.expert!(cells);
      steps.push({ image: picture.slice(), tokens, previous: steps.at(-1)?.action ?? -1, action, interacts, cells });
      const { terminated, truncated } = world.step([action, cells.indexOf(1)]);
      isOver = terminated || truncated;
    }
    return steps;
  });
}
