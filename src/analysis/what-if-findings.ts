import type { Agreement } from "../evaluation/what-if/agreement.js";

/** What the policy would have commanded, as a report tells it. */
export interface WhatIfFindings {
  /** Lines of evidence by the name of the reason. */
  readonly evidence: Readonly<Record<string, readonly string[]>>;
  /** How each method's relevance goes with what-ifs; the runs' method first. */
  readonly agreements: readonly Agreement[];
}
