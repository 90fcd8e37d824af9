import { regionsOf } from "../../evaluation/regions.js";
import { deciding, imageOf, type PlayOptions, playEpisodes } from "../../evaluation/world-play.js";
import { DTYPES, type DType } from "../../graph/dtype.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import type { RgbImage } from "../../image/image.js";
import { toRgb } from "../../image/rgb.js";
import { mean } from "../../numbers/mean.js";
import type { Policy } from "../../policy/policy.js";
import type { TensorData } from "../../runtime/session.js";
import { type Random, random } from "../../sim/random.js";
import type { SimulatedWorld } from "../../sim/simulated-world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import type { Progress } from "../progress.js";

type Elements = InstanceType<(typeof DTYPES)[DType]["array"]>;

/** A world's saliency set, in memory that threads share. */
export interface States {
  /** Type and shape of the policy's image tensor. */
  readonly dtype: DType;
  readonly shape: Shape;
  readonly rows: number;
  /** States of each episode, at most. */
  readonly ofEpisode: number;
  /** [rows, …shape] */
  readonly images: Elements;
  /** What is certain of each pixel (`regionsOf`), [rows, pixels]. */
  readonly regions: Uint8Array;
  /** 1 where a row holds a state: an episode may be shorter than the states asked of it. */
  readonly filled: Uint8Array;
}

/** A state of the set that is drawn. */
export interface DrawnState {
  readonly row: number;
  readonly picture: RgbImage;
  /** As `States.regions`. */
  readonly regions: Uint8Array;
}

/** Room for the states of so many episodes. */
export function allocateStates(policy: Policy, episodes: number, ofEpisode: number): States {
  const { input, width, height } = imageOf(policy);
  const { dtype, shape } = policy.graph.inputs.get(input)!;
  const rows = episodes * ofEpisode;
  const array = DTYPES[dtype].array as unknown as Uint8ArrayConstructor;
  const shared = (bytes: number) => new SharedArrayBuffer(bytes);
  return {
    dtype,
    shape,
    rows,
    ofEpisode,
    images: new array(shared(rows * sizeOf(shape) * array.BYTES_PER_ELEMENT)) as unknown as Elements,
    regions: new Uint8Array(shared(rows * width * height)),
    filled: new Uint8Array(shared(rows)),
  };
}

/** Rows that hold a state. */
export const rowsOf = ({ filled }: States): number[] => Array.from(filled.keys()).filter((row) => filled[row] === 1);

/** A state's image tensor: a copy, since onnxruntime takes none in shared memory. */
export function imageAt({ dtype, shape, images }: States, row: number): TensorData {
  const size = sizeOf(shape);
  return { dtype, shape, data: images.slice(row * size, (row + 1) * size) as never };
}

/** What is certain of each pixel of a state. */
export function regionsAt({ regions, rows }: States, row: number): Uint8Array {
  const pixels = regions.length / rows;
  return regions.subarray(row * pixels, (row + 1) * pixels);
}

/** Mean over each episode's rows, by the episodes' order. */
export function episodeMeans(values: readonly number[], rows: readonly number[], ofEpisode: number): Float64Array {
  const by = new Map<number, number[]>();
  for (const [k, row] of rows.entries()) {
    const episode = Math.floor(row / ofEpisode);
    const own = by.get(episode);
    if (own) own.push(values[k]!);
    else by.set(episode, [values[k]!]);
  }
  return Float64Array.from(by.values(), (own) => mean(own));
}

/** States that are drawn. */
const DRAWN = 10;

/** Rows that are drawn, spread over the set: one of an episode, its first, which every episode fills. */
export function drawnRows({ rows, ofEpisode }: Pick<States, "rows" | "ofEpisode">): number[] {
  const episodes = rows / ofEpisode;
  const count = Math.min(DRAWN, episodes);
  return Array.from({ length: count }, (_, k) => ofEpisode * Math.floor(((k + 0.5) * episodes) / count));
}

/** Stream of random numbers, apart from those of episodes. */
const STREAM = 31;

/**
 * Plays a policy's own episodes, and keeps states of each, drawn at random from its steps, each as likely.
 * @param options.first episode whose states come first in the set's rows
 */
export async function collectStates(
  policy: Policy,
  worldName: string,
  states: States,
  options: PlayOptions,
  progress: Progress,
): Promise<DrawnState[]> {
  const { facts } = worldNamed(worldName);
  const { ofEpisode } = states;
  const isDrawn = new Set(drawnRows(states));
  const drawn = new Map<number, DrawnState>();
  const keep = (world: SimulatedWorld, image: TensorData, row: number) => {
    const regions = regionsOf(world.segmentation(), facts);
    states.images.set(image.data as never, row * sizeOf(states.shape));
    states.regions.set(regions, row * regions.length);
    states.filled[row] = 1;
    if (!isDrawn.has(row)) return;
    const { width, height, encoding } = world;
    const data = world.observe().image;
    drawn.set(row, { row, picture: toRgb({ width, height, encoding, data, frameId: world.cameraFrame }), regions });
  };
  let numbers: Random = random(0);
  await deciding(policy, (decide) =>
    playEpisodes(policy, worldName, options, decide, {
      ...progress,
      see(world, image, episode, step) {
        if (step === 0) numbers = random(options.seed, episode, STREAM);
        // Reservoir sampling: the k-th of the steps so far replaces a state with the chance that keeps all equally likely.
        const place = step < ofEpisode ? step : numbers.integer(step + 1);
        if (place < ofEpisode) keep(world, image, episode * ofEpisode + place);
      },
    }),
  );
  return [...drawn.values()];
}
