import { InputError } from "../../errors.js";
import { parseReplacement, type Replacement, replaced } from "../../evaluation/what-if/counterfactuals.js";
import { type Given, ManyObservations } from "../../evaluation/what-if/many.js";
import type { SimulatedOutcome, SimulatedTick } from "../../evaluation/what-if/simulated-again.js";
import type { Observation } from "../../explain/observation.js";
import type { GivenShapes } from "../../graph/given-shapes.js";
import type { Region } from "../../image/image.js";
import { number, significant } from "../../numbers/format.js";
import { wordsOf } from "../../outputs/kinds.js";
import type { Policy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { foldersOf } from "../input/message-folders.js";
import { policyOfRecording } from "../input/recorded-policy.js";
import { addRun, ownRuns, runsOf, sourcesOf, tickAt } from "../input/recorded-run.js";
import { simulatedAgain } from "../input/simulation-record.js";
import { columns } from "../output/table.js";

export interface WhatIfOptions {
  readonly at: number;
  readonly replace: readonly string[];
  readonly region?: Region;
  readonly run: number;
  readonly outcome?: boolean;
  readonly policy?: string;
  readonly card?: string;
  readonly shape?: GivenShapes;
  readonly msgPath: readonly string[];
  readonly json?: boolean;
}

/** A change, and what the policy commands with it. */
interface WhatIf extends Replacement {
  readonly command: Float32Array;
  /** Difference from what it commands without it. */
  readonly change: Float32Array;
  /** What becomes of the run; where it is simulated again. */
  readonly outcome?: SimulatedOutcome | undefined;
}

export async function whatIf(bag: string, options: WhatIfOptions): Promise<void> {
  const folders = await foldersOf(options);
  const policy = await policyOfRecording(bag, options);
  const names = policy.modalities.map(({ name }) => name);
  const asked = options.replace.length > 0 ? options.replace : names.map((name) => `${name}=mean`);
  const replacements = asked.map((text): Replacement => ({ ...parseReplacement(text, names), region: options.region }));
  const runs = await runsOf(bag, policy, folders);
  const run = runs[options.run];
  if (!run) throw new InputError(`--run ${options.run}: ${bag} has ${runs.length} runs, from 0`);
  const moment = tickAt(run, options.at, "--at");
  const others = ownRuns(runs);
  const read = (path: string) =>
    /[./\\]/.test(path) && !path.startsWith("at:") ? runsOf(path, policy, folders) : undefined;
  for (const { by } of replacements) await addRun(by, others, read);
  const sources = (tick: number, now?: SimulatedTick) => ({
    ...sourcesOf(run, Math.min(tick, run.length - 1), others),
    ...(now && { now: now.observation, truth: now.truth, without: now.without }),
  });
  const again = options.outcome ? await simulatedAgain(bag, policy, options.run, run, moment) : undefined;
  const many = await ManyObservations.create(policy);
  try {
    const given: Given[] = [];
    const outcomes: SimulatedOutcome[] = [];
    for (const replacement of replacements) {
      if (!again) given.push(replaced(replacement, sources(moment)));
      const outcome = await again?.from(moment, (tick) => {
        const changed = replaced(replacement, sources(tick.tick, tick));
        if (tick.tick === moment) given.push(changed);
        return changed;
      });
      if (outcome) outcomes.push(outcome);
    }
    const [now, ...found] = await many.commands([run[moment]!, ...given]);
    const results = found.map((command, k) => ({
      ...replacements[k]!,
      command,
      change: command.map((value, j) => value - now![j]!),
      outcome: outcomes[k],
    }));
    const seconds = Number(run[moment]!.stamp - run[0]!.stamp) / 1e9;
    if (options.json)
      writeOut(
        `${JSON.stringify(jsonOf(policy, seconds, run[moment]!, { command: now!, outcome: again?.outcome }, results))}\n`,
      );
    else writeOut(`${textOf(policy, seconds, { command: now!, outcome: again?.outcome }, results)}\n`);
  } finally {
    await many.release();
    await again?.close();
  }
}

const labelOf = ({ modality, by, region }: Replacement): string =>
  `${modality}=${by}${region ? ` in ${region.join(",")}` : ""}`;

/** What the policy commands, and what becomes of the run. */
type Commanded = Pick<WhatIf, "command" | "outcome">;

const outcomeText = ({ success, error }: SimulatedOutcome): string =>
  `${success ? "success" : "failure"}, ${error.toFixed(3)} m`;

function textOf(policy: Policy, seconds: number, now: Commanded, results: readonly WhatIf[]): string {
  const { symbol, unit, plural } = wordsOf(policy.outputs);
  const names = policy.outputs.map(({ name }) => name);
  const row = (label: string, values: Float32Array, outcome: SimulatedOutcome | undefined) => [
    label,
    ...Array.from(values, (value) => significant(value)),
    ...(outcome ? [outcomeText(outcome)] : []),
  ];
  const rows = results.map((result) => row(labelOf(result), result.change, result.outcome));
  const head = ["", ...names, ...(now.outcome ? ["outcome"] : [])];
  return [
    `at ${seconds.toFixed(2)} s the policy ${policy.card.name} commands these ${plural}${unit ? `, ${unit}` : ""}, and Δ${symbol} is what would be added:`,
    columns([head, row("now", now.command, now.outcome), ...rows]),
  ].join("\n");
}

function jsonOf(
  policy: Policy,
  seconds: number,
  { tick, stamp }: Observation,
  now: Commanded,
  results: readonly WhatIf[],
): object {
  const outcomeOf = ({ outcome }: Pick<WhatIf, "outcome">) =>
    outcome && { outcome: { success: outcome.success, error: number(outcome.error) } };
  const byName = (values: Float32Array) =>
    Object.fromEntries(policy.outputs.map(({ name }, j) => [name, number(values[j]!)]));
  return {
    policy_sha256: policy.sha256,
    seconds: number(seconds),
    tick,
    t_ns: String(stamp),
    command: byName(now.command),
    ...outcomeOf(now),
    what_if: results.map(({ modality, by, region, command, change, outcome }) => ({
      ...{ modality, by, region: region ?? null },
      command: byName(command),
      change: byName(change),
      ...outcomeOf({ outcome }),
    })),
  };
}
