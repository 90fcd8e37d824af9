import { align } from "../../analysis/why/align.js";
import { BagSource } from "../../bag/bag-source.js";
import type { MessageFolders } from "../../bag/message-folders.js";
import { openBag } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import type { Sources } from "../../evaluation/what-if/counterfactuals.js";
import type { Observation } from "../../explain/observation.js";
import type { Policy } from "../../policy/policy.js";

/** The runs of a recording as the policy saw them. @throws InputError for one that cannot be read */
export async function runsOf(path: string, policy: Policy, folders?: MessageFolders): Promise<Observation[][]> {
  const runs: Observation[][] = [];
  const bag = await openBag(path, folders);
  try {
    const source = await BagSource.open(bag, policy);
    try {
      for await (const observation of source.observations()) {
        if (observation.first || runs.length === 0) runs.push([]);
        runs.at(-1)!.push(observation);
      }
    } finally {
      await source.close();
    }
  } finally {
    await bag.close();
  }
  if (runs.length === 0)
    throw new InputError(`${path}: no image with the joint states of its time, expected what ${policy.card.name} saw`);
  return runs;
}

const secondsFrom = (run: readonly Observation[], i: number): number => Number(run[i]!.stamp - run[0]!.stamp) / 1e9;

/** Index of the observation nearest to a time. @throws InputError for a time beyond the run's end */
export function tickAt(run: readonly Observation[], seconds: number, what: string): number {
  const end = secondsFrom(run, run.length - 1);
  const period = run.length > 1 ? end / (run.length - 1) : 0;
  if (seconds > end + period) throw new InputError(`${what}: ${seconds} s: the run is ${end.toFixed(2)} s long`);
  let best = 0;
  for (let i = 0; i < run.length; i++)
    if (Math.abs(secondsFrom(run, i) - seconds) < Math.abs(secondsFrom(run, best) - seconds)) best = i;
  return best;
}

/**
 * Reads a run of another recording, where a replacement names one, `BAG#2`, or `BAG` for its first.
 * @param others runs by the names that replacements have for them: it is added
 * @param read the runs of a recording; undefined for what is the name of none
 * @throws InputError for a run that the recording does not have
 */
export async function addRun(
  by: string,
  others: Map<string, readonly Observation[]>,
  read: (recording: string) => Promise<readonly (readonly Observation[])[]> | undefined,
): Promise<void> {
  if (others.has(by)) return;
  const [, recording = by, number = "0"] = by.match(/^(.*)#(\d+)$/) ?? [];
  const runs = await read(recording);
  if (!runs) return;
  const run = runs[Number(number)];
  if (!run) throw new InputError(`${by}: ${recording} has ${runs.length} runs, from 0`);
  others.set(by, run);
}

/** The runs of a recording by the names that replacements have for them. */
export const ownRuns = (runs: readonly (readonly Observation[])[]): Map<string, readonly Observation[]> =>
  new Map(runs.map((run, n) => [`run${n}`, run]));

/** What the moment of a run may be replaced by. @param others runs by name */
export function sourcesOf(
  run: readonly Observation[],
  moment: number,
  others: ReadonlyMap<string, readonly Observation[]>,
): Sources {
  return {
    now: run[moment]!,
    run,
    at: (seconds) => run[tickAt(run, seconds, "at")]!,
    other: (name) => {
      const other = others.get(name);
      if (!other)
        throw new InputError(
          `no run named "${name}"; expected mean, blurred, zero, at:SECONDS, true, without:OBJECT or a run`,
        );
      return other[phaseIn(run, moment, other)]!;
    },
  };
}

/** The tick of another run in the same phase, by the joint positions; without them the tick of the same part of the run. */
function phaseIn(run: readonly Observation[], moment: number, other: readonly Observation[]): number {
  const poses = (of: readonly Observation[]) => of.map(({ joints }) => joints.position);
  if (run[0]!.joints.position.length === 0)
    return Math.min(other.length - 1, Math.round((moment / run.length) * other.length));
  return align(poses(run), poses(other)).ticks[moment]!;
}
