import { readRuns } from "../../analysis/read-runs.js";
import { learn } from "../../analysis/why/learn.js";
import { readSeen } from "../../analysis/why/read-seen.js";
import { named, type Reference } from "../../detectors/reference.js";
import type { Seen } from "../../detectors/seen.js";
import { InputError } from "../../errors.js";
import { plural } from "../../numbers/format.js";
import type { Policy } from "../../policy/policy.js";

/**
 * What is usual in a recording's runs that did not fail, under the policy's names of cameras.
 * @throws InputError where there are fewer than two such runs, or they are of other joints or cameras
 */
export async function goodRunsOf(path: string, policy: Policy): Promise<Reference> {
  const failed = new Set<number>();
  for await (const { episode, outcome } of readRuns(path)) if (outcome?.success === false) failed.add(episode);
  const { reference, runs } = await learn(goodRuns(path, failed));
  if (!reference) throw new InputError(`${path}: found ${plural(runs, "good run")}, expected two or more`);
  const cameras = policy.modalities.filter(({ kind }) => kind === "image").map(({ name }) => name);
  return named(reference, cameras, path);
}

async function* goodRuns(path: string, failed: ReadonlySet<number>): AsyncGenerator<readonly Seen[]> {
  let [episode, ticks] = [-1, [] as Seen[]];
  for await (const tick of readSeen(path)) {
    if (tick.first) {
      if (ticks.length > 0 && !failed.has(episode)) yield ticks;
      episode++;
      ticks = [];
    }
    ticks.push(tick);
  }
  if (ticks.length > 0 && !failed.has(episode)) yield ticks;
}
