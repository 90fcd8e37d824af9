import { median } from "../numbers/quantile.js";
import { own, put } from "../own.js";
import { ColourMap, coloursOf } from "./colour-map.js";
import { LAG_TICKS, lagOf } from "./lag.js";
import type { Look } from "./look.js";
import { type Tick, tickOf } from "./moment.js";
import {
  type CameraReference,
  changed,
  type JointReference,
  MOTION_TICKS,
  motionFeatures,
  outside,
  type Reference,
  START_TICKS,
} from "./reference.js";
import { applied, type Linear, ridge } from "./ridge.js";
import { angle, misfitOf, misfitsOf, poseByPicture, type Sample } from "./samples.js";
import type { Seen } from "./seen.js";

/** Rows that models are fitted to, at most. */
const MOST_ROWS = 2500;
/** Pictures that others are compared with, at most. */
const MOST_SAMPLES = 600;
/** Runs in which lags are looked for. */
const LAG_RUNS = 8;
/** Least usual error of a pose by a picture, rad. */
const LEAST_ERROR = 0.02;
/** Fewest runs whose models can be checked on runs that they were not fitted to. */
const FEWEST_RUNS = 8;

type Light = Omit<Tick, "looks"> & { readonly looks: Readonly<Record<string, Omit<Look, "image">>> };

/** Collects good runs. Memory: about 7 kB a tick and camera. */
export class ReferenceBuilder {
  readonly #runs: Light[][] = [];

  add(seen: Seen): void {
    if (seen.first || this.#runs.length === 0) this.#runs.push([]);
    const { looks, ...tick } = tickOf(seen);
    const light = Object.entries(looks).map(([camera, { image: _, ...look }]) => [camera, look] as const);
    this.#runs.at(-1)!.push({ ...tick, looks: Object.fromEntries(light) });
  }

  get runs(): number {
    return this.#runs.length;
  }

  /** Undefined where there was nothing. @param but numbers of runs, from 0, that are left out */
  build(but: ReadonlySet<number> = new Set()): Reference | undefined {
    const runs = this.#runs.filter((run, r) => run.length > 1 && !but.has(r));
    const [first] = runs[0] ?? [];
    if (!first) return undefined;
    const cameras: Record<string, CameraReference> = {};
    for (const camera of Object.keys(first.looks)) put(cameras, camera, cameraReference(runs, camera));
    const joints: Record<string, JointReference> = {};
    for (const [j, name] of first.joints.entries()) put(joints, name, jointReference(runs, j));
    const pose = poseReference(cameras, runs);
    const motion = motionModel(runs);
    return {
      runs: runs.length,
      cameras,
      joints,
      names: first.joints,
      ...(pose && { pose }),
      ...(motion && { motion }),
    };
  }
}

function cameraReference(runs: readonly Light[][], camera: string): CameraReference {
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
  const starts =
    runs.length < FEWEST_RUNS
      ? []
      : runs.flatMap((run, r) =>
          samplesOf([run.slice(0, START_TICKS)], camera).map((sample) => ({ ...sample, run: r })),
        );
  const start = Math.max(
    0,
    ...starts.map(({ run, cells }) =>
      misfitOf(
        cells,
        starts.filter((other) => other.run !== run),
      ),
    ),
  );
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
    ...{ colours, strange, samples, misfits, starts, start },
    ...{ change, still, way: most },
    sharpness: Math.min(...flat.map(({ sharpness }) => sharpness)),
    bright: Math.max(...flat.map(({ bright }) => bright)),
    dark: Math.min(...flat.map(({ mean }) => mean)),
  };
}

/** Way of all joints together from a tick to the next. */
export const wayOf = (a: Pick<Tick, "position">, b: Pick<Tick, "position">): number =>
  Array.from(a.position).reduce((sum, value, j) => sum + Math.abs(b.position[j]! - value), 0);

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

function jointReference(runs: readonly Light[][], j: number): JointReference {
  const positions = runs.flatMap((run) => run.map(({ position }) => position[j]!));
  let slip = 0;
  for (const run of runs) {
    for (let i = 1; i < run.length; i++) {
      const [a, b] = [run[i - 1]!, run[i]!];
      const seconds = Number(b.stamp - a.stamp) / 1e9;
      const told = (seconds * (a.velocity[j]! + b.velocity[j]!)) / 2;
      const allowed = seconds * Math.abs(b.velocity[j]! - a.velocity[j]!);
      slip = Math.max(slip, Math.abs(b.position[j]! - a.position[j]! - told) - allowed);
    }
  }
  return {
    low: Math.min(...positions),
    high: Math.max(...positions),
    slip,
  };
}

interface Row {
  readonly run: number;
  readonly features: Float64Array;
  readonly output: Float64Array;
}

/** Pictures with their poses, at most `MOST_SAMPLES`. */
function samplesOf(runs: readonly Light[][], camera: string): Sample[] {
  const ticks = runs.reduce((sum, run) => sum + run.length, 0);
  const every = Math.ceil(ticks / MOST_SAMPLES);
  return runs.flatMap((run, r) =>
    run.flatMap(({ looks, position }, i) => {
      const look = i % every === 0 ? own(looks, camera) : undefined;
      return look ? [{ run: r, cells: look.cells, position: Float64Array.from(position) }] : [];
    }),
  );
}

/** How well the first camera's picture shows the pose. */
function poseReference(
  cameras: Readonly<Record<string, CameraReference>>,
  runs: readonly Light[][],
): Reference["pose"] {
  const [first] = Object.entries(cameras);
  const joints = runs[0]![0]!.joints.length;
  if (!first || joints === 0 || first[1].misfits.length === 0) return undefined;
  const [camera, { samples }] = first;
  const some = samples.filter((_, i) => i % 3 === 0);
  const errors = some.map(({ run, cells, position }) => {
    const shown = poseByPicture(samples, cells, run);
    return position.map((value, j) => angle(value, shown[j]!));
  });
  const usual = Float64Array.from({ length: joints }, (_, j) =>
    Math.max(LEAST_ERROR, median(errors.map((error) => Math.abs(error[j]!)))),
  );
  let gain = 0;
  for (const [r, run] of runs.slice(0, LAG_RUNS).entries()) {
    const shown = run.flatMap(({ looks }) => {
      const look = own(looks, camera);
      return look ? [poseByPicture(samples, look.cells, r)] : [];
    });
    if (shown.length < run.length) continue;
    const told = run.map(({ position }) => position);
    for (let end = LAG_TICKS; end <= run.length; end++)
      gain = Math.max(gain, lagOf(shown.slice(end - LAG_TICKS, end), told.slice(0, end), usual).gain);
  }
  return { camera, error: largest(errors), usual, gain };
}

function motionModel(runs: readonly Light[][]): Reference["motion"] {
  const [first] = runs[0]!;
  if (first!.torque.length === 0 || first!.torque.length !== first!.joints.length || runs.length < FEWEST_RUNS)
    return undefined;
  const rows = runs.flatMap((run, r) =>
    run.slice(1).map((after, i) => {
      const { position, velocity, torque } = run[i]!;
      const output = Float64Array.from(velocity, (v, j) => after.velocity[j]! - v);
      return { run: r, features: motionFeatures(position, velocity, torque), output };
    }),
  );
  const { model, errors } = checked(rows.length > MOST_ROWS ? rows.slice(0, MOST_ROWS) : rows, 1e-4);
  const windows: Float64Array[] = [];
  errors.forEach((_, i) => {
    const window = errors.slice(Math.max(0, i + 1 - MOTION_TICKS), i + 1);
    if (window.length === MOTION_TICKS) windows.push(rootMeanSquares(window));
  });
  const torque = largest(runs.flatMap((run) => run.map((tick) => Float64Array.from(tick.torque))));
  return { model, error: largest(windows.length > 0 ? windows : errors), torque };
}

/** Root mean square of each number over rows. */
export const rootMeanSquares = (rows: readonly Float64Array[]): Float64Array =>
  rows[0]!.map((_, j) => Math.sqrt(rows.reduce((sum, row) => sum + row[j]! ** 2, 0) / rows.length));

const largest = (rows: readonly Float64Array[]): Float64Array =>
  rows[0]!.map((_, j) => rows.reduce((most, row) => Math.max(most, Math.abs(row[j]!)), 0));

/** A model of all rows, and the errors of models that were fitted to the runs of the other half. */
function checked(rows: readonly Row[], penalty: number): { readonly model: Linear; readonly errors: Float64Array[] } {
  const fitted = (chosen: readonly Row[]) =>
    ridge(
      chosen.map(({ features }) => features),
      chosen.map(({ output }) => output),
      penalty,
    );
  // Runs of four conditions in turn are in both halves.
  const half = (run: number) => Math.floor(run / 4) % 2;
  const halves = [0, 1].map((h) => rows.filter(({ run }) => half(run) === h));
  const models = halves.map((own, h) => fitted(halves[1 - h]!.length > 0 ? halves[1 - h]! : own));
  const errors = rows.map(({ run, features, output }) => {
    const found = applied(models[half(run)]!, features);
    return output.map((value, j) => value - found[j]!);
  });
  return { model: fitted(rows), errors };
}
