import { percent, significant } from "../../numbers/format.js";
import { type Html, html, table } from "../../page/html.js";
import type { Frame, Strip } from "../details.js";
import type { RunDigest } from "../digest.js";
import { METRIC_ROWS, TORQUE_HEADINGS, type TorqueDigest } from "../metrics.js";

/** Parts that several sections of the page have. */

/** A name that may go over several lines at its underscores. */
export const breakable = (name: string): Html =>
  html`${name.split("_").map((part, k) => html`${k > 0 ? html`_<wbr>` : ""}${part}`)}`;

/** A film strip; says so where there are no pictures. */
export function stripOf(strip: Strip): Html {
  if (strip.length === 0) return html`<p class="note">No pictures: the bag holds no …/overlay/compressed here.</p>`;
  return html`<div class="strip">${strip.map((frame) => {
    const label = `${frame.seconds.toFixed(2)} s${frame.camera && `, ${frame.camera}`}`;
    const source = `data:image/jpeg;base64,${Buffer.from(frame.jpeg).toString("base64")}`;
    return html`<figure><div class="shot"><img src="${source}" alt="heatmap over the camera image at ${label}">${pointsOf(frame)}</div><figcaption>${label}</figcaption></figure>`;
  })}</div>`;
}

/** What dots on pictures are; nothing where there are none. */
export function legendOf(strips: Iterable<Strip>): Html {
  const any = [...strips].some((strip) => strip.some(({ points }) => points.length > 0));
  return any ? html`<p class="note">Dots on pictures: the policy's feature points.</p>` : html``;
}

/** Feature points, to lie over a picture. */
function pointsOf({ width, height, points }: Frame): Html {
  if (points.length === 0) return html``;
  const radius = (width / 55).toFixed(2);
  const dots = points.map(
    ([x, y]) => html`<circle cx="${(x + 0.5).toFixed(1)}" cy="${(y + 0.5).toFixed(1)}" r="${radius}"/>`,
  );
  return html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${dots}</svg>`;
}

export const torqueTable = (torques: readonly TorqueDigest[], modalities: readonly string[]): Html =>
  table(
    ["joint", ...TORQUE_HEADINGS, ...modalities.map(breakable)],
    torques.map(({ joint, values, shares }) => [joint, ...values.map(significant), ...shares.map(percent)]),
  );

/** The sentence about a run. */
export const runFacts = (run: RunDigest): string =>
  METRIC_ROWS.map(([name, metric]) => metric.fact?.(run[name]))
    .filter(Boolean)
    .join("; ");
