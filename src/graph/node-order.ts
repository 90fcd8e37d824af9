import { InputError } from "../errors.js";
import type { NodeProto } from "./onnx-schema.js";

/** A node's name in messages. */
const called = ({ name, output, opType }: NodeProto): string => `"${name || output[0] || "(unnamed)"}" (${opType})`;

/**
 * Sorts nodes so that each follows the nodes that make its inputs; the file's order is kept where it can be.
 * @param isGiven true for a name that no node makes: graph inputs and initializers
 * @throws InputError for nodes in a cycle, naming them in order
 */
export function inOrder(nodes: readonly NodeProto[], isGiven: (name: string) => boolean, source: string): NodeProto[] {
  const makers = new Map<string, NodeProto>();
  for (const node of nodes)
    for (const name of node.output) if (name && !isGiven(name) && !makers.has(name)) makers.set(name, node);
  const order: NodeProto[] = [];
  const done = new Set<NodeProto>();
  const waiting = new Set<NodeProto>();
  for (const node of nodes) {
    const path = done.has(node) ? [] : [{ node, next: 0 }];
    if (path.length > 0) waiting.add(node);
    while (path.length > 0) {
      const top = path.at(-1)!;
      if (top.next === top.node.input.length) {
        order.push(top.node);
        done.add(top.node);
        waiting.delete(top.node);
        path.pop();
        continue;
      }
      const maker = makers.get(top.node.input[top.next++]!);
      if (!maker || done.has(maker)) continue;
      if (waiting.has(maker)) {
        const cycle = path.slice(path.findIndex((step) => step.node === maker)).map((step) => called(step.node));
        throw new InputError(`${source}: nodes ${described(cycle)} form a cycle, each needs the output of the next`);
      }
      waiting.add(maker);
      path.push({ node: maker, next: 0 });
    }
  }
  return order;
}

/** Nodes in order; the middle is left out where there are many. */
function described(nodes: readonly string[]): string {
  const shown = nodes.length <= 6 ? nodes : [...nodes.slice(0, 3), `${nodes.length - 4} more`, nodes.at(-1)!];
  return [...shown, nodes[0]!].join(" → ");
}
