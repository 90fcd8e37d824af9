import { Explainer } from "../../explain/explainer.js";
import type { Observation } from "../../explain/observation.js";
import type { Image } from "../../image/image.js";
import { mean } from "../../numbers/mean.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import type { Method } from "../../relevance/contract/method.js";
import { replaced, type Sources, tiles } from "./counterfactuals.js";
import type { ManyObservations } from "./many.js";

/** How a method's relevance goes with what changes the commands. */
export interface Agreement {
  readonly method: string;
  /** Mean rank correlation over moments: of an image's regions, and of the modalities. NaN where there are fewer than three. */
  readonly regions: number;
  readonly modalities: number;
  readonly moments: number;
}

/** Regions along each side of an image. */
const ALONG = 6;

/** Correlation below which a method does not predict what-ifs. */
export const PREDICTS = 0.3;

/** A moment, with what replacing each part of it does. */
export interface Probed {
  readonly observation: Observation;
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
    const effects = others.map((commands) =>
      commands.reduce((sum, value, j) => sum + (observation.importance[j] ?? 1) * Math.abs(value - now![j]!), 0),
    );
    const count = ALONG * ALONG;
    found.push({
      observation,
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
  probed: readonly Probed[],
  spearman: (a: ArrayLike<number>, b: ArrayLike<number>) => number,
): Promise<Agreement> {
  const explainer = await Explainer.create(policy, { method, levels: ["full"], worker: false });
  try {
    const [regions, modalities]: [number[], number[]] = [[], []];
    for (const { observation, regions: effects, modalities: whole } of probed) {
      const { heatmaps, shares } = await explainer.explain(observation);
      for (const [name, effect] of Object.entries(effects)) {
        const map = own(heatmaps, name);
        if (map) regions.push(spearman(sums(map.data, own(observation.images, name)!), effect));
      }
      modalities.push(spearman(shares, whole));
    }
    const known = (values: readonly number[]) => mean(values.filter((value) => !Number.isNaN(value)));
    return {
      method: method.spec,
      regions: known(regions),
      modalities: policy.modalities.length < 3 ? Number.NaN : known(modalities),
      moments: probed.length,
    };
  } finally {
    await explainer.close();
  }
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
