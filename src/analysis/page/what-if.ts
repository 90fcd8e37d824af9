import { PREDICTS } from "../../evaluation/what-if/agreement.js";
import { fixed, plural } from "../../numbers/format.js";
import { type Html, html, table } from "../../page/html.js";
import type { WhatIfFindings } from "../what-if-findings.js";

/** Table of how each method's relevance goes with what-ifs, one table of all evidence for it; nothing for a report without them. */
export function whatIfSection(found: WhatIfFindings | undefined): Html {
  const [first] = found?.agreements ?? [];
  if (!found || !first) return html``;
  const failing = (of: "regions" | "modalities") =>
    found.agreements.filter((row) => row[of] < PREDICTS).map(({ method }) => method);
  const lines = [
    ["regions", "which part of the image matters"] as const,
    ["modalities", "which modality matters"] as const,
  ].flatMap(([of, what]) => {
    const methods = failing(of);
    if (methods.length === 0) return [];
    return [
      html`<p><b>${methods.join(", ")}</b> ${methods.length > 1 ? "do" : "does"} not predict ${what} to this policy (correlation below ${PREDICTS}).</p>`,
    ];
  });
  return html`<h2>Does relevance predict what-ifs?</h2>
${table(
  ["method", "regions of the image", "modalities", "deletion", "insertion"],
  found.agreements.map((row) => [row.method, ...[row.regions, row.modalities, row.deletion, row.insertion].map(text)]),
)}
<p class="note">Mean rank correlation (Spearman) over ${plural(first.moments, "moment")} between relevance and what changes the command: regions of the image blurred, one by one, and modalities replaced by their mean; the policy itself is run on each. Deletion: mean part of the command that stays while regions are blurred, the most relevant first, the less the better; insertion: that comes back while they are put into the blurred image, the more the better.</p>
${lines}`;
}

const text = (value: number): string => (Number.isNaN(value) ? "–" : fixed(value, 2));
