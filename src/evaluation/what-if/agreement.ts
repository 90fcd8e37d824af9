import { Explainer } from "../../explain/explainer.js";
import type { Observation } from "../../explain/observation.js";
import type { Image } from "../../image/image.js";
import { mean } from "../../numbers/mean.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import { area } from "../faithfulness/faithfulness.js";
import { replaced, type Sources, tiles, withRegion } from "./counterfactuals.js";
import type { ManyObservations } from "./many.js";

/** How a method's relevance goes with what changes the commands. */
export interface Agreement {
  readonly method: string;
  /** Mean rank correlation over moments: of an image's regions, and of the modalities. NaN where there are fewer than three. */
  readonly regions: number;
  readonly modalities: number;
  /**
   * Mean part of the command that stays while regions are blurred, the most relevant first (the less, the better), and that
   * comes back while they are put into the blurred image (the more, the better). 1: the command now; 0: that with all
   * regions blurred. NaN where blurring changes nothing.
   */
  readonly deletion: number;
  readonly insertion: number;
  readonly moments: number;
}

/** Regions along each side of an image. */
const ALONG = 6;

/** Regions that are blurred or put back together. */
const TOGETHER = 3;

/** Correlation below which a method does not predict what-ifs. */
export const PREDICTS = 0.3;

/** A moment, with what replacing each part of it does. */
export interface Probed {
  readonly observation: Observation;
  /** What the policy commands, [J]. */
  readonly command: Float32Array;
  /** The images blurred, by modality. */
  readonly blurred: Readonly<Record<string, Image>>;
  /** Σα|Δτ| of each region blurred, by image modality, and of each modality replaced by its mean. */
  readonly regions: Readonly<Record<string, readonly number[]>>;
  readonly modalities: readonly number[];
}

/** Replaces regions and modalities of some moments of one run, and runs the policy on all of them. */
export async function probe(
  policy: Policy,
  many: ManyObservations,
  moments: readonly Observation[],
  sources: (moment: Observation) => Sources,
): Promise<Probed[]> {
  const found: Probed[] = [];
  for (const observation of moments) {
    const from = sources(observation);
    const images = policy.modalities.filter(({ kind }) => kind === "image").map(({ name }) => name);
    const changes = [
      ...images.flatMap((modality) =>
        tiles(own(observation.images, modality)!, ALONG).map((region) => ({ modality, by: "blurred", region })),
      ),
      ...policy.modalities.map(({ name }) => ({ modality: name, by: "mean" })),
    ];
    const [now, ...others] = await many.commands([observation, ...changes.map((change) => replaced(change, from))]);
    const effects = others.map((command) => apart(observation, command, now!));
    const blurred = Object.fromEntries(
      images.map((name) => [name, own(replaced({ modality: name, by: "blurred" }, from).images, name)!]),
    );
    const count = ALONG * ALONG;
    found.push({
      ...{ observation, command: now!, blurred },
      regions: Object.fromEntries(images.map((name, i) => [name, effects.slice(i * count, (i + 1) * count)])),
      modalities: effects.slice(images.length * count),
    });
  }
  return found;
}

/**
 * Agreement of a method's relevance with what-ifs.
 * @param spearman rank correlation
 * @throws InputError for a method that cannot explain the policy
 */
export async function agreement(
  policy: Policy,
  method: Method,
  many: ManyObservations,
  probed: readonly Probed[],
  spearman: (a: ArrayLike<number>, b: ArrayLike<number>) => number,
): Promise<Agreement> {
  const explainer = await Explainer.create(policy, { method, levels: ["full"], worker: false });
  try {
    const [regions, modalities]: [number[], number[]] = [[], []];
    const [deletion, insertion]: [number[], number[]] = [[], []];
    for (const moment of probed) {
      const { observation, regions: effects, modalities: whole } = moment;
      const { heatmaps, shares } = await explainer.explain(observation);
      for (const [name, effect] of Object.entries(effects)) {
        const map = own(heatmaps, name);
        if (!map) continue;
        const relevance = sums(map.data, own(observation.images, name)!);
        regions.push(spearman(relevance, effect));
        const areas = await areasOf(many, moment, name, relevance);
        deletion.push(areas.deletion);
        insertion.push(areas.insertion);
      }
      modalities.push(spearman(shares, whole));
    }
    const known = (values: readonly number[]) => mean(values.filter((value) => !Number.isNaN(value)));
    return {
      method: method.spec,
      regions: known(regions),
      modalities: policy.modalities.length < 3 ? Number.NaN : known(modalities),
      ...{ deletion: known(deletion), insertion: known(insertion), moments: probed.length },
    };
  } finally {
    await explainer.close();
  }
}

/** Σα|τ − τ'|. */
const apart = ({ importance }: Observation, a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, j) => sum + (importance[j] ?? 1) * Math.abs(value - b[j]!), 0);

/** Deletion and insertion of one image's regions in the order of their relevance. */
async function areasOf(
  many: ManyObservations,
  { observation, command, blurred }: Probed,
  name: string,
  relevance: readonly number[],
): Promise<{ readonly deletion: number; readonly insertion: number }> {
  const [sharp, soft] = [own(observation.images, name)!, own(blurred, name)!];
  const all = tiles(sharp, ALONG);
  const order = [...all.keys()].sort((a, b) => relevance[b]! - relevance[a]!);
  /** One image after another, each with more regions of the other. */
  const steps = (from: Image, to: Image) => {
    const images: Image[] = [];
    for (let k = 0; k < order.length; k += TOGETHER) {
      const next = order.slice(k, k + TOGETHER).map((tile) => all[tile]!);
      images.push(next.reduce((image, region) => withRegion(image, to, region), images.at(-1) ?? from));
    }
    return images;
  };
  const given = [...steps(sharp, soft), ...steps(soft, sharp)].map((image) => ({
    images: { ...observation.images, [name]: image },
    values: observation.values,
  }));
  const commands = await many.commands(given);
  const count = given.length / 2;
  const whole = apart(observation, commands[count - 1]!, command);
  const stays = commands.map((other) => 1 - apart(observation, other, command) / whole);
  return { deletion: area([1, ...stays.slice(0, count)]), insertion: area([0, ...stays.slice(count)]) };
}

/** Σ|R| of each region. */
function sums(map: ArrayLike<number>, image: Pick<Image, "width" | "height">): number[] {
  return tiles(image, ALONG).map(([x, y, width, height]) => {
    let sum = 0;
    for (let row = y; row < y + height; row++)
      for (let column = x; column < x + width; column++) sum += Math.abs(map[row * image.width + column]!);
    return sum;
  });
}
