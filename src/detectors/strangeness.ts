import type { FoundAt } from "./each.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import { type CameraReference, START_TICKS } from "./reference.js";
import { misfitOf } from "./samples.js";

/** Part of a picture's cells whose colours no good run has there, and how much that is, 1 for more than these differ. */
export function strangeness(cells: Float32Array, { colours, strange }: CameraReference) {
  const known = cells.reduce((count, value, k) => (k % 3 === 0 && !Number.isNaN(value) ? count + 1 : count), 0);
  const part = colours.strange(cells).length / Math.max(1, known);
  return { part, score: strange > 0.5 ? 0 : part / (1.3 * strange + 0.003) };
}

/** A picture at the start of a run that is like that of no good run's start. */
export function unlikeStarts(
  { index }: Moment,
  look: Look,
  name: string,
  { starts, start }: CameraReference,
): FoundAt | undefined {
  if (index >= START_TICKS || starts.length === 0) return undefined;
  const score = misfitOf(look.cells, starts) / (1.6 * start + 0.5);
  if (score < 1) return undefined;
  return {
    score,
    text: `${name}: the picture at the start is ${score.toFixed(1)} times as unlike those of good runs as these are each other`,
  };
}
