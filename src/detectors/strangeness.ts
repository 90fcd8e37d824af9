import type { FoundAt } from "./each.js";
import type { Look } from "./look.js";
import type { Moment } from "./moment.js";
import { type CameraReference, START_TICKS } from "./reference.js";
import { strangeStart } from "./starts.js";

/** Part of a picture's cells whose colours no good run has there, and how much that is, 1 for more than these differ. */
export function strangeness(cells: Float32Array, { colours, strange }: CameraReference) {
  const known = cells.reduce((count, value, k) => (k % 3 === 0 && !Number.isNaN(value) ? count + 1 : count), 0);
  const part = colours.strange(cells).length / Math.max(1, known);
  return { part, score: strange > 0.5 ? 0 : part / (1.3 * strange + 0.003) };
}

/** A picture at the start of a run in which something is where it is at no good run's start, such as a goal a little beside. */
export function unlikeStarts(
  { index }: Moment,
  look: Look,
  name: string,
  { starts }: CameraReference,
): FoundAt | undefined {
  if (index >= START_TICKS || !starts) return undefined;
  const score = strangeStart(look.cells, starts) / (4 * starts.strange + 12);
  if (score < 1) return undefined;
  return {
    score,
    text: `${name}: the picture at the start is ${score.toFixed(1)} times as unlike those of good runs as it may be, place by place`,
  };
}
