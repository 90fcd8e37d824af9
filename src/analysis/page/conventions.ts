import type { SharesUnder } from "../../evaluation/shares-under.js";
import { percent, plural } from "../../numbers/format.js";
import { own } from "../../own.js";
import { type Html, html, table } from "../../page/html.js";
import type { RunIdentity } from "../run.js";

/** What relevance is measured from, by convention. */
const WORDS: Readonly<Record<string, string>> = {
  zero: "zero for the configuration, the policy's own origin for feature points",
  corner: "zero for the configuration, the image's corner for feature points",
  mean: "the mean of the configuration, the policy's own origin for feature points",
  "mean-corner": "the mean of the configuration, the image's corner for feature points",
  standardised: "the means of configuration and feature points",
};

/** Shares of the same ticks under every convention; nothing for a report without the policy. */
export function conventionSection(
  rows: readonly SharesUnder[],
  { modalities, method }: Pick<RunIdentity, "modalities" | "method">,
): Html {
  if (rows.length === 0) return html``;
  return html`<h2>Shares under other conventions</h2>
${table(
  ["convention", ...modalities],
  rows.map(({ convention, shares }) => [convention, ...shares.map(percent)]),
)}
<ul class="note">
${rows.map(({ convention }) => html`<li><b>${convention}</b>: relevance is measured from ${own(WORDS, convention) ?? "what the policy card states"}</li>`)}
</ul>
<p class="note">${plural(rows[0]!.ticks, "tick")} of these runs, explained again by ${method} under each convention; what the policy commands is the same. Means are those of these ticks. A share says little without its convention where the rows differ much.</p>`;
}
