import type { Graph } from "../graph/value.js";
import type { Card, CardImage, CardSlice } from "../policy/card-schema.js";
import { holdsAny } from "../policy/lerobot/inside.js";
import type { Finding } from "./finding.js";

/** Finds inputs that the card normalises by numbers that the model's own graph holds too. @param graph of the model alone */
export function normalisedTwice(card: Card, graph: Graph): Finding[] {
  return Object.entries(card.inputs).flatMap(([name, input]) => {
    const parts: readonly (CardImage | CardSlice)[] = Array.isArray(input) ? input : [input as CardImage];
    return parts
      .filter(({ mean, std }) => mean && std && holdsAny(graph, [mean]) && holdsAny(graph, [std]))
      .map(
        ({ modality }): Finding => ({
          check: "normalisation",
          grade: "fault",
          text: `${modality} is normalised twice: the card's mean and std for ${name} stand in the model's graph too; take them out of the card`,
        }),
      );
  });
}
