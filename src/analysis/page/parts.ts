import { percent, plural, significant } from "../../numbers/format.js";
import { type Html, html, table } from "../../page/html.js";
import type { Frame, Strip } from "../details.js";
import type { JointDigest, RunDigest } from "../digest.js";

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

export function jointTable(joints: readonly JointDigest[], modalities: readonly string[]): Html {
  return table(
    ["joint", "mean |τ|, N·m", "importance α", ...modalities.map(breakable)],
    joints.map(({ joint, torque, importance, shares }) => [
      joint,
      significant(torque),
      significant(importance),
      ...shares.map(percent),
    ]),
  );
}

export function runFacts({ seconds, seek, ticks, counted, idle, residual, latencyMs, flags }: RunDigest): string {
  const counts = Object.entries(flags).filter(([flag]) => flag !== "idle" && flag !== "episode_start");
  return [
    `${seconds.toFixed(2)} s, from ${seek.toFixed(2)} s of the bag`,
    `${plural(ticks, "tick")}, of which ${counted} count and ${idle} are idle`,
    `conservation residual at most ${significant(residual.max)}`,
    `latency p50 ${significant(latencyMs.p50)}, p99 ${significant(latencyMs.p99)} ms`,
    ...(counts.length > 0 ? [`flags ${counts.map(([flag, count]) => `${flag} ${count}`).join(", ")}`] : []),
  ].join("; ");
}
