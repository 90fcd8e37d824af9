import { createHash } from "node:crypto";
import { dirname, extname, relative } from "node:path";
import { InputError } from "../../errors.js";
import { type PolicyFigures, policyFigures } from "../../evaluation/policy-figures.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { readModel } from "../../graph/onnx-read.js";
import { duration } from "../../numbers/duration.js";
import { own } from "../../own.js";
import { packagePath, shippedModel } from "../../package-files.js";
import { parseCard, serialiseCard } from "../../policy/card.js";
import { CARD_METADATA, cardFile, type Policy, policyOf } from "../../policy/policy.js";
import type { Device } from "../../runtime/device.js";
import type { Recipe } from "../../sim/tasks/lesson.js";
import type { EpisodeKind, Task } from "../../sim/tasks/task.js";
import { loadTask, taskNamed, taskNames } from "../../sim/tasks/tasks.js";
import { worldNames } from "../../sim/worlds/worlds.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { toldWorlds } from "../../train/listening/recipes.js";
import { trainedCard } from "../../train/policy-card.js";
import { trainedWorlds } from "../../train/ppo/recipes.js";
import { recipeFor, recipeName, withCamera, withoutVision, withTargets } from "../../train/recipe.js";
import { RunFolder } from "../../train/run-folder.js";
import { type Place, Training, type Progress as TrainingProgress, trainingCost } from "../../train/training.js";
import type { TrainOptions } from "../input/train-options.js";
import { figureWords } from "../output/figure-words.js";
import { Progress } from "../output/progress.js";
import { columns } from "../output/table.js";
import { warnOf } from "../output/warnings.js";
import { Interruption } from "../process/interruption.js";
import { unfinishedTraining } from "../process/unfinished-training.js";

export async function train(options: TrainOptions): Promise<void> {
  const { task } = options;
  if (taskNames.includes(task) && isByReward(options)) {
    return (await import("./train-arm-by-reward.js")).trainArmByReward(options);
  }
  if (taskNames.includes(task)) return trainArm(options);
  if (toldWorlds.includes(task)) return (await import("./train-told.js")).trainTold(options);
  if (worldNames.includes(task)) return (await import("./train-world.js")).trainWorld(options);
  throw new InputError(
    `no task named "${task}"; expected ${[...taskNames, ...trainedWorlds, ...toldWorlds].join(", ")}`,
  );
}

/** True where the algorithm or the recipe asked for is that of learning by reward. */
const isByReward = ({ algorithm, recipe }: TrainOptions): boolean => algorithm === "ppo" || recipe === "ppo";

async function trainArm({
  task,
  camera,
  targets,
  seed,
  output,
  run,
  randomConvolutions = false,
  json,
  ...options
}: TrainOptions): Promise<void> {
  const known = recipeFor(task, taskNamed(task).lesson, options);
  const seen = camera ? withCamera(known, ...camera) : known;
  const aimed = targets === undefined ? seen : withTargets(seen, targets);
  const recipe = randomConvolutions ? withoutVision(aimed) : aimed;
  const control = options.control && !randomConvolutions;
  const yaml = cardFile(output);
  if (extname(output) !== ".onnx") throw new InputError(`${output}: expected a file name ending in .onnx`);
  const runPath = run ?? output.replace(/\.onnx$/, ".run");
  await refuseOverwriting([shippedModel(task)], [output, yaml, runPath]);
  await assertWritable(output);
  await assertWritable(yaml);
  const folder = await RunFolder.open(runPath, { task, seed, recipe });

  const start = performance.now();
  const interruption = new Interruption();
  const device = options.device ?? (camera ? "auto" : "cpu");
  const plan = await planOf({ task, recipe, control, episodes: options.figures });
  const bar = new Progress(plan.total, "policy");
  const course: Course = { device, seed, folder, plan, bar, signal: interruption.signal };
  let policy: Finished;
  let figures: PolicyFigures;
  let controlFigures: PolicyFigures | undefined;
  try {
    policy = await trainOne(course, plan.policy, "policy");
    figures = await measured(course, policy(output, {}).policy, "policy");
    if (plan.control) {
      const other = await trainOne(course, plan.control, "control");
      controlFigures = await measured(course, other(output, {}).policy, "control");
    }
  } catch (error) {
    await folder.draw();
    throw unfinishedTraining(error, interruption.signal, folder.path);
  } finally {
    course.bar.stop();
    interruption.end();
  }

  const record = {
    task,
    recipe_name: recipeName(options),
    seed,
    recipe,
    figures,
    ...(control && { control: controlFigures }),
  };
  const finished = policy(output, record);
  await writeAtomically(output, finished.policy.bytes);
  await writeAtomically(yaml, finished.card);
  const seconds = Math.round((performance.now() - start) / 1000);
  const result = { policy: output, card: yaml, run: folder.path, seconds, figures, control: controlFigures ?? null };
  await folder.finish(result);
  writeOut(json ? `${JSON.stringify(result)}\n` : `${report(task, result)}\n`);
}

/** Cost of a tick in closed loop, in steps of the pose warm-up. */
const TICK = 0.03;

/** A network to train, and the work done before it. Costs are in steps of the pose warm-up (see `trainingCost`). */
interface Part {
  readonly recipe: Recipe;
  readonly before: number;
  readonly training: number;
}

/** The work of a whole command. */
interface Plan {
  readonly task: Task;
  /** Episodes of each closed-loop figure. */
  readonly episodes: number;
  readonly policy: Part;
  readonly control: Part | undefined;
  /** Cost of a network's figures. */
  readonly figures: number;
  readonly total: number;
}

async function planOf({
  task: name,
  recipe,
  control,
  episodes,
}: {
  task: string;
  recipe: Recipe;
  control: boolean;
  episodes: number;
}): Promise<Plan> {
  const { width, height } = recipe.spec;
  const task = await loadTask(name, { width, height });
  const figures = TICK * task.ticks * episodes * taskNamed(name).figureRuns.length;
  const part = async (recipe: Recipe, before: number): Promise<Part> => {
    return { recipe, before, training: await trainingCost({ recipe, task }) };
  };
  const policy = await part(recipe, 0);
  const half = policy.training + figures;
  if (!control) return { task, episodes, policy, control: undefined, figures, total: half };
  const other = await part(withoutVision(recipe), half);
  return { task, episodes, policy, control: other, figures, total: half + other.training + figures };
}

interface Course {
  readonly device: Device;
  readonly plan: Plan;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly bar: Progress;
  readonly signal: AbortSignal;
}

/** The finished policy with a training record in its card, as a file at `path` would be. */
type Finished = (
  path: string,
  record: Readonly<Record<string, unknown>>,
) => { readonly policy: Policy; readonly card: string };

async function trainOne(
  { device, seed, folder, plan, bar, signal }: Course,
  { recipe, before }: Part,
  what: string,
): Promise<Finished> {
  const { task } = plan;
  const progress = ({ done, phase, loss, note }: TrainingProgress): void => {
    const words = loss === undefined ? note : `loss ${loss.toExponential(2)}, ${note}`;
    bar.update(before + done, { what: `${what}: ${phase}`, note: words });
  };
  const resume = await folder.checkpoint(what);
  const keep: NonNullable<Parameters<typeof Training.start>[0]["keep"]> = (state) => folder.keep(what, state);
  const training = await Training.start({ device, seed, recipe, task, progress, signal, resume, keep });
  bar.stop();
  if (device === "auto") writeErr(`device auto: training the convolutions on ${training.team.device}\n`);
  warnOf(training.team);
  if (resume) writeErr(`${what}: ${resumedText(training.place)}\n`);
  // Neither an earlier run's work nor the time to get ready tells how long the rest takes.
  bar.skip(before + training.place.done);
  try {
    await training.train();
  } finally {
    await training.close();
  }
  return (path, record) => {
    const file = relative(dirname(path), packagePath(`models/${task.arm.file}`));
    const card = serialiseCard(trainedCard(task, { file, site: task.arm.site }, record, recipe.spec));
    const bytes = training.export({ metadata: new Map([[CARD_METADATA, card]]) });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const model = { path, bytes, sha256, graph: readModel(bytes, path) };
    const found = { card: parseCard(card, cardFile(path)), source: cardFile(path), folder: dirname(path) };
    return { policy: policyOf(model, found), card };
  };
}

const count = (steps: number): string => steps.toLocaleString("en");

/** Where a training goes on that an earlier run has begun. */
function resumedText({ stage, stages, phase, steps }: Place): string {
  if (phase === undefined) return "trained already";
  const step = steps && steps[0] > 0 ? `, step ${count(steps[0] + 1)} of ${count(steps[1])}` : "";
  return `resumed at stage ${stage + 1} of ${stages} (${phase}${step})`;
}

async function measured(
  { plan, bar, signal }: Course,
  policy: Policy,
  what: "policy" | "control",
): Promise<PolicyFigures> {
  const { before, training, recipe } = plan[what]!;
  const words = { what: `${what}: closed loop`, note: "" };
  const done = (part: number) => bar.update(before + training + part * plan.figures, words);
  return policyFigures(policy, plan.task.name, { kind: figureKind(recipe), episodes: plan.episodes, done, signal });
}

/** The kind of episodes that a policy is measured in: starts as in its training. */
const figureKind = ({ episodes: { starts } }: Recipe): EpisodeKind => (starts ? { starts } : {});

function report(
  task: string,
  result: {
    policy: string;
    card: string;
    seconds: number;
    figures: PolicyFigures;
    control: PolicyFigures | null;
  },
): string {
  const { policy, card, seconds, figures, control } = result;
  const rows = figureWords(task).map(([key, text]) => [
    text,
    ...[figures, control].flatMap((f) => (f ? [String(own(f, key))] : [])),
  ]);
  const head = [`of ${figures.episodes} episodes`, "policy", ...(control ? ["control"] : [])];
  return `${policy} and ${card} written after ${duration(seconds)}\n${columns([head, ...rows])}`;
}
