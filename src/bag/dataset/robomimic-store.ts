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
        .flatMap((name) => /^demo_(\d+)$/.exec(name)?.[1] ?? [])
        .map((number) => ({
          index: Number(number),
          length: rowsOf(datasetIn(file, `data/demo_${number}/actions`, path)),
        }))
        .sort((a, b) => a.index - b.index);
      if (episodes.length === 0) throw new InputError(`${path}: no data/demo_0, expected demonstrations of robomimic`);
      const { features, places } = featuresOf(file, `data/demo_${episodes[0]!.index}`, path);
      return new RobomimicStore(path, { fps: rateOf(data, path), features }, episodes, file, places);
    } catch (error) {
      file.close();
      throw error instanceof InputError ? error : unreadable(path, error);
    }
  }

  async *frames({ index, length }: Span, features: readonly string[]): AsyncGenerator<StoredFrame> {
    const demo = `data/demo_${index}`;
    const stored = features.flatMap((feature) => {
      const place = this.places.get(feature);
      if (place === undefined) return [];
      const dataset = datasetIn(this.file, `${demo}/${place}`, this.path);
      if (rowsOf(dataset) < length)
        throw new InputError(`${this.path}: ${demo}/${place} has ${rowsOf(dataset)} frames, expected ${length}`);
      return [{ feature, dataset, isPicture: own(this.info.features, feature)!.dtype === "video" }];
    });
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
  new InputError(`${path}: cannot be read as HDF5 (${String((error as Error)?.message ?? error).split("\n")[0]})`);

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

const rowsOf = ({ shape }: Dataset): number => shape?.[0] ?? 0;

type Block = { readonly length: number; slice(from: number, to: number): ArrayLike<number | bigint> };

/** Frames start to end of a data set, one after another. */
function blockOf(dataset: Dataset, start: number, end: number, path: string): Block {
  const block = opened(path, () => dataset.slice([[start, end]]));
  if (!ArrayBuffer.isView(block)) throw new InputError(`${path}: ${dataset.path}: expected numbers`);
  return block as unknown as Block;
}

/** Frames a second. */
function rateOf(data: Group, path: string): number {
  const text = own(data.attrs, "env_args")?.value;
  let args: { readonly env_kwargs?: { readonly control_freq?: unknown } } = {};
  try {
    args = JSON.parse(String(text));
  } catch {
    // Told below.
  }
  const rate = args.env_kwargs?.control_freq;
  if (typeof rate !== "number" || !(rate > 0))
    throw new InputError(`${path}: data: no control_freq in its env_args, expected the frames a second`);
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
    const { shape, dtype } = datasetIn(file, `${demo}/obs/${name}`, path);
    const each = (shape ?? []).slice(1);
    if (each.length === 3 && each[2] === 3 && dtype === "<B")
      add(`observation.images.${name.replace(/_image$/, "")}`, `obs/${name}`, "video", each);
    else if (each.length === 1) add(`observation.${name}`, `obs/${name}`, "float64", each);
  }
  add("action", "actions", "float64", datasetIn(file, `${demo}/actions`, path).shape!.slice(1));
  if (entityIn(file, `${demo}/rewards`)?.type === "Dataset") {
    const rewards = datasetIn(file, `${demo}/rewards`, path);
    const values = Array.from(blockOf(rewards, 0, rowsOf(rewards), path).slice(0, rowsOf(rewards)), Number);
    if (values.every((reward) => reward === 0 || reward === 1)) add(SUCCESS, "rewards", "bool", [1]);
  }
  return { features, places };
}
