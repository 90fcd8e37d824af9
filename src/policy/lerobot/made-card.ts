import { basename, join } from "node:path";
import { InputError } from "../../errors.js";
import type { Graph } from "../../graph/value.js";
import { own, put } from "../../own.js";
import { CARD_VERSION, type CardInput } from "../card-schema.js";
import { kindsByNames } from "../guessed-kinds.js";
import { cameraName, stepSize, stepsOf } from "../guesses.js";
import { elementCount, type Tensor, type Tensors, tensorText } from "../tensors.js";
import {
  anything,
  type Config,
  configSchema,
  type Feature,
  type Info,
  infoSchema,
  trainConfigSchema,
} from "./config.js";
import { holdsAny } from "./inside.js";
import { readJson } from "./json-file.js";
import { type FeatureStatistics, type Normalisation, readStatistics, type Statistics } from "./statistics.js";
import { isNamed, tensorOf } from "./tensors-of.js";

/** A card made from a LeRobot folder. */
export interface MadeCard {
  /** Without what `missing` names. */
  readonly card: Partial<CardInput>;
  /** Files that it was made from. */
  readonly files: readonly string[];
  /** What the folder does not hold: each with what is expected. */
  readonly missing: readonly string[];
  /** What was decided from the files, one line each. */
  readonly notes: readonly string[];
}

/** What a user or a data set says besides the folder. */
export interface Given {
  readonly joints?: readonly string[];
  /** `meta/info.json` of the data set. */
  readonly info?: string;
}

/** Largest angle that joints in rad have: a turn, and what a measurement adds. */
const MOST_RADIANS = 6.6;

/**
 * Makes a card from what LeRobot writes beside a policy: `config.json`, processors and their statistics, and where they
 * are there `train_config.json` and the data set's `meta/info.json`. Undefined where the folder has no such config.
 * @throws InputError, one line, where files do not fit each other or the model
 */
export async function makeCard(
  folder: string,
  graph: Graph,
  tensors: Tensors,
  given: Given = {},
): Promise<MadeCard | undefined> {
  const path = join(folder, "config.json");
  const config = await readConfig(path);
  if (!config) return undefined;
  const statistics = await readStatistics(folder, config);
  const { info, file: infoFile } = await readInfo(folder, given);
  const train = await readJson(join(folder, "train_config.json"), "LeRobot's train_config.json", trainConfigSchema);
  const made = new Maker(path, config, statistics, graph, tensors, info, given.joints).make();
  const fps = info?.fps ?? train?.env?.fps;
  const missing = fps === undefined ? ["control_period: seconds between two actions", ...made.missing] : made.missing;
  return {
    ...made,
    missing,
    card: {
      torquelens_card: CARD_VERSION,
      name: `${config.type} ${basename(folder)}`,
      ...(fps !== undefined && { control_period: 1 / fps }),
      ...made.card,
    },
    files: [path, ...statistics.files, ...(infoFile === undefined ? [] : [infoFile])],
  };
}

/** A `config.json` with features; others belong to other programs. */
async function readConfig(path: string): Promise<Config | undefined> {
  const loose = await readJson(path, "LeRobot's config.json", anything);
  if (!loose || !Object.hasOwn(loose, "input_features")) return undefined;
  return readJson(path, "LeRobot's config.json", configSchema);
}

async function readInfo(folder: string, given: Given): Promise<{ info?: Info; file?: string }> {
  const files = [given.info, join(folder, "meta", "info.json"), join(folder, "info.json")];
  for (const file of files) {
    const info = file === undefined ? undefined : await readJson(file, "the data set's info.json", infoSchema);
    if (info) return { info, file: file! };
  }
  return {};
}

type Made = Pick<MadeCard, "card" | "missing" | "notes">;

class Maker {
  readonly #notes: string[] = [];
  readonly #missing: string[] = [];

  constructor(
    readonly path: string,
    readonly config: Config,
    readonly statistics: Statistics,
    readonly graph: Graph,
    readonly tensors: Tensors,
    readonly info: Info | undefined,
    readonly joints: readonly string[] | undefined,
  ) {}

  make(): Made {
    const { input_features: inputs, output_features: outputs } = this.config;
    const [action, ...more] = Object.entries(outputs).filter(([, { type }]) => type === "ACTION");
    if (!action || more.length > 0)
      throw new InputError(
        `${this.path}: output_features: expected one ACTION, found ${Object.keys(outputs).join(", ") || "none"}`,
      );
    const { card, joints } = this.#action(...action);
    const free = [...this.tensors.inputs];
    const described: Record<string, unknown> = {};
    for (const [name, feature] of Object.entries(inputs)) {
      if (feature.type === "LANGUAGE") continue;
      const tensor = tensorOf(name, free, (one) => this.#fits(one, feature), `${this.path}: input_features`);
      free.splice(free.indexOf(tensor), 1);
      const isImage = feature.type === "VISUAL";
      put(
        described,
        tensor.name,
        isImage ? this.#image(name, feature, tensor) : this.#values(name, feature, tensor, joints),
      );
    }
    for (const tensor of free)
      this.#missing.push(`inputs.${tensor.name}: what ${tensorText(tensor)} is, which is no feature of config.json`);
    return { card: { ...card, inputs: described as CardInput["inputs"] }, missing: this.#missing, notes: this.#notes };
  }

  #fits({ shape }: Tensor, { type, shape: expected }: Feature): boolean {
    if (type !== "VISUAL") return elementCount(shape) % (expected[0] ?? 1) === 0 && shape.at(-1) === expected[0];
    return (shape.length === 4 || shape.length === 5) && [1, 3].some((n) => n === shape.at(-3) || n === shape.at(-1));
  }

  #image(name: string, feature: Feature, tensor: Tensor): object {
    const isFirst = [1, 3].includes(tensor.shape.at(-3)!);
    const [height, width] = tensor.shape.slice(...(isFirst ? [-2] : [-3, -1])) as [number, number];
    const channels = isFirst ? tensor.shape.at(-3)! : tensor.shape.at(-1)!;
    const layout = `N${tensor.shape.length === 5 ? "T" : ""}${isFirst ? "CHW" : "HWC"}`;
    const normalisation = this.#around(name, feature, tensor, channels)?.input;
    const [, fullHeight = height, fullWidth = width] = feature.shape;
    const cropped = [height, width].join() === this.config.crop_shape?.join();
    const isWhole = height === fullHeight && width === fullWidth;
    const cameras = Object.values(this.config.input_features).filter(({ type }) => type === "VISUAL").length;
    return {
      modality: cameras === 1 ? "image" : cameraName(name),
      encoding: channels === 1 ? "mono8" : "rgb8",
      layout,
      range: tensor.dtype === "uint8" ? [0, 255] : [0, 1],
      ...(cropped && !this.config.resize_shape && !isWhole ? { crop: "centre" } : { resize: "antialias" }),
      ...(normalisation && { mean: normalisation.mean, std: normalisation.std }),
    };
  }

  /** Normalisation that stands around the model: none where its graph holds the statistics itself. */
  #around(name: string, { type }: Feature, tensor: Tensor, size: number): FeatureStatistics | undefined {
    const statistics = this.statistics.of(name, type);
    for (const { mean } of [statistics.input, statistics.output].filter(
      (one): one is Normalisation => one !== undefined,
    ))
      if (mean.length !== size)
        throw new InputError(
          `${this.path}: the statistics of ${name} have ${mean.length} numbers, expected ${size}: the model has ${tensor.name} ${tensorText(tensor)}`,
        );
    const { lists, ...rest } = statistics;
    const isFloat = tensor.dtype.startsWith("float");
    if (!statistics.input || !isFloat || !holdsAny(this.graph, lists))
      return isFloat ? statistics : { lists, ...only(rest.largest) };
    this.#notes.push(`${name}: the model normalises by itself, its graph holds the statistics`);
    return { lists, ...only(rest.largest) };
  }

  #values(name: string, feature: Feature, tensor: Tensor, joints: readonly string[]): object[] {
    const size = feature.shape[0]!;
    const { input, largest } = this.#around(name, feature, tensor, size) ?? {};
    const names =
      this.#namesOf(name, size) ?? (feature.type === "STATE" && joints.length === size ? joints : undefined);
    const isJoints = feature.type === "STATE" && names !== undefined && names.every((one) => joints.includes(one));
    const isAngles = isJoints && (largest ?? Number.POSITIVE_INFINITY) < MOST_RADIANS;
    const modality = isJoints ? "joint_position" : name.split(".").at(-1)!.replace(/\W/g, "_");
    return Array.from({ length: elementCount(tensor.shape) / size }, (_, step) => ({
      modality,
      start: step * size,
      ...(names ? { elements: names } : { size }),
      ...(isJoints && !isAngles && { quantity: "other" }),
      ...(input && { mean: input.mean, std: input.std }),
    }));
  }

  /** Names of a feature's elements by the data set. */
  #namesOf(feature: string, size: number): readonly string[] | undefined {
    const names = own(this.info?.features, feature)?.names;
    return names?.length === size ? names.map(bare) : undefined;
  }

  #action(name: string, feature: Feature): { card: Partial<CardInput>; joints: readonly string[] } {
    const size = feature.shape[0]!;
    const lost = this.tensors.unread?.find((output) => isNamed(output.name, name));
    if (lost) throw new InputError(`${this.path}: the model's output ${lost.name} cannot be read: ${lost.why}`);
    const tensor = tensorOf(
      name,
      this.tensors.outputs,
      ({ shape }) => shape.at(-1) === size,
      `${this.path}: output_features`,
    );
    const steps = stepsOf(tensor);
    const { chunk_size, horizon, n_action_steps, n_obs_steps } = this.config;
    const expected = [chunk_size, horizon, n_action_steps].filter((one): one is number => typeof one === "number");
    if (steps > 1 && expected.length > 0 && !expected.includes(steps))
      throw new InputError(
        `${this.path}: a chunk of ${expected[0]} actions, but the model's ${tensor.name} is ${tensorText(tensor)}`,
      );
    if (stepSize(tensor) !== size)
      throw new InputError(
        `${this.path}: action has ${size} elements, the model's ${tensor.name} is ${tensorText(tensor)}`,
      );
    const { output, largest } = this.#around(name, feature, tensor, size) ?? {};
    const told = this.#namesOf(name, size) ?? (this.joints?.length === size ? this.joints : undefined);
    if (!told) {
      this.#missing.push(`joints: names of the ${size} elements of ${name}, in its order`);
      return { card: {}, joints: [] };
    }
    const names = told.map(bare);
    const isAngles = (largest ?? Number.POSITIVE_INFINITY) < MOST_RADIANS;
    // A diffusion policy's chunk begins at its first observation.
    const step = horizon && steps > 1 ? (n_obs_steps ?? 1) - 1 : 0;
    const kinds = kindsByNames(this.info?.features.action?.names ?? [], size)?.kinds;
    const isPose = kinds?.some(({ kind }) => kind.startsWith("end_effector")) ?? false;
    const joints = isPose ? [] : names;
    let start = 0;
    const parts = isPose ? kinds! : runs(names, isAngles ? "joint_position" : "other");
    const slices = parts.map(({ kind, elements }) => {
      const from = start;
      start += elements!.length;
      const part = (list: readonly number[]) => list.slice(from, start);
      return {
        kind,
        elements,
        ...(from === 0 && steps > 1 && { step }),
        ...(output && { mean: part(output.mean), std: part(output.std) }),
      };
    });
    if (!isAngles && !isPose)
      this.#notes.push(
        `${name}: no angles in rad (up to ${largest === undefined ? "unknown sizes" : largest.toPrecision(3)}), taken as numbers of the robot's own unit`,
      );
    return {
      card: { ...(joints.length > 0 && { joints: [...joints] }), outputs: { [tensor.name]: slices as never } },
      joints,
    };
  }
}

const only = (largest: number | undefined) => (largest === undefined ? {} : { largest });

/** A joint's name without what it holds: `shoulder_pan` of `shoulder_pan.pos`. */
const bare = (name: string) => name.replace(/[._](pos|position)$/, "");

/** Grippers apart from joints, side by side. */
function runs(names: readonly string[], kind: "joint_position" | "other") {
  const list: { kind: string; elements: string[] }[] = [];
  for (const name of names) {
    const own = /(^|[._])gripper\d*$/.test(name) ? "gripper" : kind;
    const last = list.at(-1);
    if (last?.kind === own) last.elements.push(name);
    else list.push({ kind: own, elements: [name] });
  }
  return list;
}
