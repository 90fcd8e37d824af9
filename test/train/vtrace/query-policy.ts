import { readModel } from "#src/graph/onnx-read.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import { policyOf } from "#src/policy/policy.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { sharedFloats } from "#src/train/network/parameters.js";
import type { QueryLayers } from "#src/train/query/spec.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import { agentCard, exportAgent } from "#src/train/vtrace/export.js";

/** A network that asks two queries, for any picture. */
export const SMALL: QueryLayers = {
  convolutions: [{ filters: 4, kernel: 8, stride: 8 }],
  memory: 6,
  memoryKernel: 3,
  keys: 2,
  frequencies: [2, 2],
  queries: 2,
  queryHidden: [8],
  answer: [12, 8],
  core: 8,
};

const WORLD = "red-fetch-green";

/** A policy of Red-Fetch-Green with random weights, large enough that its memory matters to what it does. */
export function queryPolicyFile(seed = 1) {
  const { facts } = worldNamed(WORLD);
  const recipe = { frames: 1, network: SMALL };
  const { layout, initialise } = agentOf(facts, recipe);
  const parameters = sharedFloats(layout.size);
  initialise(parameters, random(seed));
  const source = random(seed, 1);
  for (const name of layout.slots.keys()) {
    const numbers = layout.view(parameters, name);
    const scale = name === "policy.weight" ? 200 : 1;
    numbers.forEach((number, i) => {
      numbers[i] = scale * number + 0.3 * source.normal();
    });
  }
  const card = serialiseCard(agentCard(facts, recipe, { task: WORLD }));
  const bytes = exportAgent(facts, recipe, layout, parameters, new Map());
  const model = { path: "policy.onnx", bytes, sha256: "", graph: readModel(bytes, "policy.onnx") };
  const policy = policyOf(model, { card: parseCard(card, "policy.yaml"), source: "policy.yaml", folder: "." });
  return { policy, parameters };
}
