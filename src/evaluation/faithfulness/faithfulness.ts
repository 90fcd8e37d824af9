import { mean } from "../../numbers/mean.js";
import { largestOf, softmax } from "../../numbers/softmax.js";
import { own } from "../../own.js";
import type { Subject, SubjectImage } from "../../relevance/contract/subject.js";
import type { TensorData } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import { blank, replaced } from "./deletion.js";
import { imputed } from "./imputation.js";
import { Planes } from "./planes.js";
import { Probe } from "./probe.js";

/** An observation, and a map of its image. */
export interface Mapped {
  /** All inputs of the policy. */
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** Importance α of the outputs, [J]; of actions not read. */
  readonly importance: ArrayLike<number>;
  /** Relevance of each pixel, [height × width]: the higher, the earlier it is removed. */
  readonly map: ArrayLike<number>;
}

export interface FaithfulnessOptions {
  /** Pixels that are removed together. Default: so many that there are 32 steps. */
  readonly step?: number;
  /** What a removed pixel becomes, in the tensor's units. Default: the image's mean colour. */
  readonly fill?: number;
  /** Parts of the pixels that ROAD removes, per cent. Default 10, 20, …, 90; Quantus 1, 3, …, 99. */
  readonly percentages?: readonly number[];
  /** Deviation of ROAD's noise, in parts of the image's range. Default 0.01. */
  readonly noise?: number;
  /** Largest change of an output, in parts of its limit, that ROAD counts as none. Default 0.1; of actions not read. */
  readonly tolerance?: number;
  /** Limits of the outputs, [J], that their changes are measured by. Default: the mean size of each over the maps. */
  readonly limits?: readonly number[] | undefined;
  /** Largest part of the pixels that sensitivity-n removes. Default 0.8. */
  readonly most?: number;
  /** Of the noise. Default 0. */
  readonly seed?: number;
  readonly threads?: number;
}

/** Curves of one map, and means over maps. Names and definitions are those of Quantus 0.6. */
export interface Faithfulness {
  /**
   * Pixel flipping: the explained value after each step of removing pixels, the most relevant first; mean over maps. It is
   * 1 − Σα|Δτ| / Σα·limit, of actions the probability of the one that is taken.
   */
  readonly deletion: readonly number[];
  /** Area under each map's curve of deletion (`area`), in the order of the maps. */
  readonly deletionAreas: readonly number[];
  /** The same as `deletion` while pixels are put back into an image without any. */
  readonly insertion: readonly number[];
  /** By percentage: part of the maps whose action, or whose outputs within the tolerance, stay (Rong et al. 2022). */
  readonly road: readonly number[];
  /**
   * By step: Pearson's correlation over maps of the relevance that the step removes with the fall of the explained value so
   * far, as Quantus computes Ancona et al.'s sensitivity-n: with pixels in the map's order. NaN for fewer than three maps.
   */
  readonly sensitivity: readonly number[];
}

/** Steps of a curve where none are asked for. */
const STEPS = 32;
const PERCENTAGES = [10, 20, 30, 40, 50, 60, 70, 80, 90];

/** Area under a curve by trapezoids, divided by its length: its mean height. */
export const area = (curve: readonly number[]): number =>
  curve.slice(1).reduce((sum, y, i) => sum + (y + curve[i]!) / 2, 0) / (curve.length - 1);

/** Measures how well maps of one image tell what the policy's outputs depend on. */
export async function faithfulness(
  subject: Subject,
  image: SubjectImage,
  maps: readonly Mapped[],
  options: FaithfulnessOptions = {},
): Promise<Faithfulness> {
  const planes = new Planes(image, subject.graph.inputs.get(image.input)!.shape);
  const probe = await Probe.create(subject, image, options.threads);
  try {
    const limits = options.limits ?? (await meanSizes(probe, image, maps));
    const curves: Curves[] = [];
    for (const [k, one] of maps.entries())
      curves.push(await curvesOf({ subject, image, planes, probe, limits }, one, options, k));
    const over = (of: (curve: Curves) => readonly number[]) =>
      of(curves[0]!).map((_, step) => mean(curves, (curve) => of(curve)[step]!));
    const counted = Math.floor((options.most ?? 0.8) * curves[0]!.deletion.length);
    return {
      deletion: over(({ deletion }) => deletion),
      deletionAreas: curves.map(({ deletion }) => area(deletion)),
      insertion: over(({ insertion }) => insertion),
      road: over(({ road }) => road),
      sensitivity: Array.from({ length: counted }, (_, step) =>
        pearson(
          curves.map(({ deletion, whole, unit }) => unit * (whole - deletion[step]!)),
          curves.map(({ removed }) => removed[step]!),
        ),
      ),
    };
  } finally {
    await probe.release();
  }
}

/** Mean |τ| of each output over the maps' observations. */
async function meanSizes(probe: Probe, { input }: SubjectImage, maps: readonly Mapped[]): Promise<number[]> {
  const all: Float32Array[] = [];
  for (const { feeds } of maps) all.push(...(await probe.outputs(feeds, [imageIn(feeds, input)])));
  return Array.from(all[0] ?? [], (_, j) => mean(all, (outputs) => Math.abs(outputs[j]!)));
}

const imageIn = (feeds: Mapped["feeds"], input: string) => Float32Array.from(own(feeds, input)!.data as Float32Array);

interface Setting {
  readonly subject: Subject;
  readonly image: SubjectImage;
  readonly planes: Planes;
  readonly probe: Probe;
  readonly limits: readonly number[];
}

/** Of one map. */
interface Curves {
  /** What the explained value is measured in: Σα·limit, of actions 1. */
  readonly unit: number;
  /** The explained value of the whole image. */
  readonly whole: number;
  readonly deletion: readonly number[];
  readonly insertion: readonly number[];
  readonly road: readonly number[];
  /** Relevance that each step removes. */
  readonly removed: readonly number[];
}

async function curvesOf(
  { subject, image, planes, probe, limits }: Setting,
  { feeds, importance, map }: Mapped,
  { step = Math.ceil(planes.pixels / STEPS), percentages = PERCENTAGES, ...rest }: FaithfulnessOptions,
  k: number,
): Promise<Curves> {
  const { fill, noise = 0.01, tolerance = 0.1, seed = 0 } = rest;
  const whole = imageIn(feeds, image.input);
  const split = planes.split(whole);
  const filled = blank(planes, whole, (plane) => fill ?? mean(plane));
  const order = ranked(map);
  const groups = Array.from({ length: Math.ceil(order.length / step) }, (_, i) =>
    order.slice(i * step, (i + 1) * step),
  );
  const [before] = await probe.outputs(feeds, [whole]);
  const { value, unit } = explainedValue(subject, before!, importance, limits);
  const curve = async (from: Float32Array, to: Float32Array) =>
    (await probe.outputs(feeds, replaced(planes, groups, from, to))).map(value);

  const normal = random(seed, k);
  const spread = noise * (image.range[1] - image.range[0]);
  const imputations = percentages.map((percentage) => {
    const gone = new Uint8Array(planes.pixels);
    for (const pixel of order.slice(0, Math.floor((planes.pixels * percentage) / 100))) gone[pixel] = 1;
    const made = split.map((plane) =>
      imputed(plane, gone, planes).map((x, i) => (gone[i] && spread > 0 ? x + spread * normal.normal() : x)),
    );
    return planes.join(made);
  });
  const isKept = keeps(subject, before!, tolerance, limits);
  return {
    unit,
    whole: value(before!),
    deletion: await curve(whole, filled),
    insertion: await curve(filled, whole),
    road: (await probe.outputs(feeds, imputations)).map((after) => Number(isKept(after))),
    removed: groups.map((group) => group.reduce((sum, pixel) => sum + map[pixel]!, 0)),
  };
}

/** Pixels from the highest to the lowest; equal ones in their order. */
export const ranked = (map: ArrayLike<number>): number[] =>
  Array.from({ length: map.length }, (_, i) => i).sort((a, b) => map[b]! - map[a]! || a - b);

/** 1 − Σα|Δτ| / Σα·limit; of actions the probability of the one with the largest value. */
function explainedValue(
  { distribution }: Subject,
  before: Float32Array,
  importance: ArrayLike<number>,
  limits: readonly number[],
) {
  if (distribution) {
    const chosen = largestOf(before);
    const value = (after: Float32Array) => (distribution === "logits" ? softmax(after) : after)[chosen]!;
    return { value, unit: 1 };
  }
  const unit = limits.reduce((sum, limit, j) => sum + importance[j]! * limit, 0) || 1;
  const change = (after: Float32Array) =>
    after.reduce((sum, y, j) => sum + importance[j]! * Math.abs(y - before[j]!), 0);
  return { value: (after: Float32Array) => 1 - change(after) / unit, unit };
}

/** True where the same action is taken, or no output changes by more than a part of its limit. */
function keeps({ distribution }: Subject, before: Float32Array, tolerance: number, limits: readonly number[]) {
  if (distribution) return (after: Float32Array) => largestOf(after) === largestOf(before);
  return (after: Float32Array) => after.every((y, j) => Math.abs(y - before[j]!) <= tolerance * limits[j]!);
}

/** NaN where one of the two does not vary. */
function pearson(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = (p: readonly number[], q: readonly number[], mp: number, mq: number) =>
    p.reduce((sum, x, i) => sum + (x - mp) * (q[i]! - mq), 0);
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
}
