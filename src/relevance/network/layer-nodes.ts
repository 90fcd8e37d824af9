import type { Node } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";
import type { LinearLayer } from "../contract/linear-layer.js";

/** The nodes of a layer: its own, and those folded into it, from its output to its input. */
export function nodesOf(layer: LinearLayer, analysis: Pick<Analysis, "isDependent">): Node[] {
  const nodes = new Set<Node>();
  const collect = (node: Node) => {
    if (nodes.has(node)) return;
    nodes.add(node);
    for (const value of node.inputs)
      if (value && value !== layer.input && analysis.isDependent(value)) collect(value.node);
  };
  collect(layer.node);
  return [...nodes];
}
