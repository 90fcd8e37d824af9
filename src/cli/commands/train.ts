import { createHash } from "node:crypto";
import { dirname, relative } from "node:path";
import { Presets, SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { InputError } from "../../errors.js";
import { type PolicyFigures, policyFigures } from "../../evaluation/policy-figures.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { readModel } from "../../graph/onnx-read.js";
import { packagePath } from "../../package-files.js";
import { parseCard, serialiseCard } from "../../policy/card.js";
import { CARD_METADATA, cardFile, type Policy, policyOf } from "../../policy/policy.js";
import { DEVICES, type Device } from "../../runtime/device.js";
import type { Recipe } from "../../sim/tasks/lesson.js";
import { loadTask, taskNamed, taskNames } from "../../sim/tasks/tasks.js";
import { ALGORITHMS } from "../../train/algorithms/algorithms.js";
import { trainedCard } from "../../train/policy-card.js";
import { recipeFor, withCamera, withoutVision } from "../../train/recipe.js";
import { RunFolder } from "../../train/run-folder.js";
import { type Progress, Training } from "../../train/training.js";
import { warnOfFallback } from "../options/device.js";
import { wholeNumber } from "../options/numbers.js";
import { columns } from "../output/table.js";
import { Interruption } from "../process/interruption.js";

interface Options {
  readonly task: string;
  readonly algorithm: string;
  readonly camera?: readonly [width: number, height: number];
  readonly seed: number;
  readonly output: string;
  readonly run?: string;
  readonly control: boolean;
  readonly device?: Device;
  readonly json?: boolean;
}

const algorithms = Object.entries(ALGORITHMS)
  .map(([name, { text }]) => `${name} (${text})`)
  .join(", ");

export function addTrain(program: Command): void {
  program
    .command("train")
    .description("train a policy for a simulated task: the same seed gives the same file")
    .requiredOption("--task <name>", `what to learn: ${taskNames.join(", ")}`)
    .option("--algorithm <name>", `training algorithm: ${algorithms}`, "imitation")
    .option("--camera <WxH>", "size of the camera image, pixels (default: the shipped policy's)", cameraSize)
    .option("--seed <number>", "seed of everything random", wholeNumber(0), 0)
    .requiredOption("-o, --output <file>", "ONNX file to write; the policy card goes beside it")
    .option("--run <folder>", "curves and checkpoints; a training broken off is taken up again (default: OUTPUT.run)")
    .option("--no-control", "leave out the control with random convolutions")
    .addOption(
      new Option(
        "--device <name>",
        "what to train the convolutions on; falls back to the CPU (default: cpu, with --camera auto)",
      ).choices(DEVICES),
    )
    .option("--json", "print the figures as one JSON object")
    .action(train);
}

async function train({
  task,
  algorithm,
  camera,
  seed,
  output,
  run,
  control,
  json,
  ...options
}: Options): Promise<void> {
  const known = recipeFor(task, taskNamed(task).lesson, algorithm);
  const recipe = camera ? withCamera(known, ...camera) : known;
  const yaml = cardFile(output);
  if (yaml === output) throw new InputError(`${output}: expected a file name ending in .onnx`);
  await assertWritable(output);
  await assertWritable(yaml);
  const folder = await RunFolder.open(run ?? output.replace(/\.onnx$/, ".run"), { task, algorithm, seed, recipe });

  const start = performance.now();
  const interruption = new Interruption();
  const device = options.device ?? (camera ? "auto" : "cpu");
  const course: Course = { device, task, algorithm, seed, folder, bar: progressBar(), signal: interruption.signal };
  let policy: Finished;
  let figures: PolicyFigures;
  let controlFigures: PolicyFigures | undefined;
  try {
    policy = await trainOne(course, recipe, "policy");
    figures = await measured(course, policy(output, {}).policy, "policy");
    if (control) {
      const other = await trainOne(course, withoutVision(recipe), "control");
      controlFigures = await measured(course, other(output, {}).policy, "control");
    }
  } catch (error) {
    await folder.draw();
    const again = `the same command takes it up again from ${folder.path}`;
    if (interruption.signal.aborted) throw new Error(`interrupted; no policy was written; ${again}`, { cause: error });
    if (error instanceof InputError || !(error instanceof Error)) throw error;
    throw new Error(`${error.message}; the last good checkpoint is kept in ${folder.path}`, { cause: error });
  } finally {
    course.bar.stop();
    interruption.end();
  }

  const record = { task, seed, recipe, figures, ...(control && { control: controlFigures }) };
  const finished = policy(output, record);
  await writeAtomically(output, finished.policy.bytes);
  await writeAtomically(yaml, finished.card);
  const seconds = Math.round((performance.now() - start) / 1000);
  const result = { policy: output, card: yaml, run: folder.path, seconds, figures, control: controlFigures ?? null };
  await folder.finish(result);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${report(task, result)}\n`);
}

interface Course {
  readonly device: Device;
  readonly task: string;
  readonly algorithm: string;
  readonly seed: number;
  readonly folder: RunFolder;
  readonly bar: SingleBar;
  readonly signal: AbortSignal;
}

/** The finished policy with a training record in its card, as a file at `path` would be. */
type Finished = (
  path: string,
  record: Readonly<Record<string, unknown>>,
) => { readonly policy: Policy; readonly card: string };

async function trainOne(
  { device, task: name, algorithm, seed, folder, bar, signal }: Course,
  recipe: Recipe,
  what: string,
): Promise<Finished> {
  const { width, height } = recipe.spec;
  const task = await loadTask(name, { width, height });
  let begun = false;
  const progress = ({ done, total, phase, loss, note }: Progress): void => {
    const payload = {
      what: `${what}: ${phase}`,
      note: loss === undefined ? note : `loss ${loss.toExponential(2)}, ${note}`,
    };
    if (!begun) bar.start(total, done, payload);
    begun = true;
    bar.update(done, payload);
  };
  const resume = await folder.checkpoint(what);
  const keep: NonNullable<Parameters<typeof Training.start>[0]["keep"]> = (state) => folder.keep(what, state);
  const training = await Training.start({ device, seed, algorithm, recipe, task, progress, signal, resume, keep });
  if (device === "auto") process.stderr.write(`device auto: the convolutions are trained on ${training.team.device}\n`);
  warnOfFallback(training.team);
  try {
    await training.train();
  } finally {
    await training.close();
  }
  return (path, record) => {
    const file = relative(dirname(path), packagePath(`models/${task.arm.file}`));
    const card = serialiseCard(trainedCard(task, { file, site: task.arm.site }, record));
    const bytes = training.export({ metadata: new Map([[CARD_METADATA, card]]) });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const model = { path, bytes, sha256, graph: readModel(bytes, path) };
    const found = { card: parseCard(card, cardFile(path)), source: cardFile(path), folder: dirname(path) };
    return { policy: policyOf(model, found), card };
  };
}

async function measured({ task, bar, signal }: Course, policy: Policy, what: string): Promise<PolicyFigures> {
  bar.start(taskNamed(task).figureRuns.length, 0, { what: `${what}: closed loop`, note: "" });
  return policyFigures(policy, task, { done: (runs) => bar.update(runs), signal });
}

const LEAST_EXTENT = 32;
const MOST_EXTENT = 480;

/** `120x120` as given on a command line. */
function cameraSize(text: string): readonly [width: number, height: number] {
  const found = /^(\d+)x(\d+)$/.exec(text);
  const size = [Number(found?.[1]), Number(found?.[2])] as const;
  if (size.every((extent) => extent >= LEAST_EXTENT && extent <= MOST_EXTENT)) return size;
  throw new InvalidArgumentError(`Expected WIDTHxHEIGHT, ${LEAST_EXTENT} to ${MOST_EXTENT} pixels each.`);
}

/** On a terminal a bar; in a log a line every half minute. */
function progressBar(): SingleBar {
  return new SingleBar(
    {
      format: "{bar} {percentage} % {eta_formatted} {what} {note}",
      noTTYOutput: true,
      notTTYSchedule: 30_000,
      gracefulExit: false,
      etaBuffer: 5000,
    },
    Presets.shades_classic,
  );
}

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
  const runs = taskNamed(task).figureRuns;
  const words: readonly (readonly [string, string])[] = [
    ...runs.map(({ key, text }) => [key, text] as const),
    ...runs.flatMap(({ median }) => (median ? [median] : [])),
    ["focus", "relevance near the task's image points"],
  ];
  const rows = words.map(([key, text]) => [text, ...[figures, control].flatMap((f) => (f ? [String(f[key])] : []))]);
  const head = [`of ${figures.episodes} episodes`, "policy", ...(control ? ["control"] : [])];
  return `${policy} and ${card} written after ${seconds} s\n${columns([head, ...rows])}`;
}
