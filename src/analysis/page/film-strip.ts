import { type Html, html } from "../../page/html.js";
import type { Point } from "./pictures.js";

/** A picture of a film strip. */
export interface Frame {
  /** Seconds from the run's first tick. */
  readonly seconds: number;
  /** Name of the camera; empty if there is only one. */
  readonly camera: string;
  /** What the heatmap is evidence for, where that is not the sum of all torques; else empty. */
  readonly about: string;
  /** Queries whose attention the picture shows, side by side; undefined for a heatmap. */
  readonly queries?: readonly string[];
  /** JPEG, at most `FRAME_WIDTH` wide, or so much for each query. */
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The policy's feature points, pixels of the JPEG. */
  readonly points: readonly Point[];
  /** True at the moment that the strip is around. */
  readonly isMoment?: boolean;
}

export type Strip = readonly Frame[];

/** Width of a picture on the page, pixels: that of `.strip figure`. */
const FIGURE_WIDTH = 132;

/** A film strip, or a note that there are no pictures. */
export function stripOf(strip: Strip): Html {
  if (strip.length === 0)
    return html`<p class="note">No pictures: the bag has no …/overlay/compressed messages here.</p>`;
  return html`<div class="strip">${ticksOf(strip).map((frames) =>
    frames.length === 1 ? frames.map(pictureOf) : html`<div class="tick">${frames.map(pictureOf)}</div>`,
  )}</div>`;
}

/** Pictures of one moment and camera together: a heatmap, and the attention beside it. */
function ticksOf(strip: Strip): Frame[][] {
  const ticks: Frame[][] = [];
  for (const frame of strip) {
    const [before] = ticks.at(-1) ?? [];
    if (before && frame.queries && before.seconds === frame.seconds && before.camera === frame.camera)
      ticks.at(-1)!.push(frame);
    else ticks.push([frame]);
  }
  return ticks;
}

function pictureOf(frame: Frame): Html {
  const { seconds, camera, about, queries, isMoment } = frame;
  const what = queries ? `attention${queries.length > 0 ? ` of ${queries.join(", ")}` : ""}` : about;
  const label = [`${seconds.toFixed(2)} s`, camera, what, isMoment ? "the moment" : ""]
    .filter((text) => text !== "")
    .join(", ");
  const alt = queries
    ? `the camera image in the light of the policy's attention at ${label}`
    : `heatmap over the camera image at ${label}`;
  const source = `data:image/jpeg;base64,${Buffer.from(frame.jpeg).toString("base64")}`;
  const width = queries && queries.length > 1 ? html` style="width: ${queries.length * FIGURE_WIDTH}px"` : "";
  return html`<figure${isMoment ? html` class="moment"` : ""}${width}><div class="shot"><img src="${source}" alt="${alt}">${pointsOf(frame)}</div><figcaption>${label}</figcaption></figure>`;
}

/** Legend of the dots on pictures; empty if there are none. */
export function legendOf(strips: Iterable<Strip>): Html {
  const any = [...strips].some((strip) => strip.some(({ points }) => points.length > 0));
  return any ? html`<p class="note">Dots on pictures: the policy's feature points.</p>` : html``;
}

/** Feature points as an SVG layer over a picture. */
function pointsOf({ width, height, points }: Frame): Html {
  if (points.length === 0) return html``;
  const radius = (width / 55).toFixed(2);
  const dots = points.map(
    ([x, y]) => html`<circle cx="${(x + 0.5).toFixed(1)}" cy="${(y + 0.5).toFixed(1)}" r="${radius}"/>`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${dots}</svg>`;
}
