import { FEWEST_RUNS, type GoodRun, largest, rootMeanSquares } from "./good-run.js";
import { MOTION_TICKS, motionFeatures, type Reference } from "./reference.js";
import { applied, type Linear, ridge } from "./ridge.js";

/** Rows that models are fitted to, at most. */
const MOST_ROWS = 2500;

interface Row {
  readonly run: number;
  readonly features: Float64Array;
  readonly output: Float64Array;
}

/** How torques move the arm in good runs; undefined where these do not tell. */
export function motionReference(runs: readonly GoodRun[]): Reference["motion"] {
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
