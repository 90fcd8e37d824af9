import { InputError } from "../errors.js";
import { EPISODE_START } from "../messages/explanation.js";
import { explanationProblem } from "../messages/explanation-problem.js";
import { nanoseconds } from "../messages/stamp.js";
import type { ExplanationMessage } from "../messages/types.js";
import type { Outcome } from "../outcome/outcome.js";
import type { Run, RunIdentity } from "./run.js";
import { identityOf, RunBuilder } from "./run-builder.js";

/** One of so many explanations may be unlike the others. */
const FEW = 4;

/** Stamps that go back by more than this mean that the clock was reset; by less, that messages are out of order. Nanoseconds. */
const CLOCK_RESET = 1_000_000_000n;

/**
 * Collects explanations in recorded order into runs. A run begins at the flag `episode_start` and where the stamps' clock
 * is reset. Explanations whose stamp is not later than the one before are skipped and counted, and so are a few of
 * another policy or method or whose shares are none, which are damaged. Memory: one run.
 */
export class RunCollector {
  readonly #path: string;
  readonly #ofBag: Outcome | undefined;
  #outcome: Outcome | undefined;
  #builder: RunBuilder | undefined;
  #identity: RunIdentity | undefined;
  #messages = new Map<string, bigint[]>();
  #episode = 0;
  #skipped = 0;
  #added = 0;
  #unlike = 0;
  #difference: InputError | undefined;

  /**
   * @param path names the recording in runs and errors
   * @param outcome of all runs that have none of their own
   */
  constructor(path: string, outcome?: Outcome) {
    this.#path = path;
    this.#ofBag = outcome;
    this.#outcome = outcome;
  }

  /** Says what became of the run whose last tick was added; undefined where a message does not say. */
  outcome(outcome: Outcome | undefined): void {
    this.#outcome = outcome;
  }

  /** Notes a message on another topic. @param logTime nanoseconds */
  note(topic: string, logTime: bigint): void {
    const times = this.#messages.get(topic);
    if (times) times.push(logTime);
    else this.#messages.set(topic, [logTime]);
  }

  /**
   * Adds an explanation.
   * @param logTime nanoseconds
   * @param bagStart log time of the recording's first message, nanoseconds
   * @returns the run before it, where it begins another
   */
  add(explanation: ExplanationMessage, logTime: bigint, bagStart: bigint): Run | undefined {
    const problem = explanationProblem(explanation);
    if (problem !== undefined) {
      this.#difference ??= new InputError(`${this.#path}: ${problem}`);
      this.#unlike++;
      return undefined;
    }
    const stamp = nanoseconds(explanation.header.stamp);
    const last = this.#builder?.last;
    let ended: Run | undefined;
    if (last !== undefined) {
      const begins = explanation.flags.includes(EPISODE_START) && stamp > last;
      if (begins || stamp < last - CLOCK_RESET) ended = this.#end(bagStart);
      else if (stamp <= last) {
        this.#skipped++;
        return undefined;
      }
    }
    this.#identity ??= identityOf(explanation);
    this.#builder ??= new RunBuilder(this.#identity, this.#path);
    const other = attempt(this.#builder, explanation, logTime);
    this.#difference ??= other;
    if (other) this.#unlike++;
    else this.#added++;
    return ended;
  }

  /**
   * Ends the recording.
   * @param skipped called with the number of explanations that were left out, and the reason
   * @returns the last run
   * @throws InputError if explanations are of several policies or methods
   */
  finish(bagStart: bigint, skipped?: (count: number, reason: string) => void): Run | undefined {
    const difference = this.#difference;
    // A few may be damaged; more of them are of another policy or method.
    if (difference && this.#unlike * FEW > this.#added) throw difference;
    if (difference) skipped?.(this.#unlike, `the first: ${difference.message.replace(`${this.#path}: `, "")}`);
    if (this.#skipped > 0) skipped?.(this.#skipped, "their stamps are not later than those before");
    return this.#end(bagStart);
  }

  #end(bagStart: bigint): Run | undefined {
    const builder = this.#builder;
    this.#builder = undefined;
    if (!builder || builder.ticks === 0) return undefined;
    const [messages, outcome] = [this.#messages, this.#outcome];
    this.#messages = new Map();
    this.#outcome = this.#ofBag;
    return builder.build({ bag: this.#path, episode: this.#episode++, bagStart, messages, outcome });
  }
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
