import type { Graph, Node, Value } from "../../graph/value.js";
import { topologicalOrder } from "../../graph/value.js";
import { type LinearLayer, recogniseLayer } from "../layers/linear-layer.js";
import type { Pattern } from "../patterns/pattern.js";
import { RECOGNISERS } from "../patterns/table.js";

/** What rules ask about a network: what depends on the inputs, what several nodes are together, what lies behind the last layer. */
export class Analysis {
  readonly order: readonly Node[];
  readonly consumers = new Map<Value, Node[]>();
  readonly #dependent = new Set<Value>();
  readonly #beforeLinear = new Set<Value>();
  readonly #patterns = new Map<Node, Pattern>();
  readonly #pointMaps = new Set<Node>();
  readonly #layers = new Map<Node, LinearLayer | undefined>();

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
      if (!node.outputs.some((output) => this.#dependent.has(output))) continue;
      const pattern = firstOf(RECOGNISERS, (recognise) => recognise(node, this));
      if (!pattern) continue;
      this.#patterns.set(node, pattern);
      if (pattern.kind === "soft-argmax") this.#pointMaps.add(pattern.softmax);
    }
    for (const node of [...this.order].reverse()) {
      const before =
        this.layer(node) !== undefined ||
        this.softArgmax(node) !== undefined ||
        node.outputs.some((output) => this.#beforeLinear.has(output));
      if (before) for (const value of node.inputs) if (value) this.#beforeLinear.add(value);
    }
  }

  /** Whether a value changes with the observation; what does not is a constant, weights and their sums included. */
  isDependent(value: Value): boolean {
    return this.#dependent.has(value);
  }

  /** The pattern that ends at a node: what several nodes compute together. */
  pattern(node: Node): Pattern | undefined {
    return this.#patterns.get(node);
  }

  /** The linear layer that ends at a node, what is written behind it included; none at a soft-argmax. */
  layer(node: Node): LinearLayer | undefined {
    if (!this.#layers.has(node)) this.#layers.set(node, recogniseLayer(node, this));
    return this.#layers.get(node);
  }

  /** Whether no linear layer lies behind this node: the last linear layer, and what scales or clips the torques. */
  isOutputSide(node: Node): boolean {
    return !node.outputs.some((output) => this.#beforeLinear.has(output));
  }

  /** The probability map [.., cells] whose expected coordinates this node computes, where it is a soft-argmax. */
  softArgmax(node: Node): Value | undefined {
    const pattern = this.pattern(node);
    return pattern?.kind === "soft-argmax" ? pattern.source : undefined;
  }

  /** Whether this Softmax makes the probability maps of a soft-argmax. */
  isPointMap(node: Node): boolean {
    return this.#pointMaps.has(node);
  }
}

function firstOf<T, R>(items: readonly T[], answer: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = answer(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
