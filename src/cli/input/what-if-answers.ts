import type { MessageFolders } from "../../bag/message-folders.js";
import { InputError } from "../../errors.js";
import { parseReplacement, replaced } from "../../evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "../../evaluation/what-if/many.js";
import type { Observation } from "../../explain/observation.js";
import { number } from "../../numbers/format.js";
import { wordsOf } from "../../outputs/kinds.js";
import type { Policy } from "../../policy/policy.js";
import { runsOf, sourcesOf } from "./recorded-run.js";

/** What a policy would have commanded at a moment of a recording. */
export interface WhatIfAnswer {
  readonly symbol: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly unit: string;
    /** What it commands, and the difference with the replacement. */
    readonly now: number | null;
    readonly change: number | null;
  }[];
}

/** Answers what-ifs of one recording; reads it, and prepares the policy, when first asked. */
export class WhatIfAnswers {
  #prepared: Promise<{ readonly runs: Observation[][]; readonly many: ManyObservations }> | undefined;

  constructor(
    private readonly path: string,
    private readonly policy: Policy,
    private readonly folders?: MessageFolders,
  ) {}

  /** Names that may be replaced, each with the ways to do so; runs of the recording by `runN` can be named, too. */
  get ways(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(
      this.policy.modalities.map(({ name, kind }) => [
        name,
        ["mean", "zero", ...(kind === "image" ? ["blurred"] : [])],
      ]),
    );
  }

  /**
   * @param stamp of the image, nanoseconds @param replacement `MODALITY=WHAT`, as `whatif --replace` has it
   * @throws InputError for a moment that is not in the recording, or what cannot be replaced
   */
  async answer(stamp: bigint, replacement: string): Promise<WhatIfAnswer> {
    const { modalities, outputs } = this.policy;
    const names = modalities.map(({ name }) => name);
    const change = parseReplacement(replacement, names);
    this.#prepared ??= this.#prepare();
    const { runs, many } = await this.#prepared;
    const run = runs.find((one) => one.some((tick) => tick.stamp === stamp));
    if (!run) throw new InputError(`${this.path}: no observation of this moment, ${stamp} ns`);
    const moment = run.findIndex((tick) => tick.stamp === stamp);
    const others = new Map(runs.map((other, n) => [`run${n}`, other]));
    const [now, then] = await many.commands([run[moment]!, replaced(change, sourcesOf(run, moment, others))]);
    return {
      symbol: wordsOf(outputs).symbol,
      outputs: outputs.map(({ name, unit }, j) => ({
        ...{ name, unit: unit === "1" ? "" : unit, now: number(now![j]!), change: number(then![j]! - now![j]!) },
      })),
    };
  }

  async close(): Promise<void> {
    const prepared = await this.#prepared?.catch(() => undefined);
    await prepared?.many.release();
  }

  async #prepare() {
    const many = await ManyObservations.create(this.policy);
    return { many, runs: await runsOf(this.path, this.policy, this.folders) };
  }
}
