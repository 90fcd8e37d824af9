import { InputError } from "../../errors.js";
import { parseReplacement, type Replacement, replaced } from "../../evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "../../evaluation/what-if/many.js";
import type { Observation } from "../../explain/observation.js";
import type { Region } from "../../image/image.js";
import { number, significant } from "../../numbers/format.js";
import { wordsOf } from "../../outputs/kinds.js";
import type { Policy } from "../../policy/policy.js";
import { writeOut } from "../../text/terminal.js";
import { foldersOf } from "../input/message-folders.js";
import { policyOfRecording } from "../input/recorded-policy.js";
import { runsOf, sourcesOf, tickAt } from "../input/recorded-run.js";
import { columns } from "../output/table.js";

export interface WhatIfOptions {
  readonly at: number;
  readonly replace: readonly string[];
  readonly region?: Region;
  readonly run: number;
  readonly policy?: string;
  readonly card?: string;
  readonly msgPath: readonly string[];
  readonly json?: boolean;
}

/** A change, and what the policy commands with it. */
interface WhatIf extends Replacement {
  readonly command: Float32Array;
  /** Difference from what it commands without it. */
  readonly change: Float32Array;
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
  const others = new Map(runs.map((other, n) => [`run${n}`, other]));
  for (const { by } of replacements) await addRun(by, others, policy, folders);
  const sources = sourcesOf(run, moment, others);
  const many = await ManyObservations.create(policy);
  try {
    const given = replacements.map((replacement) => replaced(replacement, sources));
    const [now, ...found] = await many.commands([run[moment]!, ...given]);
    const results = found.map((command, k) => ({
      ...replacements[k]!,
      command,
      change: command.map((value, j) => value - now![j]!),
    }));
    const seconds = Number(run[moment]!.stamp - run[0]!.stamp) / 1e9;
    if (options.json) writeOut(`${JSON.stringify(jsonOf(policy, seconds, run[moment]!, now!, results))}\n`);
    else writeOut(`${textOf(policy, seconds, now!, results)}\n`);
  } finally {
    await many.release();
  }
}

/** Reads a run of another recording, `BAG` or `BAG#2`, where a replacement names one. */
async function addRun(
  by: string,
  others: Map<string, Observation[]>,
  policy: Policy,
  folders: Awaited<ReturnType<typeof foldersOf>>,
): Promise<void> {
  if (others.has(by) || !/[./\\]/.test(by) || by.startsWith("at:")) return;
  const [, path = by, episode = "0"] = by.match(/^(.*)#(\d+)$/) ?? [];
  const runs = await runsOf(path, policy, folders);
  const run = runs[Number(episode)];
  if (!run) throw new InputError(`${by}: ${path} has ${runs.length} runs, from 0`);
  others.set(by, run);
}

const labelOf = ({ modality, by, region }: Replacement): string =>
  `${modality}=${by}${region ? ` in ${region.join(",")}` : ""}`;

function textOf(policy: Policy, seconds: number, now: Float32Array, results: readonly WhatIf[]): string {
  const { symbol, unit, plural } = wordsOf(policy.outputs);
  const names = policy.outputs.map(({ name }) => name);
  const rows = results.map((result) => [labelOf(result), ...Array.from(result.change, (value) => significant(value))]);
  return [
    `at ${seconds.toFixed(2)} s the policy ${policy.card.name} commands these ${plural}${unit ? `, ${unit}` : ""}, and Δ${symbol} is what would be added:`,
    columns([["", ...names], ["now", ...Array.from(now, (value) => significant(value))], ...rows]),
  ].join("\n");
}

function jsonOf(
  policy: Policy,
  seconds: number,
  { tick, stamp }: Observation,
  now: Float32Array,
  results: readonly WhatIf[],
): object {
  const byName = (values: Float32Array) =>
    Object.fromEntries(policy.outputs.map(({ name }, j) => [name, number(values[j]!)]));
  return {
    policy_sha256: policy.sha256,
    seconds: number(seconds),
    tick,
    t_ns: String(stamp),
    command: byName(now),
    what_if: results.map(({ modality, by, region, command, change }) => ({
      ...{ modality, by, region: region ?? null },
      command: byName(command),
      change: byName(change),
    })),
  };
}
