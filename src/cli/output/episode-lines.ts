import type { Writable } from "node:stream";
import { type Explanation, isMeaningful } from "../../explain/explanation.js";
import type { Sink } from "../../explain/pipeline.js";
import { otherShare } from "../../explain/ratios.js";
import type { EpisodeOutcome } from "../../sim/tally.js";
import { visible } from "../../text/visible.js";
import { joined, widthOf } from "./wrapping.js";

const GROUPS = ["image", "position", "velocity"] as const;
/** Least mean share of all else that is printed, such as memory. */
const LEAST = 0.005;
/** Columns of an outcome, such as "success in 10.4 s". */
const OUTCOME = 17;

/** Prints one line per episode: how it ended, and what its torques or actions were based on. */
export class EpisodeLines implements Sink {
  #episode = 0;
  #first: bigint | undefined;
  #last = 0n;
  #sums = [0, 0, 0];
  /** Modality of the words that the policy is told, and its sum. */
  #told: [string, number] | undefined;
  #others = 0;
  #counted = 0;
  #misses = 0;
  /** Those that the policy can have. */
  #groups: readonly string[] = GROUPS;

  constructor(private readonly output: Writable & { readonly columns?: number }) {}

  write({ observation, ratios, flags, instruction, modalities, shares }: Explanation): void {
    this.#groups = observation.joints.names.length > 0 ? GROUPS : ["image"];
    this.#first ??= observation.stamp;
    this.#last = observation.stamp;
    if (flags.includes("deadline_missed")) this.#misses++;
    if (!isMeaningful(flags)) return;
    this.#counted++;
    GROUPS.forEach((group, g) => {
      this.#sums[g]! += ratios[group];
    });
    const words = instruction ? shares[modalities.indexOf(instruction.modality)]! : 0;
    if (instruction) this.#told = [instruction.modality, (this.#told?.[1] ?? 0) + words];
    this.#others += otherShare(ratios) - words;
  }

  /** Ends an episode with its line. */
  readonly ended = (outcome: EpisodeOutcome): void => {
    const { episode } = outcome;
    this.#episode = episode;
    this.#print(textOf(outcome));
    this.#episode = episode + 1;
  };

  /** Prints the line of an episode that was stopped. */
  async close(): Promise<void> {
    if (this.#first === undefined) return;
    this.#print(`stopped at ${(Number(this.#last - this.#first) / 1e9).toFixed(1)} s`);
  }

  /** Leaves the line out while the reader is behind. */
  #print(outcome: string): void {
    const sums: [string, number][] = this.#groups.map((group, g) => [group, this.#sums[g]!]);
    if (this.#told) sums.push(this.#told);
    if (this.#others >= LEAST * this.#counted) sums.push(["other", this.#others]);
    const shares = sums.map(([group, sum]) => `${group} ${((100 * sum) / this.#counted).toFixed(0).padStart(3)} %`);
    const parts = [
      `episode ${String(this.#episode + 1).padStart(3)}`,
      outcome.padEnd(OUTCOME),
      ...(this.#counted > 0 ? shares : ["at rest"]),
      ...(this.#misses > 0 ? [`misses ${this.#misses}`] : []),
    ];
    const line = joined(parts, { width: widthOf(this.output), indent: " ".repeat(13) });
    if (!this.output.writableNeedDrain) this.output.write(visible(`${line}\n`));
    this.#first = undefined;
    this.#sums = [0, 0, 0];
    this.#told = undefined;
    this.#others = 0;
    this.#counted = 0;
    this.#misses = 0;
  }
}

/** How an episode ended: the return of a world, else the time until success, or the distance that was left. */
function textOf({ success, reached, error, sumOfRewards }: EpisodeOutcome): string {
  const word = success ? "success" : "failed";
  if (sumOfRewards !== undefined) return `${word}, return ${sumOfRewards.toFixed(2)}`;
  if (reached !== undefined) return `${word} in ${reached.toFixed(1)} s`;
  return error === undefined ? word : `${word}, ${(1000 * error).toFixed(0)} mm off`;
}
