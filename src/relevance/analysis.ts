import type { Graph, Node, Value } from "../graph/value.js";
import { topologicalOrder } from "../graph/value.js";
import { linearLayer } from "./linear-layer.js";
import { softArgmaxSource } from "./soft-argmax.js";

/** What rules ask about a network: what depends on the inputs, who reads whom, what lies behind the last layer. */
export class Analysis {
  readonly order: readonly Node[];
  readonly consumers = new Map<Value, Node[]>();
  readonly #dependent = new Set<Value>();
  readonly #beforeLinear = new Set<Value>();
  readonly #softArgmaxes = new Map<Node, Value>();
  readonly #pointMaps = new Set<Node>();

  constructor(readonly graph: Graph) {
    this.order = topologicalOrder(graph.outputs.values());
    for (const node of this.order) {
      if (node.op === "Input" || node.inputs.some((value) => value && this.#dependent.has(value)))
        for (const output of node.outputs) this.#dependent.add(output);
      for (const value of node.inputs) {
        if (!value) continue;
        const readers = this.consumers.get(value) ?? [];
        readers.push(node);
        this.consumers.set(value, readers);
      }
    }
    for (const node of this.order) {
      const points = softArgmaxSource(node, this);
      if (!points) continue;
      this.#softArgmaxes.set(node, points.probability);
      this.#pointMaps.add(points.softmax);
    }
    for (const node of [...this.order].reverse()) {
      const before =
        linearLayer(node, this) !== undefined || node.outputs.some((output) => this.#beforeLinear.has(output));
      if (before) for (const value of node.inputs) if (value) this.#beforeLinear.add(value);
    }
  }

  /** Whether a value changes with the observation; what does not is a constant, weights and their sums included. */
  isDependent(value: Value): boolean {
    return this.#dependent.has(value);
  }

  /** Whether no linear layer lies behind this node: the last linear layer, and what scales or clips the torques. */
  isOutputSide(node: Node): boolean {
    return !node.outputs.some((output) => this.#beforeLinear.has(output));
  }

  /** The probability map [.., cells] whose expected coordinates this node computes, where it is a soft-argmax. */
  softArgmax(node: Node): Value | undefined {
    return this.#softArgmaxes.get(node);
  }

  /** Whether this Softmax makes the probability maps of a soft-argmax. */
  isPointMap(node: Node): boolean {
    return this.#pointMaps.has(node);
  }
}
