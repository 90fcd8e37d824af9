import { input } from "../../graph/build.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import type { Graph } from "../../graph/value.js";
import type { Subject } from "../contract/subject.js";
import { countTorques, ExplainedNetwork } from "../network/network.js";
import { weightingMaps } from "../network/weighting-maps.js";
import { mixtureOf } from "../patterns/attention.js";

/** Attention as a tensor. */
interface AttentionTensor {
  readonly shape: Shape;
  /** Numbers that belong together, one a place: a whole map, or a query's weights, one query after another. */
  readonly places: number;
}

/** A policy's attention as tensors that can be read and given. */
export interface GivenAttention {
  /** By name, in the order of the network: maps [1, 1, h, w] that features are multiplied by, or weights [.., Q, places]. */
  readonly maps: ReadonlyMap<string, AttentionTensor>;
  /** The policy's own inputs to its maps. */
  readonly read: Graph;
  /** The policy's own inputs and maps to all its outputs: the maps stand in the place of its own. */
  readonly given: Graph;
}

/** Undefined for a network without a map that weights features, and without values that a softmax's weights mix. */
export function givenAttention(subject: Subject): GivenAttention | undefined {
  const { graph } = subject;
  const importance = input("torquelens.importance", "float32", [countTorques(subject)]);
  const network = new ExplainedNetwork(subject, importance, "heatmap");
  const { analysis } = network.context;
  const mixing = analysis.order.flatMap((node) => mixtureOf(node, analysis)?.softmax.outputs[0] ?? []);
  const own = [...new Set([...weightingMaps(network).map(({ map }) => map), ...mixing])];
  if (own.length === 0) return undefined;
  const weights = new Set(mixing);
  const named = own.map((map, k) => ({ name: `torquelens.attention.${k}`, map }));
  const inputs = named.map(({ name, map }) => [name, input(name, "float32", map.shape)] as const);
  const others = substitute([...graph.outputs.values()], new Map(own.map((map, k) => [map, inputs[k]![1]])));
  return {
    maps: new Map(
      named.map(({ name, map }) => {
        const { shape } = map;
        return [name, { shape, places: weights.has(map) ? shape.at(-1)! : sizeOf(shape) }];
      }),
    ),
    read: { ...graph, outputs: new Map(named.map(({ name, map }) => [name, map])), metadata: new Map() },
    given: {
      ...graph,
      inputs: new Map([...graph.inputs, ...inputs]),
      outputs: new Map([...graph.outputs.keys()].map((name, k) => [name, others[k]!])),
      metadata: new Map(),
    },
  };
}
