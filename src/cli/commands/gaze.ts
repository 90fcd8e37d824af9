import { InputError } from "../../errors.js";
import { type GazeFound, gazeImage, gazeMeasures, gazeSteps } from "../../evaluation/saliency/gaze.js";
import { ATTENTION, type MapMaker, mapMaker, RANDOM } from "../../evaluation/saliency/map-maker.js";
import { MEASURES, type Measure } from "../../evaluation/saliency/measures.js";
import { readTrial, trialsIn } from "../../gaze/trial.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import { fixed, number, plural } from "../../numbers/format.js";
import { meanStd } from "../../numbers/mean.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { methodOf } from "../input/method.js";
import { Progress } from "../output/progress.js";
import { columns } from "../output/table.js";
import { warn } from "../output/warnings.js";

export interface GazeCommandOptions {
  readonly game?: string;
  readonly method: readonly string[];
  readonly steps?: number;
  readonly seed: number;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly json?: boolean;
}

/** Methods beside the policy's own attention where none are named. */
const COMPARED = ["dtd", "vanilla-gradient", "gradient-x-input", "integrated-gradients"] as const;
const HEADS: Readonly<Record<Measure, string>> = { nss: "NSS", kl: "KL divergence", sauc: "shuffled AUC" };

/** Compares a policy's maps with where people looked, and prints the measures of Table 4 of Nikulin et al. (2019). */
export async function compareWithGaze(
  path: string,
  given: readonly string[],
  options: GazeCommandOptions,
): Promise<void> {
  const { game, steps: most = Number.POSITIVE_INFINITY, seed, json = false } = options;
  const policy = await loadPolicy(path, options);
  const files = game === undefined ? given : await filesOf(given, game);
  const trials = [];
  for (const file of files) trials.push(await readTrial(file));
  const steps = gazeSteps(policy, trials, most).reduce((sum, all) => sum + all.length, 0);
  const makers = await makersFor(policy, options.method, seed);
  const bar = new Progress(steps, "gaze");
  let found: GazeFound[];
  try {
    found = await gazeMeasures(policy, trials, { makers, most, done: bar.step });
  } finally {
    bar.stop();
    for (const maker of makers.values()) await maker.release();
  }
  writeOut(json ? `${JSON.stringify(jsonOf(found))}\n` : `${textOf(found, trials.length, steps)}\n`);
}

/** @throws InputError for several folders, and as `trialsIn` */
async function filesOf(given: readonly string[], game: string): Promise<readonly string[]> {
  if (given.length > 1)
    throw new InputError(`--game ${game}: found ${given.length} paths, expected the data set's folder`);
  return trialsIn(given[0]!, game);
}

/** The policy's attention if it has any, methods that were asked for, else the usual ones that can explain it, and random maps. */
async function makersFor(policy: Policy, asked: readonly string[], seed: number): Promise<Map<string, MapMaker>> {
  const image = gazeImage(policy);
  const makers = new Map<string, MapMaker>();
  if (policy.attention.length > 0) makers.set(ATTENTION, await mapMaker(policy, image, ATTENTION));
  for (const name of asked.length > 0 ? asked : COMPARED) {
    try {
      makers.set(name, await mapMaker(policy, image, await methodOf(name)));
    } catch (error) {
      if (!(error instanceof InputError) || asked.length > 0) throw error;
      warn(`left out: ${error.message.split("; methods that work")[0]}`);
    }
  }
  return makers.set(RANDOM, await mapMaker(policy, image, RANDOM, seed));
}

function textOf(found: readonly GazeFound[], trials: number, steps: number): string {
  const kinds = [...new Set(found.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => {
    const own = found.filter((one) => one.kind === kind);
    const cells = MEASURES.map((measure) => {
      const { mean, std } = meanStd(own, (one) => one.found.means[measure]);
      if (!Number.isFinite(mean)) return "–";
      return Number.isFinite(std) ? `${fixed(mean, 3)} ± ${fixed(std, 3)}` : fixed(mean, 3);
    });
    const left = MEASURES.map((measure) => own.reduce((sum, one) => sum + one.found.undefined[measure], 0));
    return [kind, ...cells, left.join(", ")];
  });
  const over = trials > 1 ? ", mean ± standard deviation over trials" : "";
  return [
    `${plural(trials, "trial")}, ${plural(steps, "step")}${over}`,
    columns([["map", ...MEASURES.map((measure) => HEADS[measure]), "steps left out"], ...rows], 1),
    "NSS and shuffled AUC: higher is better; KL divergence: lower is better. A measure that is undefined leaves its step out.",
  ].join("\n\n");
}

const jsonOf = (found: readonly GazeFound[]) => ({
  trials: found.map(({ kind, trial, found: { frames, means, undefined: left } }) => ({
    trial,
    map: kind,
    steps: frames,
    ...Object.fromEntries(MEASURES.map((measure) => [measure, number(means[measure])])),
    left_out: left,
  })),
});
