import { median } from "../numbers/quantile.js";
import { own } from "../own.js";
import { type GoodRun, largest } from "./good-run.js";
import { LAG_TICKS, lagOf } from "./lag.js";
import type { CameraReference, Reference } from "./reference.js";
import { angle, shownBy } from "./samples.js";

/** Runs in which lags are looked for. */
const LAG_RUNS = 8;
/** Least usual error of a pose by a picture, rad. */
const LEAST_ERROR = 0.02;

/** How well the first camera's picture shows the pose. */
export function poseReference(
  cameras: Readonly<Record<string, CameraReference>>,
  runs: readonly GoodRun[],
): Reference["pose"] {
  const [first] = Object.entries(cameras);
  const joints = runs[0]![0]!.joints.length;
  if (!first || joints === 0 || first[1].misfits.length === 0) return undefined;
  const [camera, { samples }] = first;
  const some = samples.filter((_, i) => i % 3 === 0);
  const errors = some.map(({ run, cells, position }) => {
    const { pose: shown } = shownBy(samples, cells, run);
    return position.map((value, j) => angle(value, shown[j]!));
  });
  const usual = Float64Array.from({ length: joints }, (_, j) =>
    Math.max(LEAST_ERROR, median(errors.map((error) => Math.abs(error[j]!)))),
  );
  let gain = 0;
  for (const [r, run] of runs.slice(0, LAG_RUNS).entries()) {
    const shown = run.flatMap(({ looks }) => {
      const look = own(looks, camera);
      return look ? [shownBy(samples, look.cells, r).pose] : [];
    });
    if (shown.length < run.length) continue;
    const told = run.map(({ position }) => position);
    for (let end = LAG_TICKS; end <= run.length; end++)
      gain = Math.max(gain, lagOf(shown.slice(end - LAG_TICKS, end), told.slice(0, end), usual).gain);
  }
  return { camera, error: largest(errors), usual, gain };
}
