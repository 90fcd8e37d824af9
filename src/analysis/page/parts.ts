import { percent, significant } from "../../numbers/format.js";
import { type Html, html, table } from "../../page/html.js";
import type { RunDigest } from "../digest.js";
import { METRIC_ROWS, TORQUE_HEADINGS, type TorqueDigest } from "../metrics.js";

/** Parts that several sections of the page have. */

/** A name that may break into lines after its underscores. */
export const breakable = (name: string): Html =>
  html`${name.split("_").map((part, k) => html`${k > 0 ? html`_<wbr>` : ""}${part}`)}`;

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
