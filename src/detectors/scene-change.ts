import { own } from "../own.js";
import { ago, type Moment, wayOf } from "./moment.js";
import { type CameraReference, changed, changedCells } from "./reference.js";
import { STILL } from "./still.js";

/** Part of the picture that changed so many ticks ago. */
export interface Part {
  readonly count: number;
  readonly part: number;
}

/** Cells where the arm was seen to move that must have changed with the rest. */
const OF_ARM = 0.5;
/** Ticks over which it is seen to move, and cells from which on that tells where it is. */
const MOVES = 5;
const CELLS_OF_ARM = 4;

/** True where the picture of the arm changed in a tick, by where it moved before; undefined where it hardly moved. */
export function armChanged(moment: Moment, camera: string, count: number): boolean | undefined {
  const cellsAt = (back: number) => own(ago(moment, back)?.looks ?? {}, camera)?.cells;
  const [after, before, earlier] = [count, count + 1, count + 1 + MOVES].map(cellsAt);
  if (!after || !before || !earlier) return undefined;
  const arm = changedCells(earlier, before);
  if (arm.length < CELLS_OF_ARM) return undefined;
  const now = new Set(changedCells(before, after));
  return arm.filter((cell) => now.has(cell)).length >= OF_ARM * arm.length;
}

/** Part of the picture that may change in a tick. */
export const usualChange = ({ change }: CameraReference): number => 1.3 * change + 0.004;

/** Part of the picture that changed in a tick, less where the arm moves faster than in good runs. @param count ticks ago */
export function changeAt(moment: Moment, camera: string, reference: CameraReference, count: number): number {
  const [before, after] = [ago(moment, count + 1), ago(moment, count)];
  const [was, is] = [before, after].map((tick) => own(tick?.looks ?? {}, camera));
  if (!before || !after || !was || !is) return 0;
  return changed(was.cells, is.cells) / Math.max(1, wayOf(before, after) / Math.max(STILL, reference.way));
}
