import { percent } from "../../numbers/format.js";
import { itemOf } from "../../outputs/kinds.js";
import { type Html, html, table } from "../../page/html.js";
import type { RunDigest } from "../digest.js";
import { METRIC_ROWS, outputCells, outputHeadings, type TorqueDigest } from "../metrics.js";
import type { RunIdentity } from "../run.js";

/** Parts that several sections of the page have. */

/** A name that may break into lines after its underscores. */
export const breakable = (name: string): Html =>
  html`${name.split("_").map((part, k) => html`${k > 0 ? html`_<wbr>` : ""}${part}`)}`;

export const torqueTable = (torques: readonly TorqueDigest[], { modalities, outputs }: RunIdentity): Html =>
  table(
    [itemOf(outputs), ...outputHeadings(outputs), ...modalities.map(breakable)],
    torques.map((torque, j) => [torque.joint, ...outputCells(torque, outputs, j), ...torque.shares.map(percent)]),
  );

/** The sentence about a run. */
export const runFacts = (run: RunDigest): string =>
  METRIC_ROWS.map(([name, metric]) => metric.fact?.(run[name]))
    .filter(Boolean)
    .join("; ");
