import { bagOutcome } from "../bag/bag-outcome.js";
import { InputError } from "../errors.js";
import { EPISODE_START } from "../messages/explanation.js";
import { explanationProblem } from "../messages/explanation-problem.js";
import { nanoseconds } from "../messages/stamp.js";
import type { ExplanationMessage } from "../messages/types.js";
import { type ReadOptions, readExplanations } from "./read-explanations.js";
import type { Run, RunIdentity } from "./run.js";
import { identityOf, RunBuilder } from "./run-builder.js";

export interface ReadRunsOptions extends ReadOptions {
  /** Called with the number of explanations that were skipped, and the reason. */
  readonly skipped?: (count: number, reason: string) => void;
}

/** One of so many explanations may be unlike the others. */
const FEW = 4;

/** Stamps that go back by more than this mean that the clock was reset; by less, that messages are out of order. Nanoseconds. */
const CLOCK_RESET = 1_000_000_000n;

/**
 * Reads the explanations of a recording, an episode at a time. An episode begins at the flag `episode_start` and where
 * the stamps' clock is reset. Explanations whose stamp is not later than the one before are skipped and counted,
 * and so are a few of another policy or method or whose shares are none, which are damaged. Memory: one episode.
 * @throws InputError as `readExplanations`, and if explanations are of several policies or methods
 */
export async function* readRuns(path: string, options: ReadRunsOptions = {}): AsyncGenerator<Run> {
  const ofBag = await bagOutcome(path);
  let outcome = ofBag;
  let messages = new Map<string, bigint[]>();
  let bagStart = 0n;
  let builder: RunBuilder | undefined;
  let identity: RunIdentity | undefined;
  let [episode, skipped, added, unlike] = [0, 0, 0, 0];
  let difference: InputError | undefined;
  for await (const found of readExplanations(path, options)) {
    const { topic, logTime, explanation } = found;
    bagStart = found.bagStart;
    if ("outcome" in found) {
      outcome = found.outcome;
      continue;
    }
    if (!explanation) {
      const times = messages.get(topic);
      if (times) times.push(logTime);
      else messages.set(topic, [logTime]);
      continue;
    }
    const problem = explanationProblem(explanation);
    if (problem !== undefined) {
      difference ??= new InputError(`${path}: ${problem}`);
      unlike++;
      continue;
    }
    const stamp = nanoseconds(explanation.header.stamp);
    const last = builder?.last;
    if (builder && last !== undefined) {
      const begins = explanation.flags.includes(EPISODE_START) && stamp > last;
      if (begins || stamp < last - CLOCK_RESET) {
        yield builder.build({ bag: path, episode: episode++, bagStart, messages, outcome });
        messages = new Map();
        outcome = ofBag;
        builder = undefined;
      } else if (stamp <= last) {
        skipped++;
        continue;
      }
    }
    identity ??= identityOf(explanation);
    builder ??= new RunBuilder(identity, path);
    const other = attempt(builder, explanation, logTime);
    difference ??= other;
    if (other) unlike++;
    else added++;
  }
  // A few may be damaged; more of them are of another policy or method.
  if (difference && unlike * FEW > added) throw difference;
  if (difference) options.skipped?.(unlike, `the first: ${difference.message.replace(`${path}: `, "")}`);
  if (skipped > 0) options.skipped?.(skipped, "their stamps are not later than those before");
  if (builder && builder.ticks > 0) yield builder.build({ bag: path, episode, bagStart, messages, outcome });
}

/** Adds an explanation; returns why it is not one of the run. */
function attempt(builder: RunBuilder, explanation: ExplanationMessage, logTime: bigint): InputError | undefined {
  try {
    builder.add(explanation, logTime);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error;
  }
}

/** Identity of a bag's first explanation. @throws InputError as `readExplanations` */
export async function readIdentity(path: string, options: ReadOptions = {}): Promise<RunIdentity> {
  for await (const { explanation } of readExplanations(path, { topic: options.topic, folders: options.folders })) {
    if (explanation) return identityOf(explanation);
  }
  throw new Error("readExplanations ends with an explanation or an error");
}
