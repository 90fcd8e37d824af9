import { join } from "node:path";
import { InputError } from "../../errors.js";
import { findInside, foldersOf } from "../../files/inside.js";
import { type Config, type FeatureType, type Mode, type Processor, processorSchema } from "./config.js";
import { readJson } from "./json-file.js";
import { readSafetensors, type StoredTensor } from "./safetensors.js";

/** Normalisation of one feature: normalised = (value − mean) / std, one number per element or channel. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly mode: Mode;
}

/** What is known of a feature from its data. */
export interface FeatureStatistics {
  readonly input?: Normalisation;
  readonly output?: Normalisation;
  /** Largest size of a value in the training data; undefined where no statistics tell. */
  readonly largest?: number;
  /** The numbers as they are stored, by which a graph that normalises by itself is known. */
  readonly lists: readonly (readonly number[])[];
}

/** The normalisation that stands around a policy, by feature, and the files that it was read from. */
export interface Statistics {
  readonly of: (feature: string, type: FeatureType) => FeatureStatistics;
  readonly files: readonly string[];
}

/** Added to a standard deviation, and in place of a range of 0, where the processor does not say. */
const EPSILON = 1e-8;

const PROCESSORS = ["policy_preprocessor.json", "policy_postprocessor.json"] as const;
const NORMALISERS = ["normalizer_processor", "unnormalizer_processor"] as const;

type Numbers = ReadonlyMap<string, StoredTensor>;

/**
 * Reads statistics as LeRobot writes them: in the processors' safetensors (0.4 and later), else among the weights.
 * @throws InputError where a file is missing, lies outside of the folder or holds something else
 */
export async function readStatistics(folder: string, config: Config): Promise<Statistics> {
  const files: string[] = [];
  const [before, after] = await Promise.all(PROCESSORS.map((name) => sideOf(folder, name, files)));
  if (!before?.numbers && !after?.numbers) {
    const buffers = await buffersOf(folder, files);
    const of = (feature: string, type: FeatureType) =>
      statisticsOf(feature, config.normalization_mapping[type], buffers, EPSILON, buffers, "model.safetensors");
    return { of, files };
  }
  const of = (feature: string, type: FeatureType) => {
    const map = before?.modes ?? after?.modes ?? config.normalization_mapping;
    const numbers = (type === "ACTION" ? after : before)?.numbers ?? new Map();
    const epsilon = before?.epsilon ?? EPSILON;
    return statisticsOf(
      feature,
      map[type],
      numbers,
      epsilon,
      before?.numbers ?? numbers,
      PROCESSORS[type === "ACTION" ? 1 : 0],
    );
  };
  return { of, files };
}

interface Side {
  readonly numbers?: Numbers;
  readonly modes?: Config["normalization_mapping"];
  readonly epsilon?: number;
}

/** One processor: the step that normalises, and its statistics. */
async function sideOf(folder: string, name: string, files: string[]): Promise<Side | undefined> {
  const path = join(folder, name);
  const processor: Processor | undefined = await readJson(path, "a processor of LeRobot", processorSchema);
  if (!processor) return undefined;
  files.push(path);
  const step = processor.steps.find(({ registry_name }) => NORMALISERS.some((one) => one === registry_name));
  if (!step) return {};
  const { state_file: state, config } = step;
  const side = {
    ...(config?.norm_map && { modes: config.norm_map }),
    ...(config?.eps && { epsilon: config.eps }),
  };
  if (state === undefined) return side;
  const file = await findInside(state, await foldersOf(path), `${path}: its statistics are in`);
  if (!file) throw new InputError(`${path}: ${state} is missing, expected in its folder`);
  files.push(file.path);
  return { ...side, numbers: await readSafetensors(file.path, () => true) };
}

const BUFFER = /^(?:normalize_inputs|unnormalize_outputs)\.buffer_(.+)\.(mean|std|min|max)$/;

/** Statistics that LeRobot before 0.4 keeps among the weights, under the names of now: dots were underscores there. */
async function buffersOf(folder: string, files: string[]): Promise<Numbers> {
  const path = join(folder, "model.safetensors");
  const found = await findInside("model.safetensors", await foldersOf(path), `${folder}: its statistics are in`);
  if (!found) return new Map();
  const all = await readSafetensors(found.path, (name) => BUFFER.test(name));
  if (all.size > 0) files.push(found.path);
  return new Map(Array.from(all, ([name, tensor]) => [name.replace(BUFFER, "$1.$2"), tensor] as const));
}

function statisticsOf(
  feature: string,
  mode: Mode | undefined,
  numbers: Numbers,
  epsilon: number,
  known: Numbers,
  source: string,
): FeatureStatistics {
  const of = (from: Numbers, name: string) =>
    (from.get(`${feature}.${name}`) ?? from.get(`${feature.replaceAll(".", "_")}.${name}`))?.values;
  const either = (name: string) => of(numbers, name) ?? of(known, name);
  const largest = largestOf(either);
  const lists = STORED.flatMap((name) => (either(name) ? [Array.from(either(name)!)] : []));
  const facts = { lists, ...(largest !== undefined && { largest }) };
  if (mode === undefined || mode === "IDENTITY" || !STORED.some((name) => of(numbers, name))) return facts;
  const need = (name: string) => {
    const values = of(numbers, name);
    if (values) return Array.from(values);
    throw new InputError(`${source}: normalises ${feature} by ${mode}, which needs ${name}; its statistics have none`);
  };
  if (mode === "MEAN_STD") {
    const [mean, std] = [need("mean"), need("std")];
    const input = { mode, mean, std: std.map((value) => value + epsilon) };
    return { ...facts, input, output: { mode, mean, std: std.map((value) => Math.max(value, TINY)) } };
  }
  const [low, high] = BOUNDS[mode].map(need) as [number[], number[]];
  const range = high.map((value, i) => value - low[i]! || epsilon);
  const both = { mode, mean: low.map((value, i) => value + range[i]! / 2), std: range.map((value) => value / 2) };
  return { ...facts, input: both, output: both };
}

/** Names of the statistics of a feature. */
const STORED = ["mean", "std", "min", "max", "q01", "q99", "q10", "q90"] as const;

/** Stands for a standard deviation of 0, of an action that is always the same. */
const TINY = 1e-30;

/** The numbers that become −1 and 1. */
const BOUNDS = { MIN_MAX: ["min", "max"], QUANTILES: ["q01", "q99"], QUANTILE10: ["q10", "q90"] } as const;

function largestOf(of: (name: string) => Float64Array | undefined): number | undefined {
  const [low, high, mean, std] = [of("min") ?? of("q01"), of("max") ?? of("q99"), of("mean"), of("std")];
  if (low && high) return Math.max(...low.map(Math.abs), ...high.map(Math.abs));
  // What a sine's peak is above its deviation.
  if (mean && std) return Math.max(...mean.map((value, i) => Math.abs(value) + Math.SQRT2 * std[i]!));
  return undefined;
}
