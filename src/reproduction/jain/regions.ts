import { mapMaker } from "../../evaluation/saliency/map-maker.js";
import { imageOf } from "../../evaluation/world-play.js";
import { ofRegions } from "../../explain/regions.js";
import { weightsIn } from "../../explain/weight-feeds.js";
import type { RgbImage } from "../../image/image.js";
import { softmax } from "../../numbers/softmax.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { Session } from "../../runtime/session.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { LISTENING_TENSORS } from "../../train/listening/export.js";
import type { ListeningSpec } from "../../train/listening/spec.js";
import type { Progress } from "../progress.js";
import type { ExpertStep } from "./episodes.js";
import { firstState, nextState, stepFeeds } from "./feeds.js";

/** A step at which the expert interacts, through a trained policy: regions of the image by XRAI, beside the masks (Fig. 4). */
export interface RegionsFound {
  readonly episode: number;
  readonly step: number;
  /** True where the cell that the policy would act at is one of the expert's. */
  readonly right: boolean;
  readonly picture: RgbImage;
  /** 1 at the pixels of what the expert interacts with, and the policy's probability of each pixel's cell, [H · W]. */
  readonly expert: Uint8Array;
  readonly predicted: Float32Array;
  /** Relevance of each pixel's region for the likeliest action, [H · W]. */
  readonly regions: Float32Array;
  /** Intersection over union of the most relevant regions with the expert's mask, and that of random pixels. */
  readonly overlap: number;
  readonly chance: number;
}

/** Regions of the steps at which the expert interacts. */
export async function interactionRegions(
  policy: Policy,
  spec: ListeningSpec,
  facts: WorldFacts,
  episodes: readonly (readonly ExpertStep[])[],
  { signal, done }: Progress,
): Promise<RegionsFound[]> {
  const image = imageOf(policy);
  const session = await Session.create(policy.bytes, { threads: 1, spinning: false });
  const maker = await mapMaker(policy, image, "xrai");
  try {
    const found: RegionsFound[] = [];
    for (const [episode, steps] of episodes.entries()) {
      signal?.throwIfAborted();
      let state = firstState(spec);
      for (const [number, step] of steps.entries()) {
        const feeds = { ...state, ...stepFeeds(step, facts) };
        const outputs = await session.run(feeds);
        state = nextState(state, outputs);
        if (!step.interacts) continue;
        const map = await maker.of({ feeds, weights: weightsIn([], policy.outputs) });
        const regions = ofRegions(map, own(feeds, LISTENING_TENSORS.image)!, image);
        const cells = softmax(own(outputs, LISTENING_TENSORS.mask)!.data as Float32Array);
        const expert = Uint8Array.from(onPixels(step.cells, spec));
        found.push({
          episode,
          step: number,
          right: step.cells[cells.indexOf(Math.max(...cells))] === 1,
          picture: pictureOf(step.image, spec),
          expert,
          predicted: Float32Array.from(onPixels(cells, spec)),
          regions,
          ...overlapOf(regions, expert),
        });
      }
      done?.();
    }
    return found;
  } finally {
    await maker.release();
    await session.release();
  }
}

/**
 * Intersection over union of a mask with the regions of highest relevance that together have at least as many pixels, and
 * what as many random pixels would have in the mean.
 */
export function overlapOf(
  regions: ArrayLike<number>,
  mask: ArrayLike<number>,
): { readonly overlap: number; readonly chance: number } {
  const pixels = Array.from({ length: mask.length }, (_, i) => i);
  const wanted = pixels.filter((pixel) => mask[pixel] === 1).length;
  if (wanted === 0) return { overlap: Number.NaN, chance: Number.NaN };
  const least = pixels.map((pixel) => regions[pixel]!).sort((a, b) => b - a)[wanted - 1]!;
  const top = pixels.filter((pixel) => regions[pixel]! >= least);
  const both = top.filter((pixel) => mask[pixel] === 1).length;
  const byChance = (top.length * wanted) / mask.length;
  const of = (shared: number): number => shared / (top.length + wanted - shared);
  return { overlap: of(both), chance: of(byChance) };
}

/** The value of each pixel's cell, [H · W]. */
function onPixels(cells: ArrayLike<number>, { width, height, mask }: ListeningSpec): number[] {
  return Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return cells[Math.floor((y * mask.height) / height) * mask.width + Math.floor((x * mask.width) / width)]!;
  });
}

/** Planes of bytes as one picture. */
function pictureOf(planes: Uint8Array, { width, height }: Pick<ListeningSpec, "width" | "height">): RgbImage {
  const size = width * height;
  const data = Uint8Array.from({ length: 3 * size }, (_, i) => planes[(i % 3) * size + Math.floor(i / 3)]!);
  return { width, height, data };
}
