import type { MessageFolders } from "../../bag/message-folders.js";
import { InputError } from "../../errors.js";
import { parseReplacement, replaced } from "../../evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "../../evaluation/what-if/many.js";
import type { Observation } from "../../explain/observation.js";
import { number } from "../../numbers/format.js";
import { wordsOf } from "../../outputs/kinds.js";
import type { Policy } from "../../policy/policy.js";
import type { WhatIfAnswer, WhatIfWays } from "../../web/answers.js";
import { addRun, ownRuns, runsOf, sourcesOf } from "./recorded-run.js";

/** A recording that is served, and its runs as the policy saw them. */
export interface AskedRecording {
  readonly path: string;
  /** Name to show. */
  readonly name: string;
  readonly policy: Policy;
  /** Number of its runs. */
  readonly runs: number;
}

/** Answers what-ifs of the recordings that a page shows; reads each, and prepares its policy, when first asked. */
export class WhatIfAnswers {
  readonly #runs = new Map<AskedRecording, Promise<Observation[][]>>();
  readonly #policies = new Map<Policy, Promise<ManyObservations>>();

  constructor(
    private readonly recordings: readonly AskedRecording[],
    private readonly folders?: MessageFolders,
  ) {}

  /** What can be asked about one of the recordings: its own runs are `run2`, those of another one `recording1#2`. */
  of(asked: AskedRecording) {
    return {
      ways: this.#waysOf(asked),
      answer: (stamp: bigint, replacement: string) => this.#answer(asked, stamp, replacement),
    };
  }

  async close(): Promise<void> {
    for (const prepared of this.#policies.values()) await (await prepared.catch(() => undefined))?.release();
  }

  #waysOf(asked: AskedRecording): WhatIfWays {
    const ways = asked.policy.modalities.map(({ name, kind }) => [
      name,
      ["mean", "zero", ...(kind === "image" ? ["blurred"] : [])],
    ]);
    const runs = this.recordings.flatMap((recording, r) =>
      Array.from({ length: recording.runs }, (_, run) =>
        recording === asked ? { by: `run${run}`, run } : { by: `${keyOf(r)}#${run}`, recording: recording.name, run },
      ),
    );
    return { of: Object.fromEntries(ways), runs };
  }

  /**
   * @param stamp of the image, nanoseconds @param replacement `MODALITY=WHAT`, as `whatif --replace` has it
   * @throws InputError for a moment that is not in the recording, or what cannot be replaced
   */
  async #answer(asked: AskedRecording, stamp: bigint, replacement: string): Promise<WhatIfAnswer> {
    const { modalities, outputs } = asked.policy;
    const names = modalities.map(({ name }) => name);
    const change = parseReplacement(replacement, names);
    const runs = await this.#runsOf(asked);
    const run = runs.find((one) => one.some((tick) => tick.stamp === stamp));
    if (!run) throw new InputError(`${asked.path}: no observation of this moment, ${stamp} ns`);
    const moment = run.findIndex((tick) => tick.stamp === stamp);
    const others = ownRuns(runs);
    await addRun(change.by, others, (key) => {
      const other = this.recordings.find((_, r) => keyOf(r) === key);
      return other && this.#runsOf(other);
    });
    const many = await this.#prepared(asked.policy);
    const [now, then] = await many.commands([run[moment]!, replaced(change, sourcesOf(run, moment, others))]);
    return {
      symbol: wordsOf(outputs).symbol,
      outputs: outputs.map(({ name, unit }, j) => ({
        ...{ name, unit: unit === "1" ? "" : unit, now: number(now![j]!), change: number(then![j]! - now![j]!) },
      })),
    };
  }

  #runsOf(recording: AskedRecording): Promise<Observation[][]> {
    const runs = this.#runs.get(recording) ?? runsOf(recording.path, recording.policy, this.folders);
    this.#runs.set(recording, runs);
    return runs;
  }

  #prepared(policy: Policy): Promise<ManyObservations> {
    const prepared = this.#policies.get(policy) ?? ManyObservations.create(policy);
    this.#policies.set(policy, prepared);
    return prepared;
  }
}

/** What a replacement calls one of the recordings. */
const keyOf = (recording: number): string => `recording${recording}`;
