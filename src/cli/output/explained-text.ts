import type { NodeRule } from "../../relevance/contract/attribution.js";

/** The value that is explained, and the squashes between it and the last linear layer. */
export function explainedText(rules: readonly NodeRule[]): string {
  const squashes = rules.flatMap(({ node, op, activation, squash }) =>
    squash ? [`${node} (${activation ?? op})`] : [],
  );
  const through = squashes.length > 0 ? `, through ${squashes.join(", ")}` : "";
  return `explained: the commanded torques in N·m${through}`;
}
