import type { Dataset, File, Group } from "h5wasm/node";
import { InputError } from "../../errors.js";
import { own, put } from "../../own.js";
import type { Info } from "../../policy/lerobot/config.js";
import type { EpisodeStore, Span, StoredFrame } from "./store.js";

/** Frames that are read at once. */
const BLOCK = 16;

const ROBOT = "observation.robot0_joint_pos";
const VELOCITY = "observation.robot0_joint_vel";
const SUCCESS = "next.success";

/** A demonstration's name. */
const DEMO = /^demo_(0|[1-9]\d{0,14})$/;
/** The library's name of unsigned bytes. */
const BYTES = "<B";
/** Frames a second of a robot: the least and the most. */
const [SLOWEST, FASTEST] = [0.001, 1e6];

/** Where a feature lies in a demonstration: `actions`, or `obs/NAME`. */
type Places = ReadonlyMap<string, string>;

/**
 * Demonstrations in HDF5, as robomimic, robosuite and LIBERO write them: `data/demo_K` with `actions` and `obs/…`, the rate
 * in `env_args` of `data`. Features have LeRobot's names: `observation.images.agentview` of `obs/agentview_image`.
 */
export class RobomimicStore implements EpisodeStore {
  readonly joints = { position: ROBOT, velocity: VELOCITY };

  private constructor(
    readonly path: string,
    readonly info: Pick<Info, "fps" | "features">,
    readonly episodes: readonly Span[],
    private readonly file: File,
    private readonly places: Places,
  ) {}

  /** @throws InputError for a file that is no such HDF5, or does not tell its rate */
  static async open(path: string): Promise<RobomimicStore> {
    const { File, ready } = await import("h5wasm/node");
    // Without it the library prints its errors.
    (await ready).activate_throwing_error_handler();
    const file = opened(path, () => new File(path, "r"));
    try {
      const data = groupIn(file, "data", path);
      const episodes = data
        .keys()
        .flatMap((name) => DEMO.exec(name)?.[1] ?? [])
        .map((number) => ({ index: Number(number), length: lengthOf(file, `data/demo_${number}/actions`, path) }))
        .sort((a, b) => a.index - b.index);
      if (episodes.length === 0) throw new InputError(`${path}: no data/demo_0, expected demonstrations of robomimic`);
      const { features, places } = featuresOf(file, `data/demo_${episodes[0]!.index}`, path);
      return new RobomimicStore(path, { fps: rateOf(data, path), features }, episodes, file, places);
    } catch (error) {
      file.close();
      throw error instanceof InputError ? error : unreadable(path, error);
    }
  }

  check(episodes: readonly Span[]): void {
    for (const episode of episodes) for (const feature of this.places.keys()) this.#stored(episode, feature);
  }

  /** Where a demonstration has a feature. @throws InputError where it does not, or not as the first one has it */
  #stored({ index, length }: Span, feature: string) {
    const place = `data/demo_${index}/${this.places.get(feature)}`;
    const dataset = datasetIn(this.file, place, this.path);
    const { dtype, shape } = own(this.info.features, feature)!;
    const isPicture = dtype === "video";
    const expected = feature === SUCCESS ? [length] : [length, ...shape];
    const found = metadataOf(dataset, this.path);
    const isSized = found.shape.length === expected.length && found.shape.every((n, i) => i === 0 || n === expected[i]);
    // An observation after the last action is left out.
    if (!isSized || found.shape[0]! < length || (isPicture && found.dtype !== BYTES))
      throw new InputError(
        `${this.path}: ${place}: found ${described(found)}, expected ` +
          `${described({ shape: expected, dtype: isPicture ? BYTES : undefined })} as in the first demonstration`,
      );
    return { feature, dataset, isPicture };
  }

  async *frames(episode: Span, features: readonly string[]): AsyncGenerator<StoredFrame> {
    const { length } = episode;
    const stored = features.flatMap((feature) => (this.places.has(feature) ? [this.#stored(episode, feature)] : []));
    for (let start = 0; start < length; start += BLOCK) {
      const end = Math.min(length, start + BLOCK);
      const blocks = stored.map(({ dataset }) => blockOf(dataset, start, end, this.path));
      for (let k = 0; k < end - start; k++) {
        const row: Record<string, unknown> = {};
        const pictures = new Map<string, Uint8Array>();
        for (const [i, { feature, isPicture }] of stored.entries()) {
          const block = blocks[i]!;
          const size = block.length / (end - start);
          const values = block.slice(k * size, (k + 1) * size);
          if (isPicture) pictures.set(feature, values as Uint8Array);
          else put(row, feature, feature === SUCCESS ? Number(values[0]) > 0 : values);
        }
        yield { row, pictures };
      }
    }
  }

  async close(): Promise<void> {
    this.file.close();
  }
}

/** @throws InputError for what the library cannot open */
function opened<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): InputError =>
  new InputError(`${path}: cannot be read as HDF5 (${reasonOf(String((error as Error)?.message ?? error))})`);

/** The innermost reason of the library's errors, a stack of lines `#003: FILE line N in FUNCTION(): REASON`. */
const reasonOf = (text: string): string =>
  [...text.matchAll(/^ *#\d+: .*\(\): (.+)$/gm)].at(-1)?.[1] ?? text.split("\n")[0]!;

/** Undefined where there is none, which the library throws. */
function entityIn(file: File, name: string) {
  try {
    const found = file.get(name);
    return found && "type" in found ? found : undefined;
  } catch {
    return undefined;
  }
}

function groupIn(file: File, name: string, path: string): Group {
  const found = entityIn(file, name);
  if (found?.type !== "Group") throw new InputError(`${path}: no group ${name}, expected demonstrations of robomimic`);
  return found as Group;
}

function datasetIn(file: File, name: string, path: string): Dataset {
  const found = entityIn(file, name);
  if (found?.type !== "Dataset") throw new InputError(`${path}: no ${name}, expected as in the first demonstration`);
  return found as Dataset;
}

interface Metadata {
  /** Frames, then the size of each. */
  readonly shape: readonly number[];
  readonly dtype?: unknown;
}

/** @throws InputError for a data set whose description is damaged */
const metadataOf = (dataset: Dataset, path: string): Metadata =>
  opened(path, () => ({ shape: dataset.shape ?? [], dtype: dataset.dtype }));

const described = ({ shape, dtype }: Metadata) => `${dtype === BYTES ? "bytes " : ""}[${shape.join(", ")}]`;

/** Number of frames of a demonstration, by its actions. */
function lengthOf(file: File, place: string, path: string): number {
  const { shape } = metadataOf(datasetIn(file, place, path), path);
  if (shape.length !== 2 || shape.includes(0))
    throw new InputError(`${path}: ${place}: found [${shape.join(", ")}], expected [frames, numbers]`);
  return shape[0]!;
}

type Block = { readonly length: number; slice(from: number, to: number): ArrayLike<number | bigint> };

/** Frames start to end of a data set, one after another. */
function blockOf(dataset: Dataset, start: number, end: number, path: string): Block {
  const block = opened(path, () => dataset.slice([[start, end]]));
  if (!ArrayBuffer.isView(block) || (block as unknown as Block).length % (end - start) !== 0)
    throw new InputError(`${path}: ${dataset.path}: expected numbers`);
  return block as unknown as Block;
}

/** Frames a second. */
function rateOf(data: Group, path: string): number {
  const text = own(data.attrs, "env_args")?.value;
  let args: { readonly env_kwargs?: { readonly control_freq?: unknown } } | null = {};
  try {
    args = JSON.parse(String(text));
  } catch {
    // Told below.
  }
  const rate = args?.env_kwargs?.control_freq;
  if (typeof rate !== "number")
    throw new InputError(`${path}: data: no control_freq in its env_args, expected the frames a second`);
  if (!(rate >= SLOWEST && rate <= FASTEST))
    throw new InputError(`${path}: data: control_freq ${rate} in its env_args, expected ${SLOWEST} to ${FASTEST}`);
  return rate;
}

/** Features of a demonstration: numbers, pictures of bytes, success where the rewards are zeros and ones. */
function featuresOf(file: File, demo: string, path: string) {
  const features: Record<string, Info["features"][string]> = {};
  const places = new Map<string, string>();
  const add = (feature: string, place: string, dtype: string, shape: readonly number[]) => {
    put(features, feature, { dtype, shape: [...shape], names: null });
    places.set(feature, place);
  };
  for (const name of groupIn(file, `${demo}/obs`, path).keys()) {
    if (entityIn(file, `${demo}/obs/${name}`)?.type === "Group") continue;
    const { shape, dtype } = metadataOf(datasetIn(file, `${demo}/obs/${name}`, path), path);
    const each = shape.slice(1);
    if (each.includes(0)) continue;
    if (each.length === 3 && each[2] === 3 && dtype === BYTES)
      add(`observation.images.${name.replace(/_image$/, "")}`, `obs/${name}`, "video", each);
    else if (each.length === 1) add(`observation.${name}`, `obs/${name}`, "float64", each);
  }
  add("action", "actions", "float64", datasetIn(file, `${demo}/actions`, path).shape!.slice(1));
  const rewards = entityIn(file, `${demo}/rewards`);
  const { shape = [] } = rewards?.type === "Dataset" ? metadataOf(rewards as Dataset, path) : {};
  if (shape.length === 1 && shape[0]! > 0) {
    const values = Array.from(blockOf(rewards as Dataset, 0, shape[0]!, path).slice(0, shape[0]!), Number);
    if (values.every((reward) => reward === 0 || reward === 1)) add(SUCCESS, "rewards", "bool", [1]);
  }
  return { features, places };
}
