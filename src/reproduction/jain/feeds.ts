import { own } from "../../own.js";
import type { TensorData } from "../../runtime/session.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { LISTENING_TENSORS } from "../../train/listening/export.js";
import { listeningState } from "../../train/listening/layout.js";
import type { ListeningSpec } from "../../train/listening/spec.js";
import { nextOf } from "../../train/query/export.js";
import type { ExpertStep } from "./episodes.js";

type Tensors = Readonly<Record<string, TensorData>>;

/** What a policy carries into an episode's first step. */
export const firstState = (spec: ListeningSpec): Tensors =>
  Object.fromEntries(
    Object.entries(listeningState(spec)).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { dtype: "float32", shape: [1, ...shape], data: new Float32Array(size) }];
    }),
  );

/** What it carries into the step after one with these outputs. */
export const nextState = (state: Tensors, outputs: Tensors): Tensors =>
  Object.fromEntries(Object.keys(state).map((name) => [name, own(outputs, nextOf(name))!]));

/** What it sees, hears and has done at a step of the expert's. */
export function stepFeeds({ image, tokens, previous }: ExpertStep, facts: WorldFacts): Tensors {
  const { channels, height, width } = facts.picture;
  return {
    [LISTENING_TENSORS.image]: { dtype: "uint8", shape: [1, channels, height, width], data: image },
    [LISTENING_TENSORS.instruction]: {
      dtype: "int64",
      shape: [1, tokens.length],
      data: BigInt64Array.from(tokens, BigInt),
    },
    [LISTENING_TENSORS.previous]: actionFeed(previous, facts),
  };
}

/** An action among all; zeros for −1, none. */
export function actionFeed(action: number, { actions }: WorldFacts): TensorData {
  const data = new Float32Array(actions.names.length);
  if (action >= 0) data[action] = 1;
  return { dtype: "float32", shape: [1, data.length], data };
}
