import { sizeOf } from "../../graph/shape.js";
import type { CardInput } from "../../policy/card-schema.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { nextOf } from "../query/export.js";
import { LISTENING_TENSORS } from "./export.js";
import { listeningState } from "./layout.js";
import { JOINT } from "./network.js";
import type { ListeningSpec } from "./spec.js";

/** The card of a policy that listens. */
export function listeningCard(
  { name, controlPeriod, actions }: WorldFacts,
  spec: ListeningSpec,
  training: Readonly<Record<string, unknown>>,
): CardInput {
  const { image, instruction, previous, actions: output } = LISTENING_TENSORS;
  const states = Object.entries(listeningState(spec));
  return {
    torquelens_card: 1,
    name,
    control_period: controlPeriod,
    actions: { output, names: [...actions.names], values: "logits" },
    inputs: {
      [image]: { modality: image, encoding: "rgb8", layout: "NCHW", range: [0, 255] },
      [instruction]: [{ modality: "language", start: 0, size: spec.tokens }],
      [previous]: [{ modality: previous, start: 0, size: spec.actions }],
      ...Object.fromEntries(states.map(([key, shape]) => [key, [{ modality: key, start: 0, size: sizeOf(shape) }]])),
    },
    state: Object.fromEntries(states.map(([key]) => [key, nextOf(key)])),
    fusion: JOINT,
    training,
  };
}
