import { areActions, type OutputMeaning, wordsOf } from "../../outputs/kinds.js";
import type { NodeRule } from "../../relevance/contract/attribution.js";

/** The value that is explained, and the squashes between it and the last linear layer. */
export function explainedText(rules: readonly NodeRule[], outputs: readonly OutputMeaning[]): string {
  const squashes = rules.flatMap(({ node, op, activation, squash }) =>
    squash ? [`${node} (${activation ?? op})`] : [],
  );
  const through = squashes.length > 0 ? `, through ${squashes.join(", ")}` : "";
  const { noun, plural, saysCommand, unit } = wordsOf(outputs);
  if (areActions(outputs)) return `explained: the ${noun} of the chosen action${through}`;
  const commanded = saysCommand ? "" : "commanded ";
  return `explained: the ${commanded}${plural}${unit && unit !== "1" ? ` in ${unit}` : ""}${through}`;
}
