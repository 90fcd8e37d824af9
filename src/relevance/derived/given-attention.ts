import { input } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import { substitute } from "../../graph/substitute.js";
import type { Graph } from "../../graph/value.js";
import type { Subject } from "../contract/subject.js";
import { countTorques, ExplainedNetwork } from "../network/network.js";
import { weightingMaps } from "../network/weighting-maps.js";

/** A policy's attention maps as tensors that can be read and given. */
export interface GivenAttention {
  /** Names and shapes [1, 1, h, w] of the maps that features are multiplied by, in the order of the network. */
  readonly maps: ReadonlyMap<string, Shape>;
  /** The policy's own inputs to its maps. */
  readonly read: Graph;
  /** The policy's own inputs and maps to its command: the maps stand in the place of its own. */
  readonly given: Graph;
}

/** Undefined for a network without a map that weights features. */
export function givenAttention(subject: Subject): GivenAttention | undefined {
  const { graph, torque } = subject;
  const importance = input("torquelens.importance", "float32", [countTorques(subject)]);
  const own = [...new Set(weightingMaps(new ExplainedNetwork(subject, importance, "heatmap")).map(({ map }) => map))];
  if (own.length === 0) return undefined;
  const named = own.map((map, k) => ({ name: `torquelens.attention.${k}`, map }));
  const inputs = named.map(({ name, map }) => [name, input(name, "float32", map.shape)] as const);
  const [command] = substitute([graph.outputs.get(torque)!], new Map(own.map((map, k) => [map, inputs[k]![1]])));
  return {
    maps: new Map(named.map(({ name, map }) => [name, map.shape])),
    read: { ...graph, outputs: new Map(named.map(({ name, map }) => [name, map])), metadata: new Map() },
    given: {
      ...graph,
      inputs: new Map([...graph.inputs, ...inputs]),
      outputs: new Map([[torque, command!]]),
      metadata: new Map(),
    },
  };
}
