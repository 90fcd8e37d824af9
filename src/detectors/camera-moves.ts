import { percent } from "../numbers/format.js";
import type { Place } from "./look.js";

interface Undone {
  readonly text: string;
  /** Where pixels of the picture as it should be are in the one that is wrong. */
  readonly place: (width: number, height: number) => Place;
}

/** A camera that was moved sideways, by parts of the picture's width. */
export interface Shift extends Undone {
  readonly kind: "shift";
  readonly dx: number;
  readonly dy: number;
}

/** A picture that is cut to a part of its width. */
export interface Zoom extends Undone {
  readonly kind: "zoom";
  readonly zoom: number;
}

/** What makes a picture unlike those of good runs, and can be undone. */
export type Change = Shift | Zoom;

export const shiftBy = (dx: number, dy: number): Shift => ({
  ...{ kind: "shift", dx, dy },
  text: `moved by ${percent(Math.hypot(dx, dy))} of its width`,
  place: (width) => (x, y) => [x + dx * width, y + dy * width],
});

export const zoomTo = (zoom: number): Zoom => ({
  ...{ kind: "zoom", zoom },
  text: `cut to ${percent(zoom)} of its width`,
  place: (width, height) => {
    const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
    return (x, y) => [cx + (x - cx) / zoom, cy + (y - cy) / zoom];
  },
});

const SHIFTS = [-0.2, -0.15, -0.1, -0.05, 0, 0.05, 0.1, 0.15, 0.2];

/** Changes that are looked for. */
export const CHANGES: readonly Change[] = [
  ...SHIFTS.flatMap((dx) => SHIFTS.filter((dy) => dx !== 0 || dy !== 0).map((dy) => shiftBy(dx, dy))),
  ...[0.55, 0.65, 0.75, 0.85].map(zoomTo),
];
