import { createHash } from "node:crypto";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Presets, SingleBar } from "cli-progress";
import type { Command } from "commander";
import { InputError } from "../errors.js";
import { readModel } from "../graph/onnx-read.js";
import { parseCard, serialiseCard } from "../policy/card.js";
import { CARD_METADATA, cardFile, type Policy, policyOf } from "../policy/policy.js";
import { loadTask } from "../sim/tasks.js";
import { trainedCard } from "../train/policy-card.js";
import { type Progress, REACHER_RECIPE, ReacherTraining, type Recipe } from "../train/reacher.js";
import { assertWritable, writeAtomically } from "./atomic.js";
import { Interruption } from "./interruption.js";
import { wholeNumber } from "./numbers.js";
import { FIGURE_RUNS, type PolicyFigures, policyFigures } from "./policy-figures.js";
import { columns } from "./table.js";

interface Options {
  readonly task: string;
  readonly seed: number;
  readonly output: string;
  readonly control: boolean;
  readonly json?: boolean;
}

/** A task that a policy can be trained for, and the arm's model and end effector as the card names them. */
interface Course {
  readonly recipe: Recipe;
  readonly arm: URL;
  readonly site: string;
}

const COURSES: Readonly<Record<string, Course>> = {
  reacher: { recipe: REACHER_RECIPE, arm: new URL("../../models/reacher.xml", import.meta.url), site: "ee" },
};

export function addTrain(program: Command): void {
  program
    .command("train")
    .description("train a shipped policy again: the same seed gives the same file")
    .requiredOption("--task <name>", `what to learn: ${Object.keys(COURSES).join(", ")}`)
    .option("--seed <number>", "seed of everything random", wholeNumber(0), 0)
    .requiredOption("-o, --output <file>", "ONNX file to write; the policy card goes beside it")
    .option("--no-control", "leave out the control with random convolutions")
    .option("--json", "print the figures as one JSON object")
    .action(train);
}

async function train({ task: name, seed, output, control, json }: Options): Promise<void> {
  const course = Object.hasOwn(COURSES, name) ? COURSES[name]! : undefined;
  if (course === undefined) {
    throw new InputError(`no training for a task named "${name}", expected ${Object.keys(COURSES).join(", ")}`);
  }
  const yaml = cardFile(output);
  if (yaml === output) throw new InputError(`${output}: expected a file name ending in .onnx`);
  await assertWritable(output);
  await assertWritable(yaml);

  const start = performance.now();
  const interruption = new Interruption();
  const lesson: Lesson = { task: name, seed, bar: progressBar(), signal: interruption.signal };
  const blind = { ...course, recipe: { ...course.recipe, vision: { ...course.recipe.vision, steps: 0 } } };
  let policy: Finished;
  let figures: PolicyFigures;
  let controlFigures: PolicyFigures | undefined;
  try {
    policy = await trainOne(lesson, course, "policy");
    figures = await measured(lesson, policy(output, {}).policy, "policy");
    if (control) {
      const other = await trainOne(lesson, blind, "control");
      controlFigures = await measured(lesson, other(output, {}).policy, "control");
    }
  } catch (error) {
    if (interruption.signal.aborted) throw new Error("interrupted; nothing was written", { cause: error });
    throw error;
  } finally {
    lesson.bar.stop();
    interruption.end();
  }

  const record = { task: name, seed, recipe: course.recipe, figures, ...(control && { control: controlFigures }) };
  const finished = policy(output, record);
  await writeAtomically(output, finished.policy.bytes);
  await writeAtomically(yaml, finished.card);
  const seconds = Math.round((performance.now() - start) / 1000);
  const result = { policy: output, card: yaml, seconds, figures, control: controlFigures ?? null };
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${report(result)}\n`);
}

interface Lesson {
  readonly task: string;
  readonly seed: number;
  readonly bar: SingleBar;
  readonly signal: AbortSignal;
}

/** The finished policy with a training record in its card, as a file at `path` would be. */
type Finished = (
  path: string,
  record: Readonly<Record<string, unknown>>,
) => { readonly policy: Policy; readonly card: string };

async function trainOne(
  { task: taskName, seed, bar, signal }: Lesson,
  { recipe, arm, site }: Course,
  what: string,
): Promise<Finished> {
  const { width, height } = recipe.spec;
  const task = await loadTask(taskName, { width, height });
  const { torqueLimit } = task;
  let begun = false;
  const progress = ({ done, total, phase, loss, note }: Progress): void => {
    const payload = { what: `${what}: ${phase}`, note: `loss ${loss.toExponential(2)}, ${note}` };
    if (!begun) bar.start(total, 0, payload);
    begun = true;
    bar.update(done, payload);
  };
  const training = await ReacherTraining.start({ seed, recipe, torqueLimit, progress, signal });
  try {
    await training.train();
  } finally {
    await training.close();
  }
  return (path, record) => {
    const file = relative(dirname(path), fileURLToPath(arm));
    const card = serialiseCard(trainedCard(task, { file, site }, record));
    const bytes = training.export({ metadata: new Map([[CARD_METADATA, card]]) });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const model = { path, bytes, sha256, graph: readModel(bytes, path) };
    const found = { card: parseCard(card, cardFile(path)), source: cardFile(path), folder: dirname(path) };
    return { policy: policyOf(model, found), card };
  };
}

async function measured({ task, bar, signal }: Lesson, policy: Policy, what: string): Promise<PolicyFigures> {
  bar.start(FIGURE_RUNS, 0, { what: `${what}: closed loop`, note: "" });
  return policyFigures(policy, task, { done: (runs) => bar.update(runs), signal });
}

/** On a terminal a bar; in a log a line every half minute. */
function progressBar(): SingleBar {
  return new SingleBar(
    {
      format: "{bar} {percentage} % {eta_formatted} {what} {note}",
      noTTYOutput: true,
      notTTYSchedule: 30_000,
      gracefulExit: false,
      etaBuffer: 200,
    },
    Presets.shades_classic,
  );
}

const ROWS: readonly (readonly [keyof PolicyFigures, string])[] = [
  ["four", "four targets"],
  ["random", "targets anywhere"],
  ["image_frozen", "image of another target, frozen"],
  ["image_first", "its own first image, frozen"],
  ["four_median_mm", "median error, four targets (mm)"],
  ["random_median_mm", "median error, anywhere (mm)"],
  ["focus", "relevance near target or fingertip"],
];

function report(result: {
  policy: string;
  card: string;
  seconds: number;
  figures: PolicyFigures;
  control: PolicyFigures | null;
}): string {
  const { policy, card, seconds, figures, control } = result;
  const rows = ROWS.map(([key, text]) => [text, ...[figures, control].flatMap((f) => (f ? [String(f[key])] : []))]);
  const head = [`of ${figures.episodes} episodes`, "policy", ...(control ? ["control"] : [])];
  return `${policy} and ${card} written after ${seconds} s\n${columns([head, ...rows])}`;
}
