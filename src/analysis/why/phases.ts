import { CurveStatistics, curveBy, EPISODE_GRID } from "../curve.js";
import { align } from "./align.js";

/** A run of which poses and shares are known at each tick. */
export interface PosedRun {
  readonly name: string;
  /** Joint positions of each tick. */
  readonly poses: readonly ArrayLike<number>[];
  /** Shares of each tick, [M]; NaN where a tick does not count. */
  readonly tickShares: readonly ArrayLike<number>[];
}

/**
 * Shares of two sets of runs by phase, whatever time each took: of a good run per cent of its time until it rests; another
 * run is in the phase of the good run that goes most like it.
 */
export interface Phases {
  readonly modalities: readonly string[];
  /** The good runs first. */
  readonly sets: readonly { readonly name: string; readonly curves: CurveStatistics }[];
}

/** Runs are aligned at so many ticks, at most. */
const MOST_TICKS = 400;

/** Good runs that another one is aligned with, at most. */
const ALIGNED = 12;

/** Tick of a run in the same phase, for each tick of another, and how unlike they are (`align`). */
export function phaseOfEach(run: PosedRun["poses"], other: PosedRun["poses"]) {
  const [every, everyOf] = [run, other].map(({ length }) => Math.ceil(length / MOST_TICKS)) as [number, number];
  const thin = (poses: PosedRun["poses"], step: number) => poses.filter((_, i) => i % step === 0);
  const { ticks, distance } = align(thin(run, every), thin(other, everyOf));
  const phases = run.map((_, i) => {
    const [k, part] = [Math.floor(i / every), (i % every) / every];
    const [now, next] = [ticks[k]!, ticks[k + 1] ?? ticks[k]!];
    return Math.min(other.length - 1, everyOf * (now + part * (next - now)));
  });
  return { phases, distance };
}

/** Part of a run's way that is not worth waiting for. */
const REST = 0.02;

/** First tick after which an arm hardly moves. */
function ticksToRest(poses: PosedRun["poses"]): number {
  const steps = poses.map((pose, i) =>
    i === 0 ? 0 : Array.from(pose).reduce((sum, q, j) => sum + Math.abs(q - poses[i - 1]![j]!), 0),
  );
  const whole = steps.reduce((sum, step) => sum + step, 0);
  let left = 0;
  for (let i = poses.length - 1; i > 1; i--) {
    left += steps[i]!;
    if (left > REST * whole) return i;
  }
  return Math.max(1, poses.length - 1);
}

/** Phase of each tick, 0 to 1, by the good run that goes most like it; a good run is like itself. */
function phasesIn({ poses }: PosedRun, good: readonly PosedRun[]): number[] {
  const [most] = good
    .map((other) => {
      const { phases, distance } = phaseOfEach(poses, other.poses);
      return { other, phases, distance };
    })
    .sort((a, b) => a.distance - b.distance);
  const rest = ticksToRest(most!.other.poses);
  return most!.phases.map((phase) => Math.min(1, phase / rest));
}

/**
 * Curves of two sets aligned by phase.
 * @returns undefined where a set has no run whose joint positions are known
 */
export function phasesOf(
  modalities: readonly string[],
  good: { readonly name: string; readonly runs: readonly PosedRun[] },
  failed: typeof good,
): Phases | undefined {
  const posed = ({ runs }: typeof good) =>
    runs.filter(({ poses, tickShares }) => (poses[0]?.length ?? 0) > 0 && tickShares[0]?.length === modalities.length);
  const [ofGood, ofFailed] = [posed(good), posed(failed)];
  if (ofGood.length === 0 || ofFailed.length === 0) return undefined;
  const curvesOf = (runs: readonly PosedRun[], phases: (run: PosedRun) => readonly number[]) => {
    const curves = new CurveStatistics(EPISODE_GRID, modalities.length);
    for (const run of runs) {
      const places = phases(run);
      const track = {
        ticks: run.poses.length,
        modalities: modalities.length,
        share: (i: number, m: number) => run.tickShares[i]![m]!,
        counts: (i: number) => !Number.isNaN(run.tickShares[i]![0]!),
      };
      curves.add(curveBy(track, EPISODE_GRID, (i) => 100 * places[i]!));
    }
    return curves;
  };
  const chosen = ofGood.slice(0, ALIGNED);
  return {
    modalities,
    sets: [
      { name: good.name, curves: curvesOf(ofGood, (run) => phasesIn(run, [run])) },
      { name: failed.name, curves: curvesOf(ofFailed, (run) => phasesIn(run, chosen)) },
    ],
  };
}
