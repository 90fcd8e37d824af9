import { isStatistic } from "../../graph/kinds.js";
import { type Graph, type Node, topologicalOrder, type Value } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { Pattern } from "../contract/pattern.js";
import { recogniseLayer } from "../layers/table.js";
import { RECOGNISERS } from "../patterns/table.js";

/** Facts of a graph. The constructor finds all but the linear layers, which are found on demand. */
export class GraphAnalysis implements Analysis {
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
        for (const output of node.outputs) if (!isStatistic(output)) this.#dependent.add(output);
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

  isDependent(value: Value): boolean {
    return this.#dependent.has(value);
  }

  pattern(node: Node): Pattern | undefined {
    return this.#patterns.get(node);
  }

  layer(node: Node): LinearLayer | undefined {
    if (!this.#layers.has(node)) this.#layers.set(node, recogniseLayer(node, this));
    return this.#layers.get(node);
  }

  isOutputSide(node: Node): boolean {
    return !node.outputs.some((output) => this.#beforeLinear.has(output));
  }

  softArgmax(node: Node): Value | undefined {
    const pattern = this.pattern(node);
    return pattern?.kind === "soft-argmax" ? pattern.source : undefined;
  }

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
