import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, relative } from "node:path";
import { deserialize, serialize } from "node:v8";
import { InputError } from "../../errors.js";
import { assertWritable, writeAtomically } from "../../files/atomic.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { readModel } from "../../graph/onnx-read.js";
import { duration } from "../../numbers/duration.js";
import { own } from "../../own.js";
import { parseCard, serialiseCard } from "../../policy/card.js";
import { CARD_METADATA, cardFile, loadPolicy, type Policy, policyOf } from "../../policy/policy.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { distillationCurves } from "../../train/distillation/curves.js";
import { Distillation, distillationCost } from "../../train/distillation/distillation.js";
import type {
  DistillationCheckpoint,
  DistillationProgress,
  StatesCheckpoint,
} from "../../train/distillation/options.js";
import {
  type DistillationRecipe,
  distillationNamed,
  usualRecipe,
  type Yardstick,
} from "../../train/distillation/recipe.js";
import { RunFolder } from "../../train/run-folder.js";
import { type Arena, arenaFor, type Figures } from "../input/distil-arena.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { isMask, teachingOf } from "../input/saliency.js";
import { Progress } from "../output/progress.js";
import { columns } from "../output/table.js";
import { Interruption } from "../process/interruption.js";
import { unfinishedTraining } from "../process/unfinished-training.js";

export interface DistilOptions {
  /** The teacher's file. */
  readonly policy: string;
  readonly card?: string;
  readonly task: string;
  readonly output: string;
  readonly saliency?: string;
  readonly recipe?: string;
  readonly distilledOnly?: boolean;
  readonly alpha?: number;
  readonly yardstick?: Yardstick;
  readonly seed: number;
  readonly steps?: number;
  readonly maps?: number;
  readonly states?: number;
  readonly run?: string;
  /** Episodes of each closed-loop figure. */
  readonly figures: number;
  readonly json?: boolean;
}

/** The method that the student is made for. */
const METHOD = "gradient";
/** Cost of a tick in closed loop, in steps. */
const TICK = 0.01;

export async function distil({ task, output, seed, run, json, ...options }: DistilOptions): Promise<void> {
  const name = options.recipe ?? usualRecipe(task);
  const recipe = recipeOf(distillationNamed(name), options);
  const yaml = cardFile(output);
  if (extname(output) !== ".onnx") throw new InputError(`${output}: expected a file name ending in .onnx`);
  const teacher = await loadPolicy(options.policy, { card: options.card });
  const runPath = run ?? output.replace(/\.onnx$/, ".run");
  const mask = isMask(recipe.saliency) ? [recipe.saliency] : [];
  await refuseOverwriting([...(await filesOfPolicy(teacher)), ...mask], [output, yaml, runPath]);
  const arena = await arenaFor(teacher, task);
  await assertWritable(output);
  await assertWritable(yaml);
  const { teaching, sha256 } = await teachingOf(recipe.saliency, teacher);

  const start = performance.now();
  const interruption = new Interruption();
  const { signal } = interruption;
  const whole = { ...recipe, episodes: arena.episodes };
  const identity = {
    distillation_of: teacher.sha256,
    task,
    seed,
    recipe: whole,
    ...(sha256 && { saliency_sha256: sha256 }),
  };
  const figureCost = TICK * arena.ticks * options.figures;
  const cost = distillationCost(recipe);
  const bar = new Progress(cost + 2 * figureCost, "distillation");
  const progress = ({ done, phase, loss, note }: DistillationProgress): void => {
    const words = loss === undefined ? note : `loss ${loss.toExponential(2)}, ${note}`;
    bar.update(figureCost + done, { what: phase, note: words });
  };
  const measured = (policy: Policy, what: string, before: number): Promise<Figures> => {
    const done = (part: number) => bar.update(before + part * figureCost, { what: `${what}: closed loop`, note: "" });
    return arena.measure(policy, { episodes: options.figures, method: METHOD, done, signal });
  };
  const opened: { folder?: RunFolder<DistillationCheckpoint, ReturnType<typeof distillationCurves.of>> } = {};
  let distillation: Distillation | undefined;
  const states = join(runPath, "states.checkpoint");
  try {
    distillation = await Distillation.start({
      teacher,
      recipe,
      teaching,
      seed,
      play: arena.play,
      progress,
      signal,
      async earlier() {
        opened.folder = await RunFolder.openFor(runPath, identity, distillationCurves);
        return { student: await opened.folder.checkpoint("student"), states: await statesIn(states) };
      },
      keep: async (checkpoint) => opened.folder!.keep("student", checkpoint),
      keepStates: (checkpoint) => writeAtomically(states, serialize(checkpoint)),
    });
    const { place } = distillation;
    if (place.done > 0) writeErr(`resumed at round ${place.round + 1} of ${recipe.rounds}, step ${place.step + 1}\n`);
    bar.skip(place.done);
    const before = await measured(teacher, "teacher", place.done);
    await distillation.train();
    const training = {
      task,
      distilled_from: teacher.sha256,
      recipe_name: name,
      seed,
      recipe: whole,
      ...(sha256 && { saliency_sha256: sha256 }),
    };
    const unmeasured = studentOf(distillation, teacher, output, training);
    const figures = await measured(unmeasured.policy, "student", figureCost + cost);
    const finished = studentOf(distillation, teacher, output, { ...training, figures, teacher: before });
    await writeAtomically(output, finished.policy.bytes);
    await writeAtomically(yaml, finished.card);
    const seconds = Math.round((performance.now() - start) / 1000);
    const result = { policy: output, card: yaml, run: runPath, seconds, figures, teacher: before };
    await opened.folder!.finish(result);
    bar.stop();
    writeOut(json ? `${JSON.stringify(result)}\n` : `${report(arena, result)}\n`);
  } catch (error) {
    bar.stop();
    await opened.folder?.draw();
    throw opened.folder || signal.aborted ? unfinishedTraining(error, signal, runPath) : error;
  } finally {
    bar.stop();
    interruption.end();
    await distillation?.close();
  }
}

function recipeOf(recipe: DistillationRecipe, options: Partial<DistilOptions>): DistillationRecipe {
  const { saliency, alpha, yardstick, steps, maps, states, distilledOnly } = options;
  return {
    ...recipe,
    ...(saliency !== undefined && { saliency }),
    ...(alpha !== undefined && { alpha }),
    ...(yardstick !== undefined && { yardstick }),
    ...(steps !== undefined && { steps }),
    ...(maps !== undefined && { maps }),
    ...(states !== undefined && { buffer: states }),
    ...(distilledOnly && { regularised: false }),
  };
}

/** The states of an earlier run; undefined where it kept none. */
async function statesIn(path: string): Promise<StatesCheckpoint | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  try {
    return deserialize(bytes) as StatesCheckpoint;
  } catch {
    throw new InputError(`${path}: not what torquelens distil wrote; delete it to collect the states again`);
  }
}

/** The student as a file at `path` would be, its record in the card. */
function studentOf(
  distillation: Distillation,
  teacher: Policy,
  path: string,
  training: Readonly<Record<string, unknown>>,
): { readonly policy: Policy; readonly card: string } {
  const { arm, joints, ...rest } = teacher.card;
  const file = teacher.armFile && relative(dirname(path), teacher.armFile);
  const card = serialiseCard({
    ...rest,
    // A card may leave its joints out, but not name none.
    ...(joints.length > 0 && { joints }),
    ...(arm && { arm: { ...arm, ...(file && { file }) } }),
    training,
  });
  const bytes = distillation.export(new Map([[CARD_METADATA, card]]));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const model = { path, bytes, sha256, graph: readModel(bytes, path) };
  const source = cardFile(path);
  return { policy: policyOf(model, { card: parseCard(card, source), source, folder: dirname(path) }), card };
}

interface Result {
  readonly policy: string;
  readonly card: string;
  readonly seconds: number;
  readonly figures: Figures;
  readonly teacher: Figures;
}

function report({ words }: Arena, { policy, card, seconds, figures, teacher }: Result): string {
  const rows = words.map(([key, text]) => [text, String(own(teacher, key)), String(own(figures, key))]);
  const head = [`of ${figures.episodes} episodes`, "teacher", "student"];
  return `${policy} and ${card} written after ${duration(seconds)}\n${columns([head, ...rows])}`;
}
