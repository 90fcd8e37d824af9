import { writeModel } from "../../graph/onnx-write.js";
import { sizeOf } from "../../graph/shape.js";
import type { CardInput } from "../../policy/card-schema.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import type { Layout } from "../network/parameters.js";
import { exportWorldPolicy, worldCard } from "../ppo/export.js";
import { nextOf, placeGeometry, QUERY_TENSORS, queryPolicy } from "../query/export.js";
import { stateShapes } from "../query/layout.js";
import { querySpecOf } from "./agents.js";
import { isQuerying, type VtraceRecipe } from "./recipe.js";

type Exported = Pick<VtraceRecipe, "frames" | "network">;

/** The policy of a world as a file: as those of `ppo`, or one that asks queries and carries its state. */
export function exportAgent(
  facts: WorldFacts,
  { frames, network }: Exported,
  layout: Layout,
  vector: Float32Array,
  metadata: ReadonlyMap<string, string>,
): Uint8Array {
  if (!isQuerying(network)) return exportWorldPolicy(facts, { frames, network }, layout, vector, metadata);
  const { inputs, outputs } = queryPolicy(querySpecOf(facts, frames, network), layout, vector);
  return writeModel({ name: "policy", inputs, outputs, metadata: new Map(metadata), opset: 18 });
}

/** The policy's card. */
export function agentCard(
  facts: WorldFacts,
  { frames, network }: Exported,
  training: Readonly<Record<string, unknown>>,
): CardInput {
  if (!isQuerying(network)) return worldCard(facts, { frames, network }, training);
  const spec = querySpecOf(facts, frames, network);
  const { image, action, reward, attention } = QUERY_TENSORS;
  const { training: record, inputs, ...card } = worldCard(facts, { frames }, training);
  const states = Object.entries(stateShapes(spec));
  return {
    ...card,
    inputs: {
      ...inputs,
      [action]: [{ modality: action, start: 0, size: spec.actions }],
      [reward]: [{ modality: reward, start: 0, size: 1 }],
      ...Object.fromEntries(states.map(([name, shape]) => [name, [{ modality: name, start: 0, size: sizeOf(shape) }]])),
    },
    state: Object.fromEntries(states.map(([name]) => [name, nextOf(name)])),
    attention: { [attention]: { modality: image, ...placeGeometry(spec) } },
    training: record,
  };
}
