import { spearman } from "../../analysis/similarity.js";
import type { WhatIfFindings } from "../../analysis/what-if-findings.js";
import type { Reason } from "../../analysis/why/reasons.js";
import type { WhyFindings } from "../../analysis/why/why-of.js";
import type { MessageFolders } from "../../bag/message-folders.js";
import { detectorNamed } from "../../detectors/table.js";
import { InputError } from "../../errors.js";
import { type Agreement, agreement, probe } from "../../evaluation/what-if/agreement.js";
import { replaced } from "../../evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "../../evaluation/what-if/many.js";
import type { Observation } from "../../explain/observation.js";
import { percent } from "../../numbers/format.js";
import { put } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { methodOf } from "./method.js";
import { runsOf, sourcesOf } from "./recorded-run.js";

/** Ticks after a fault's first one at which its what-if is asked: it needs some time to change the picture. */
const AFTER = 3;
/** Moments at which methods are compared with what-ifs. */
const MOMENTS = 8;
/** Methods that are compared beside the runs' own. */
const METHODS = ["dtd", "rap", "lrp-epsilon", "lrp-gamma", "gradient-x-input", "integrated-gradients"];

interface RunIn {
  readonly bag: string;
  readonly run: string;
}

/** What-ifs of a report's reasons, and the agreement of methods with what-ifs over moments of a run. */
export async function whatIfsOfReport(
  policy: Policy,
  why: WhyFindings,
  method: string,
  { first, folders }: { readonly first: RunIn; readonly folders: MessageFolders | undefined },
): Promise<WhatIfFindings> {
  const read = new Map<string, Observation[][]>();
  const runOf = async ({ bag, run }: RunIn) => {
    const runs = read.get(bag) ?? (await runsOf(bag, policy, folders));
    read.set(bag, runs);
    return runs[run === bag ? 0 : Number(run.slice(bag.length + 1))];
  };
  const many = await ManyObservations.create(policy);
  try {
    const evidence: Record<string, string[]> = {};
    for (const { reason, failed, good } of why.pairs) {
      const run = await runOf(failed);
      const other = good && (await runOf(good));
      if (!run || !reason.moment || run.length <= reason.moment.tick) continue;
      put(
        evidence,
        reason.name,
        await linesOf(policy, many, run, reason.moment.tick, good?.run ?? "", other, aboutOf(reason, policy)),
      );
    }
    const run = (await runOf(first))!;
    const moving = run.filter((_, i) => i > 0 && i < 0.8 * run.length);
    const moments = Array.from(
      { length: Math.min(MOMENTS, moving.length) },
      (_, k) => moving[Math.floor((k * moving.length) / MOMENTS)]!,
    );
    const probed = await probe(policy, many, moments, (moment) => sourcesOf(run, run.indexOf(moment), new Map()));
    const agreements: Agreement[] = [];
    for (const name of [method, ...METHODS.filter((other) => other !== method)]) {
      try {
        agreements.push(await agreement(policy, await methodOf(name), many, probed, spearman));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
    return { evidence, agreements };
  } finally {
    await many.release();
  }
}

/** Modalities that a reason is about. */
function aboutOf({ name }: Reason, { modalities }: Policy): string[] {
  if (name === "policy" || name === "shares") return [];
  const { about } = detectorNamed(name);
  const of = { image: "image", joints: "values", motion: "values", clock: "", words: "", action: "" }[about];
  return modalities
    .filter(({ kind, name }) => kind === of && (kind === "image" || name.startsWith("joint")))
    .map(({ name }) => name);
}

/** How much of the command changes where a modality is replaced by what it was before, or by a good run's. */
async function linesOf(
  policy: Policy,
  many: ManyObservations,
  run: readonly Observation[],
  tick: number,
  goodName: string,
  good: readonly Observation[] | undefined,
  about: readonly string[],
): Promise<string[]> {
  const moment = Math.min(run.length - 1, tick + AFTER);
  const sources = sourcesOf(run, moment, new Map(good ? [[goodName, good]] : []));
  const before = Number(run[Math.max(0, tick - 1)]!.stamp - run[0]!.stamp) / 1e9;
  const changes = policy.modalities.flatMap(({ name: modality }) => [
    ...(tick > 0 ? [{ modality, by: `at:${before}`, words: "as before it began" }] : []),
    ...(good ? [{ modality, by: goodName, words: `of ${goodName} in the same phase` }] : []),
  ]);
  if (changes.length === 0) return [];
  const [now, ...others] = await many.commands([run[moment]!, ...changes.map((change) => replaced(change, sources))]);
  const { importance } = run[moment]!;
  const weighed = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, value, j) => sum + (importance[j] ?? 1) * Math.abs(value), 0);
  const whole = weighed(now!);
  const found = others
    .map((command, k) => ({ ...changes[k]!, part: weighed(command.map((value, j) => value - now![j]!)) / whole }))
    .sort((a, b) => b.part - a.part);
  // First what the reason is about.
  const own = found.filter(({ modality }) => about.includes(modality));
  const shown = [...own.slice(0, 1), ...found.filter((line) => line !== own[0])].slice(0, 2);
  return shown.map(
    ({ modality, words, part }) =>
      `what if: with ${modality} ${words}, the command changes by ${percent(part)} of its size`,
  );
}
