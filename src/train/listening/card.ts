import { sizeOf } from "../../graph/shape.js";
import type { CardInput } from "../../policy/card-schema.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { nextOf } from "../query/export.js";
import { LISTENING_TENSORS } from "./export.js";
import { listeningState } from "./layout.js";
import { JOINT } from "./network.js";
import type { ListeningSpec } from "./spec.js";

const LANGUAGE = "language";

/** The card of a policy that listens. */
export function listeningCard(
  { name, controlPeriod, actions, language }: WorldFacts,
  spec: ListeningSpec,
  training: Readonly<Record<string, unknown>>,
): CardInput {
  const { image, instruction, previous, actions: output, mask } = LISTENING_TENSORS;
  const states = Object.entries(listeningState(spec));
  return {
    torquelens_card: 1,
    name,
    control_period: controlPeriod,
    actions: { output, names: [...actions.names], values: "logits", mask },
    inputs: {
      [image]: { modality: image, encoding: "rgb8", layout: "NCHW", range: [0, 255] },
      [instruction]: [{ modality: LANGUAGE, start: 0, size: spec.tokens }],
      [previous]: [{ modality: previous, start: 0, size: spec.actions }],
      ...Object.fromEntries(states.map(([key, shape]) => [key, [{ modality: key, start: 0, size: sizeOf(shape) }]])),
    },
    state: Object.fromEntries(states.map(([key]) => [key, nextOf(key)])),
    language: { tokens: LANGUAGE, ...wordsOf(language!) },
    fusion: JOINT,
    training,
  };
}

/** The words of a world as a card has them, with its marks by their text. */
function wordsOf({
  vocabulary,
}: NonNullable<WorldFacts["language"]>): Omit<NonNullable<CardInput["language"]>, "tokens"> {
  const { words, padding, begin, end, unknown } = vocabulary;
  const mark = (id: number | undefined): string | undefined => (id === undefined ? undefined : words[id]);
  return {
    vocabulary: [...words],
    padding: words[padding]!,
    begin: mark(begin),
    end: mark(end),
    unknown: mark(unknown),
  };
}
