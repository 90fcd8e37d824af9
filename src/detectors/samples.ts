/** A picture of a good run, with the pose that it was taken in. */
export interface Sample {
  /** Number of its run. */
  readonly run: number;
  readonly cells: Float32Array;
  readonly position: Float64Array;
}

/** Neighbours that are looked at. */
const NEIGHBOURS = 12;
const OF_POSE = 3;

/** Samples after which a difference is compared with its limit. */
const STRIDE = 192;

/**
 * Root mean square difference of two pictures over cells that both have, in levels.
 * @param limit a difference that is larger need not be exact
 */
export function pictureDistance(a: Float32Array, b: Float32Array, limit = Number.POSITIVE_INFINITY): number {
  const most = limit * limit * a.length;
  let [sum, count] = [0, 0];
  for (let from = 0; from < a.length && sum <= most; from += STRIDE) {
    const to = Math.min(a.length, from + STRIDE);
    for (let k = from; k < to; k++) {
      const difference = a[k]! - b[k]!;
      if (Number.isNaN(difference)) continue;
      sum += difference * difference;
      count++;
    }
  }
  return sum > most ? Number.POSITIVE_INFINITY : Math.sqrt(sum / Math.max(1, count));
}

const TURN = 2 * Math.PI;

/** From b to a the shorter way round, rad: a picture does not show whole turns. Linear axes of 3 m and less fit too. */
export const angle = (a: number, b: number): number => a - b - TURN * Math.round((a - b) / TURN);

const poseDistance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += angle(a[j]!, b[j]!) ** 2;
  return sum;
};

/** The samples with the least of some distance, the nearest first. @param but the run that is left out */
function nearest(
  samples: readonly Sample[],
  count: number,
  distance: (sample: Sample, limit: number) => number,
  but?: number,
) {
  const found: { readonly sample: Sample; readonly far: number }[] = [];
  for (const sample of samples) {
    if (sample.run === but) continue;
    const far = distance(sample, found.length === count ? found.at(-1)!.far : Number.POSITIVE_INFINITY);
    if (found.length === count && far >= found.at(-1)!.far) continue;
    const at = found.findIndex((other) => far < other.far);
    found.splice(at < 0 ? found.length : at, 0, { sample, far });
    if (found.length > count) found.pop();
  }
  return found;
}

/** Samples whose poses are nearest. */
function nearPoses(samples: readonly Sample[], position: ArrayLike<number>, but?: number): Near {
  const found = nearest(samples, NEIGHBOURS, (sample) => poseDistance(sample.position, position), but);
  return { samples: found.map(({ sample }) => sample), distance: Math.sqrt(found[0]?.far ?? 0) };
}

/** Samples in the nearest poses. */
export interface Near {
  readonly samples: readonly Sample[];
  /** Distance of the nearest pose, rad. */
  readonly distance: number;
}

/** How pictures of good runs differ from those of other runs by the distance of the nearest pose, which rises. */
export type Misfits = readonly { readonly distance: number; readonly misfit: number }[];

/** Samples that pictures in strange poses are compared with. */
const SPREAD = 60;

/** Some samples from all runs. */
const spreadOf = (samples: readonly Sample[]): readonly Sample[] =>
  samples.filter((_, i) => i % Math.ceil(samples.length / SPREAD) === 0);

/** Samples in the nearest poses; some from all runs where the pose is none of good runs. */
export function comparable(samples: readonly Sample[], misfits: Misfits, position: ArrayLike<number>): Near {
  const near = nearPoses(samples, position);
  const known = misfits.at(-2)?.distance ?? 0;
  return near.distance <= known ? near : { samples: spreadOf(samples), distance: Number.POSITIVE_INFINITY };
}

/** Bins of `misfitsOf`. */
const BINS = 12;
const NARROWER = 0.7;

/** Largest difference of pictures up to each distance of the nearest pose. */
export function misfitsOf(samples: readonly Sample[]): Misfits {
  const found = samples
    .map(({ run, cells, position }) => {
      const near = nearPoses(samples, position, run);
      return { distance: near.distance, misfit: misfitOf(cells, near.samples) };
    })
    .sort((a, b) => a.distance - b.distance);
  const farthest = found.at(-1)?.distance ?? 0;
  let most = 0;
  const bins = Array.from({ length: BINS }, (_, bin) => {
    const distance = farthest * NARROWER ** (BINS - 1 - bin);
    most = found.reduce((sum, one) => (one.distance <= distance ? Math.max(sum, one.misfit) : sum), most);
    return { distance, misfit: most };
  });
  const spread = spreadOf(samples);
  const anywhere = samples.map(({ run, cells }) =>
    misfitOf(
      cells,
      spread.filter((other) => other.run !== run),
    ),
  );
  return [...bins, { distance: Number.POSITIVE_INFINITY, misfit: Math.max(most, ...anywhere.filter(Number.isFinite)) }];
}

/** The largest usual difference at a distance. */
export const usualMisfit = (misfits: Misfits, distance: number): number =>
  misfits.find((bin) => distance <= bin.distance)?.misfit ?? Number.POSITIVE_INFINITY;

/** Least difference of a picture from some samples. @param limit a difference that is larger need not be exact */
export const misfitOf = (
  cells: Float32Array,
  samples: readonly Sample[],
  limit: number = Number.POSITIVE_INFINITY,
): number =>
  samples.reduce(
    (least, sample) => Math.min(least, pictureDistance(sample.cells, cells, Math.min(least, limit))),
    Number.POSITIVE_INFINITY,
  );

/** The pose that a picture shows, and its difference from the most similar sample. */
export interface Shown {
  readonly pose: Float64Array;
  readonly misfit: number;
}

/** The pose by the most similar pictures: the mean of the nearest ones. */
export function shownBy(samples: readonly Sample[], cells: Float32Array, but?: number): Shown {
  const near = nearest(samples, OF_POSE, (sample, limit) => pictureDistance(sample.cells, cells, limit), but);
  const pose = near[0]!.sample.position.map(
    (first, j) => first + near.reduce((sum, { sample }) => sum + angle(sample.position[j]!, first) / near.length, 0),
  );
  return { pose, misfit: near[0]!.far };
}
