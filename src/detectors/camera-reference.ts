import { own } from "../own.js";
import { ColourMap, coloursOf } from "./colour-map.js";
import { FEWEST_RUNS, type GoodRun } from "./good-run.js";
import type { Look } from "./look.js";
import { wayOf } from "./moment.js";
import { type CameraReference, changed, outside, START_TICKS } from "./reference.js";
import { misfitsOf, type Sample } from "./samples.js";
import { startsOf } from "./starts.js";

/** Pictures that others are compared with, at most. */
const MOST_SAMPLES = 600;

/** How a camera's pictures look in good runs. */
export function cameraReference(runs: readonly GoodRun[], camera: string): CameraReference {
  const looks = runs.map((run) => run.map((tick) => own(tick.looks, camera)!).filter(Boolean));
  const ranges = looks.map(rangeOf);
  const all = ranges.reduce(joined);
  const others = (r: number) => ranges.filter((_, other) => other !== r).reduce(joined, undefined as never);
  const novel =
    runs.length < 2
      ? 1
      : Math.max(
          ...looks.map((run, r) => {
            const range = others(r);
            return Math.max(...run.map(({ cells }) => outside(cells, range).length / (cells.length / 3)));
          }),
        );
  const colours = new ColourMap();
  const ofRuns = looks.map((run) => coloursOf(run.map(({ cells }) => cells)));
  for (const run of ofRuns) colours.add(run);
  let strange = runs.length < 2 ? 1 : 0;
  for (const [r, run] of runs.length < 2 ? [] : looks.entries()) {
    colours.remove(ofRuns[r]!);
    for (const { cells } of run) strange = Math.max(strange, colours.strange(cells).length / (cells.length / 3));
    colours.add(ofRuns[r]!);
  }
  const samples = samplesOf(runs, camera);
  const misfits = runs.length < FEWEST_RUNS ? [] : misfitsOf(samples);
  const beginnings = looks.map((run) => run.slice(0, START_TICKS).map(({ cells }) => cells));
  const flat = looks.flat();
  let [change, still, most] = [0, 0, 0];
  runs.forEach((run, r) => {
    let way = 0;
    for (let i = 1; i < run.length; i++) {
      const [a, b] = [looks[r]![i - 1]!, looks[r]![i]!];
      change = Math.max(change, changed(a.cells, b.cells));
      const step = wayOf(run[i - 1]!, run[i]!);
      most = Math.max(most, step);
      way = a.hash === b.hash ? way + step : 0;
      still = Math.max(still, way);
    }
  });
  return {
    ...all,
    novel,
    ...{ colours, strange, samples, misfits },
    ...(runs.length >= FEWEST_RUNS && { starts: startsOf(beginnings) }),
    ...{ change, still, way: most },
    sharpness: Math.min(...flat.map(({ sharpness }) => sharpness)),
    bright: Math.max(...flat.map(({ bright }) => bright)),
    dark: Math.min(...flat.map(({ mean }) => mean)),
  };
}

interface Range {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

function rangeOf(looks: readonly Omit<Look, "image">[]): Range {
  const [low, high] = [looks[0]!.cells.slice(), looks[0]!.cells.slice()];
  for (const { cells } of looks) {
    for (let k = 0; k < cells.length; k++) {
      low[k] = Math.min(low[k]!, cells[k]!);
      high[k] = Math.max(high[k]!, cells[k]!);
    }
  }
  return { low, high };
}

const joined = (a: Range | undefined, b: Range): Range =>
  a === undefined
    ? b
    : {
        low: a.low.map((value, k) => Math.min(value, b.low[k]!)),
        high: a.high.map((value, k) => Math.max(value, b.high[k]!)),
      };

/** Pictures with their poses, at most `MOST_SAMPLES`. */
function samplesOf(runs: readonly GoodRun[], camera: string): Sample[] {
  const ticks = runs.reduce((sum, run) => sum + run.length, 0);
  const every = Math.ceil(ticks / MOST_SAMPLES);
  return runs.flatMap((run, r) =>
    run.flatMap(({ looks, position }, i) => {
      const look = i % every === 0 ? own(looks, camera) : undefined;
      return look ? [{ run: r, cells: look.cells, position: Float64Array.from(position) }] : [];
    }),
  );
}
