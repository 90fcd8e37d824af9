import type { MessageFolders } from "../../bag/message-folders.js";
import type { Reference } from "../../detectors/reference.js";
import { InputError } from "../../errors.js";
import type { RunDigest } from "../digest.js";
import { runName } from "../run.js";
import type { Survey } from "../survey.js";
import { align } from "./align.js";
import { type JudgedRun, watched } from "./judge.js";
import { type Learned, learn } from "./learn.js";
import { momentsAround } from "./moments-around.js";
import { type Phases, phasesOf } from "./phases.js";
import { groupsOf, type RankedRun, rankedRuns } from "./ranked-runs.js";
import { readSeen, type SeenAt } from "./read-seen.js";
import { type Reason, reasonsOf, type Why } from "./reasons.js";

export interface WhyOptions {
  readonly topic?: string | undefined;
  readonly folders?: MessageFolders | undefined;
  /** Called after each bag that was read. */
  readonly done?: () => void;
}

/** A tick to show a picture of. */
export interface ShownTick {
  readonly stamp: bigint;
  readonly logTime: bigint;
  readonly seconds: number;
  /** True at the reason's moment. */
  readonly isMoment: boolean;
}

/** Pictures around a reason's moment, and those of a good run in the same phase. */
export interface Pair {
  readonly reason: Reason;
  readonly failed: { readonly run: string; readonly bag: string; readonly ticks: readonly ShownTick[] };
  readonly good: { readonly run: string; readonly bag: string; readonly ticks: readonly ShownTick[] } | undefined;
}

/** Pictures around the moment of a ranked run. */
export type ShownRun = Pair["failed"];

/** The reasons of a report. */
export interface WhyFindings extends Why {
  /** How the runs were told apart: by their outcomes, as two sets, or not at all. */
  readonly by: "outcome" | "sets" | "nothing";
  /** Runs whose outcome is not known, and that are not judged. */
  readonly unknown: number;
  /** Number of good runs that what is usual was learned from, and that were left out of that (`learn`). */
  readonly learned: Omit<Learned, "reference">;
  readonly pairs: readonly Pair[];
  /** Failed runs by what was out of line in each, the surest first, and pictures around the moments of some. */
  readonly ranked: readonly RankedRun[];
  readonly shown: readonly ShownRun[];
  /** Shares of both sets by phase; undefined where there are not two sets of one policy's runs, or no joint positions. */
  readonly phases?: Phases | undefined;
}

/** Runs of each kind that are looked at, at most. */
const MOST_RUNS = 40;
/** Reasons with pictures. */
const SHOWN = 3;
/** Ranked runs of each group with pictures. */
const SHOWN_RUNS = 3;
/** Pictures around a moment. */
const PICTURES = 6;
/** Good runs that a failed one is aligned with. */
const ALIGNED = 12;

interface Judged extends JudgedRun {
  readonly logTimes: readonly bigint[];
  /** Shares of each tick, [M]. */
  readonly tickShares: readonly ArrayLike<number>[];
}

/**
 * Why runs failed, by what was seen in their recordings. Failed and good runs are those whose outcome says so, else the
 * second and the first set. What was changed on purpose (`perturbations`, `ablation`) is not looked at.
 */
export async function whyOf(surveys: readonly Survey[], options: WhyOptions = {}): Promise<WhyFindings> {
  const { by, good, failed, unknown } = divided(surveys);
  const teachers = good.slice(0, MOST_RUNS);
  const { reference, ...learned } = await learn(ticksOf(teachers, options));
  const [ofGood, ofFailed] = [
    await judged(teachers, reference, options),
    await judged(failed.slice(0, MOST_RUNS), reference, options),
  ];
  const why = reasonsOf(ofFailed, ofGood);
  const pairs = why.reasons.slice(0, SHOWN).flatMap((reason) => pairOf(reason, ofFailed, ofGood));
  const ranked = rankedRuns(ofFailed, ofGood);
  return {
    ...why,
    ...{ ranked, shown: shownRuns(ranked, ofFailed) },
    ...{ by, unknown, pairs, phases: phasesOfSets(surveys, by, ofGood, ofFailed) },
    runs: good.length + failed.length + unknown,
    failed: failed.length,
    learned,
  };
}

function phasesOfSets(
  surveys: readonly Survey[],
  by: WhyFindings["by"],
  good: readonly Judged[],
  failed: readonly Judged[],
): Phases | undefined {
  const [names, ...others] = surveys.map(({ identity }) => identity.modalities);
  if (others.some((other) => other.join() !== names!.join())) return undefined;
  const [ofGood, ofFailed] = by === "sets" ? surveys.map(({ name }) => name) : ["success", "failure"];
  return phasesOf(names!, { name: ofGood!, runs: good }, { name: ofFailed!, runs: failed });
}

function divided(surveys: readonly Survey[]) {
  const all = surveys.flatMap(({ runs }) => runs);
  const of = (success: boolean) => all.filter(({ outcome }) => outcome?.success === success);
  const [good, failed] = [of(true), of(false)];
  if (good.length + failed.length > 0)
    return { by: "outcome", good, failed, unknown: all.length - good.length - failed.length } as const;
  const [a, b] = surveys;
  if (surveys.length === 2) return { by: "sets", good: a!.runs, failed: b!.runs, unknown: 0 } as const;
  return { by: "nothing", good: [], failed: all, unknown: 0 } as const;
}

/** The runs of some digests with all that was seen in each. Bags of which nothing can be read are left out. */
async function* seenRuns(digests: readonly RunDigest[], { topic, folders, done }: WhyOptions) {
  const wanted = new Map(digests.map((digest) => [digest.name, digest]));
  for (const bag of new Set(digests.map((digest) => digest.bag))) {
    let [episode, ticks] = [-1, [] as SeenAt[]];
    const ended = () => {
      const digest = wanted.get(runName({ bag, episode }));
      return digest && ticks.length > 0 ? [{ digest, ticks }] : [];
    };
    try {
      for await (const tick of readSeen(bag, { topic, folders })) {
        if (tick.first) {
          yield* ended();
          episode++;
          ticks = [];
        }
        ticks.push(tick);
      }
    } catch (error) {
      // The reading of the runs has told of it.
      if (!(error instanceof InputError)) throw error;
    }
    yield* ended();
    done?.();
  }
}

async function* ticksOf(digests: readonly RunDigest[], options: WhyOptions) {
  for await (const { ticks } of seenRuns(digests, options)) yield ticks;
}

async function judged(
  digests: readonly RunDigest[],
  reference: Reference | undefined,
  options: WhyOptions,
): Promise<Judged[]> {
  const found: Judged[] = [];
  for await (const { digest, ticks } of seenRuns(digests, options)) {
    const { name, bag, identity, shares } = digest;
    found.push({
      ...{ name, bag, policySha256: identity.policySha256 },
      ...watched(ticks, reference),
      shares: Object.fromEntries(identity.modalities.map((modality, m) => [modality, shares[m]!.mean])),
      logTimes: ticks.map(({ logTime }) => logTime),
      tickShares: sharesThatCount(digest, ticks),
    });
  }
  return found;
}

/** Shares of each tick; NaN where it does not count. */
function sharesThatCount({ trace, identity }: RunDigest, ticks: readonly SeenAt[]): ArrayLike<number>[] {
  const width = identity.modalities.length;
  const at = new Map(Array.from(trace.stamp, (stamp, i) => [stamp, i]));
  const none = new Float32Array(width).fill(Number.NaN);
  return ticks.map(({ stamp }) => {
    const i = at.get(stamp);
    return i === undefined ? none : trace.shares.subarray(i * width, (i + 1) * width);
  });
}

function pairOf(reason: Reason, failed: readonly Judged[], good: readonly Judged[]): Pair[] {
  const run = failed.find(({ name }) => name === reason.moment?.run);
  if (!run || !reason.moment) return [];
  const chosen = momentsAround(run, reason.moment.tick, PICTURES);
  const at = chosen.indexOf(reason.moment.tick);
  const shown = (of: Judged, ticks: readonly number[]) => shownIn(of, ticks, at);
  const alike = mostAlike(run, good, reason.moment.tick);
  const phase = alike && onwards(chosen, alike.ticks, alike.run.stamps.length);
  return [{ reason, failed: shown(run, chosen), good: alike && phase && shown(alike.run, phase) }];
}

/** Ticks of a run to show, the moment among them at place `at`. */
const shownIn = (run: Judged, ticks: readonly number[], at: number): ShownRun => ({
  run: run.name,
  bag: run.bag,
  ticks: ticks.map((i, k) => ({
    ...{ stamp: run.stamps[i]!, logTime: run.logTimes[i]!, seconds: run.seconds[i]! },
    isMoment: k === at,
  })),
});

/** Ticks around the moments of each group's first runs. */
function shownRuns(ranked: readonly RankedRun[], failed: readonly Judged[]): ShownRun[] {
  const first = groupsOf(ranked).flatMap(({ runs }) => runs.slice(0, SHOWN_RUNS));
  return first.map(({ run: name, tick }) => {
    const run = failed.find((one) => one.name === name)!;
    const chosen = momentsAround(run, tick, PICTURES);
    return shownIn(run, chosen, chosen.indexOf(tick));
  });
}

/** Ticks of the same phases; where the failed run stays in one, the good run goes on as time does, to its end. */
export function onwards(chosen: readonly number[], phases: readonly number[], length: number): number[] {
  const ticks: number[] = [];
  for (const [k, tick] of chosen.entries()) {
    const phase = phases[Math.min(tick, phases.length - 1)]!;
    const before = ticks.at(-1) ?? -1;
    ticks.push(phase > before ? phase : before + tick - chosen[k - 1]!);
  }
  return ticks.filter((tick) => tick < length);
}

/** The good run that goes most like the failed one up to a tick, and the tick of the same phase for each of its. */
function mostAlike(run: Judged, good: readonly Judged[], tick: number) {
  if (run.poses[0]?.length === 0)
    return good[0] && { run: good[0], ticks: run.poses.map((_, i) => Math.min(i, good[0]!.poses.length - 1)) };
  const begun = Math.max(tick, 2);
  const before = run.poses.slice(0, begun);
  const [best] = good
    .slice(0, ALIGNED)
    .map((other) => ({ other, distance: align(before, other.poses).distance }))
    .sort((a, b) => a.distance - b.distance);
  return best && { run: best.other, ticks: align(run.poses, best.other.poses).ticks };
}
