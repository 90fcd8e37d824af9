import { createHash } from "node:crypto";
import { dirname, extname } from "node:path";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { readModel } from "../../graph/onnx-read.js";
import { duration } from "../../numbers/duration.js";
import { own } from "../../own.js";
import { parseCard, serialiseCard } from "../../policy/card.js";
import type { CardInput } from "../../policy/card-schema.js";
import { CARD_METADATA, cardFile, type Policy, policyOf } from "../../policy/policy.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { ppoCurvesSvg } from "../../train/ppo/curves.js";
import type { PpoHistoryState, PpoPoint } from "../../train/ppo/history.js";
import type { PpoProgress } from "../../train/ppo/training.js";
import { recipeName } from "../../train/recipe.js";
import { RunFolder } from "../../train/run-folder.js";
import type { TrainOptions } from "../input/train-options.js";
import { Progress } from "../output/progress.js";
import { columns } from "../output/table.js";
import { Interruption } from "../process/interruption.js";
import { unfinishedTraining } from "../process/unfinished-training.js";

/** Figures of a policy: episodes out of `episodes`, and others, by their keys. */
export type Figures = Readonly<Record<"episodes", number>> & Readonly<Record<string, number>>;

/** A training by reward that was started. `close` ends its threads. */
interface Started {
  /** Environment steps so far. */
  readonly steps: number;
  train(): Promise<void>;
  close(): Promise<void>;
}

/** State of a training: its history's points are the curves. */
interface Checkpoint {
  readonly history: PpoHistoryState;
}

/** An algorithm that learns by reward. */
export interface RewardAlgorithm<R, T extends Started, C extends Checkpoint> {
  readonly algorithm: string;
  readonly recipe: R;
  /** The recipe of the control. */
  readonly control: R;
  /** Environment steps of a training. */
  readonly steps: number;
  start(options: {
    readonly seed: number;
    readonly world: string;
    readonly recipe: R;
    readonly resume: C | undefined;
    readonly signal: AbortSignal;
    readonly keep: (checkpoint: C) => Promise<void>;
    readonly progress: (progress: PpoProgress) => void;
  }): Promise<T>;
}

/** What is learned by reward: a world, or an arm's task. */
export interface Learner<R extends object, T extends Started, C extends Checkpoint> extends RewardAlgorithm<R, T, C> {
  /** Options of the command that mean nothing here, and why. */
  readonly without: readonly (readonly [option: "targets" | "camera" | "device", reason: string])[];
  /** Files that the output may not be. */
  readonly taken: readonly string[];
  /** Cost of measuring one episode of every figure, in environment steps of the training. */
  readonly measuring: number;
  /** Keys of the figures, and what they are in words. */
  readonly words: Words;
  /** The card of a policy file at `path`. */
  card(path: string, record: Readonly<Record<string, unknown>>): CardInput;
  /** The policy of a training of `recipe`. */
  export(training: T, recipe: R, metadata: Map<string, string>): Uint8Array;
  measure(policy: Policy, options: Measuring): Promise<Figures>;
}

type Words = readonly (readonly [key: string, text: string])[];

interface Measuring {
  readonly episodes: number;
  readonly done: (part: number) => void;
  readonly signal: AbortSignal;
}

/** Trains a policy by reward. */
export async function trainByReward<R extends object, T extends Started, C extends Checkpoint>(
  options: TrainOptions,
  learner: Learner<R, T, C>,
): Promise<void> {
  const { task, seed, output, run, randomConvolutions = false, json } = options;
  const { steps } = learner;
  const recipe = randomConvolutions ? learner.control : learner.recipe;
  const control = options.control && !randomConvolutions;
  for (const [name, reason] of learner.without) {
    if (options[name] !== undefined) throw new InputError(`--${name}: ${reason}`);
  }
  const yaml = cardFile(output);
  if (extname(output) !== ".onnx") throw new InputError(`${output}: expected a file name ending in .onnx`);
  const runPath = run ?? output.replace(/\.onnx$/, ".run");
  await refuseOverwriting(learner.taken, [output, yaml, runPath]);
  await assertWritable(output);
  await assertWritable(yaml);
  const folder = await RunFolder.openFor<C, readonly PpoPoint[]>(runPath, { task, seed, recipe }, CURVES);

  const start = performance.now();
  const interruption = new Interruption();
  const measuring = learner.measuring * options.figures;
  const networks = control ? 2 : 1;
  const bar = new Progress(networks * (steps + measuring), "policy");
  const { signal } = interruption;
  const course: Course<R, T, C> = { learner, task, seed, folder, bar, episodes: options.figures, measuring, signal };
  let policy: Trained;
  let other: Trained | undefined;
  try {
    policy = await trainOne(course, recipe, "policy", 0);
    if (control) other = await trainOne(course, learner.control, "control", steps + measuring);
  } catch (error) {
    await folder.draw();
    throw unfinishedTraining(error, interruption.signal, folder.path);
  } finally {
    bar.stop();
    interruption.end();
  }

  const figures = policy.figures;
  const controlFigures = other?.figures ?? null;
  const name = recipeName({ ...options, recipe: options.recipe ?? learner.algorithm });
  const record = { task, recipe_name: name, seed, recipe, figures, ...(control && { control: controlFigures }) };
  const finished = policy.file(output, record);
  await writeAtomically(output, finished.policy.bytes);
  await writeAtomically(yaml, finished.card);
  const seconds = Math.round((performance.now() - start) / 1000);
  const result = { policy: output, card: yaml, run: folder.path, seconds, figures, control: controlFigures };
  await folder.finish(result);
  writeOut(json ? `${JSON.stringify(result)}\n` : `${report(learner, result)}\n`);
}

const CURVES = {
  of: ({ history }: Checkpoint): readonly PpoPoint[] => history.points,
  svg: ppoCurvesSvg,
};

interface Course<R extends object, T extends Started, C extends Checkpoint> {
  readonly learner: Learner<R, T, C>;
  readonly task: string;
  readonly seed: number;
  readonly folder: RunFolder<C, readonly PpoPoint[]>;
  readonly bar: Progress;
  /** Episodes of each figure, and their cost in environment steps. */
  readonly episodes: number;
  readonly measuring: number;
  readonly signal: AbortSignal;
}

interface Trained {
  readonly figures: Figures;
  /** The policy with a training record in its card, as a file at `path` would be. */
  file(path: string, record: Readonly<Record<string, unknown>>): { readonly policy: Policy; readonly card: string };
}

/** Trains a network and measures its policy. @param before work of the command that is done, environment steps */
async function trainOne<R extends object, T extends Started, C extends Checkpoint>(
  { learner, task, seed, folder, bar, episodes, measuring, signal }: Course<R, T, C>,
  recipe: R,
  what: "policy" | "control",
  before: number,
): Promise<Trained> {
  const resume = await folder.checkpoint(what);
  const training = await learner.start({
    seed,
    world: task,
    recipe,
    resume,
    signal,
    keep: (checkpoint) => folder.keep(what, checkpoint),
    progress: ({ done, note }) => bar.update(before + done, { what: `${what}: ${learner.algorithm}`, note }),
  });
  bar.stop();
  const { steps } = learner;
  if (resume) writeErr(`${what}: ${resumedText(training.steps, steps)}\n`);
  bar.skip(before + training.steps);
  try {
    await training.train();
  } finally {
    await training.close();
  }
  const file: Trained["file"] = (path, record) => {
    const card = serialiseCard(learner.card(path, record));
    const bytes = learner.export(training, recipe, new Map([[CARD_METADATA, card]]));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const model = { path, bytes, sha256, graph: readModel(bytes, path) };
    const found = { card: parseCard(card, cardFile(path)), source: cardFile(path), folder: dirname(path) };
    return { policy: policyOf(model, found), card };
  };
  const words = { what: `${what}: closed loop`, note: "" };
  const done = (part: number): void => bar.update(before + steps + part * measuring, words);
  const figures = await learner.measure(file("policy.onnx", {}).policy, { episodes, done, signal });
  return { figures, file };
}

/** Where a training goes on that an earlier run has begun. */
function resumedText(done: number, all: number): string {
  if (done === all) return "trained already";
  return `resumed after ${done.toLocaleString("en")} of ${all.toLocaleString("en")} steps`;
}

function report(
  { words }: { readonly words: Words },
  result: { policy: string; card: string; seconds: number; figures: Figures; control: Figures | null },
): string {
  const { policy, card, seconds, figures, control } = result;
  const rows = words.map(([key, text]) => [
    text,
    ...[figures, control].flatMap((f) => (f ? [String(own(f, key))] : [])),
  ]);
  const head = [`of ${figures.episodes} episodes`, "policy", ...(control ? ["control"] : [])];
  return `${policy} and ${card} written after ${duration(seconds)}\n${columns([head, ...rows])}`;
}
