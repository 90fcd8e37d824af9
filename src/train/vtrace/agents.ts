import { concat, mul, slice } from "../../graph/build.js";
import { own } from "../../own.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import type { Parameters } from "../network/linear.js";
import { fastConvolution } from "../pixels/layers.js";
import type { ActorCritic } from "../ppo/network.js";
import { headOf } from "../ppo/recipe.js";
import { worldNetwork } from "../ppo/subject.js";
import { carriedOf, stateOf } from "../query/export.js";
import { initialiseQuery, queryLayout, stateShapes } from "../query/layout.js";
import { policyHead, queryNetwork, valueHead } from "../query/network.js";
import type { QueryLayers, QuerySpec } from "../query/spec.js";
import type { Agent } from "./network.js";
import { isQuerying, type VtraceRecipe } from "./recipe.js";

/** The network of a recipe for a world. */
export function agentOf(facts: WorldFacts, recipe: Pick<VtraceRecipe, "frames" | "network">): Agent {
  const { frames, network } = recipe;
  return isQuerying(network)
    ? queryAgent(facts, querySpecOf(facts, frames, network))
    : withoutMemory(worldNetwork(facts, { frames, network }));
}

/** The layers for a world's pictures and actions. */
export function querySpecOf(facts: WorldFacts, frames: number, layers: QueryLayers): QuerySpec {
  const { width, height, channels } = facts.picture;
  return { ...layers, width, height, channels: frames * channels, actions: headOf(facts).width };
}

function queryAgent(facts: WorldFacts, spec: QuerySpec): Agent {
  const head = headOf(facts);
  const layout = queryLayout(spec, head.outputs, head.extra);
  return {
    head,
    layout,
    image: [spec.channels, spec.height, spec.width],
    state: stateShapes(spec),
    initialise: (vector, random) => initialiseQuery(spec, layout, vector, random),

    act(p, { carried, ...seen }) {
      const { hidden, state } = queryNetwork(spec, scaled(p), { ...seen, state: stateOf(carried) }, fastConvolution);
      return { policy: policyHead(p, hidden[0]!), value: valueHead(p, hidden[0]!), carried: carriedOf(state) };
    },

    unroll(p, { carried, ...seen }) {
      const { hidden } = queryNetwork(spec, scaled(p), { ...seen, state: stateOf(carried) }, fastConvolution);
      const all = concat(hidden.slice(0, -1), 0);
      return { policy: policyHead(p, all), value: valueHead(p, all), last: valueHead(p, hidden.at(-1)!) };
    },
  };
}

/** The bytes' 1/255, as part of the first convolution's weights. */
const scaled = (p: Parameters): Parameters => ({ ...p, "conv1.weight": mul(own(p, "conv1.weight")!, 1 / 255) });

/** A network that sees the image alone. */
function withoutMemory({ head, layout, image, initialise, outputs }: ActorCritic): Agent {
  return {
    head,
    layout,
    image,
    state: {},
    initialise,
    act: (p, { image }) => ({ ...outputs(p, { image, configuration: undefined }), carried: {} }),
    unroll(p, { image, keeps }) {
      const [rows, batch] = keeps!.shape as [number, number];
      const of = (from: number, to: number) =>
        outputs(p, { image: slice(image, 0, from * batch, to * batch), configuration: undefined });
      return { ...of(0, rows - 1), last: of(rows - 1, rows).value };
    },
  };
}
