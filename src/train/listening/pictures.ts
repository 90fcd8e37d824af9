import type { TensorData } from "../../runtime/session.js";
import { type Random, random } from "../../sim/random.js";
import { planes } from "../../sim/worlds/canvas.js";
import type { World, WorldEntry, WorldFacts } from "../../sim/worlds/world.js";
import { floats } from "../team/work.js";
import { sizesOf } from "./episodes.js";

/** Groups of kinds that a world's pixels are told apart by. */
const kindsOf = ({ kinds }: WorldFacts): readonly (readonly string[])[] => kinds!;

/** Pictures, and of each of the mask's cells the number of its pixels of each kind, of all groups one after another. */
interface Pictures {
  readonly images: Uint8Array;
  readonly counts: Uint8Array;
}

/** Chance of the expert's action in episodes that show what there is to see; the others are random. */
const EXPERT = 0.5;

/** Pictures of episodes with random actions among the expert's. */
export async function takePictures(entry: WorldEntry, count: number, seed: number, draws: Random): Promise<Pictures> {
  const { facts } = entry;
  const { pixels, cells } = sizesOf(facts);
  const width = kindsOf(facts).flat().length;
  const picture = new Uint8Array(pixels);
  const world = (await entry.load())(planes(picture, facts.picture));
  const found = { images: new Uint8Array(count * pixels), counts: new Uint8Array(count * cells * width) };
  let taken = 0;
  for (let episode = 0; taken < count; episode++) {
    world.reset(seed, episode);
    for (let isOver = false; !isOver && taken < count; taken++) {
      found.images.set(picture, taken * pixels);
      countKinds(world, found.counts.subarray(taken * cells * width, (taken + 1) * cells * width));
      const { terminated, truncated } = world.step(actionOf(world, cells, draws));
      isOver = terminated || truncated;
    }
  }
  return found;
}

function actionOf(world: World, cells: number, draws: Random): [action: number, cell: number] {
  const mask = new Uint8Array(cells);
  const { action } = world.expert!(mask);
  if (draws.uniform() < EXPERT) return [action, mask.indexOf(1)];
  return [draws.integer(world.facts.actions.names.length), draws.integer(cells)];
}

/** Writes the number of pixels of each kind in each of the mask's cells, [h·w, kinds]. */
function countKinds(world: World, into: Uint8Array): void {
  const { facts } = world;
  const { width, height } = facts.picture;
  const groups = kindsOf(facts);
  const labels = new Uint8Array(groups.length * width * height);
  world.kinds!(labels);
  const mask = (facts.actions as { mask: { width: number; height: number } }).mask;
  const all = groups.flat().length;
  let first = 0;
  groups.forEach((group, g) => {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const cell = Math.floor((y * mask.height) / height) * mask.width + Math.floor((x * mask.width) / width);
        into[cell * all + first + labels[(g * height + y) * width + x]!]!++;
      }
    }
    first += group.length;
  });
}

/** Feeds of a step of the convolutions' fit, see `visionStep`, of pictures drawn at random. */
export function pictureFeeds(
  facts: WorldFacts,
  { images, counts }: Pictures,
  batch: number,
  draws: Random,
): Readonly<Record<string, TensorData>> {
  const { picture } = facts;
  const { pixels, cells } = sizesOf(facts);
  const size = counts.length / (images.length / pixels);
  const groups = kindsOf(facts).length;
  const bytes = new Uint8Array(batch * pixels);
  const kinds = floats(batch, cells, size / cells);
  for (let i = 0; i < batch; i++) {
    const chosen = draws.integer(images.length / pixels);
    bytes.set(images.subarray(chosen * pixels, (chosen + 1) * pixels), i * pixels);
    const seen = counts.subarray(chosen * size, (chosen + 1) * size);
    const perCell = seen.reduce((sum, count) => sum + count, 0) / (cells * groups);
    for (let k = 0; k < size; k++) kinds.data[i * size + k] = seen[k]! / perCell;
  }
  const { channels, height, width } = picture;
  return { image: { dtype: "uint8", shape: [batch, channels, height, width], data: bytes }, kinds };
}

/** Draws of a step of the fit. */
export const pictureDraws = (seed: number, step: number, worker: number): Random =>
  random(seed, 1_000_008, step, worker);
