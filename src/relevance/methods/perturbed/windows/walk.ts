import { cast, reshape, sub } from "../../../../graph/build.js";
import { sizeOf } from "../../../../graph/shape.js";
import { substitute } from "../../../../graph/substitute.js";
import { type Node, topologicalOrder, type Value } from "../../../../graph/value.js";
import type { Network } from "../../../contract/facts.js";
import { heightAndWidth } from "../../../contract/subject.js";
import { fedAs } from "../changed.js";
import type { Picture } from "../picture.js";
import type { Cells } from "./cells.js";
import { convolvedCells } from "./convolved.js";
import { denseMatrix } from "./dense.js";
import { FirstLayer, firstLayerCells, firstLayerCost } from "./first-layer.js";
import { isMap, layerCells } from "./layers.js";
import type { SeparableMasks } from "./masks.js";
import { type Pixels, pixelsAfter } from "./pixels.js";

/** What it costs to take a cell, in multiplications: the cell, and each of its channels. */
const TAKING = { cell: 250, channel: 5 };

/** How far changes are followed cell by cell, and what that costs. */
export interface Walk {
  readonly first: ReadonlyMap<Node, FirstLayer>;
  /** Maps whose cells are known and which the rest of the network reads. */
  readonly maps: ReadonlySet<Cells>;
  /** Dense layers behind cells. */
  readonly dense: ReadonlyMap<Node, Cells>;
  /** Layers that could be followed and are computed whole. */
  readonly whole: ReadonlySet<Node>;
  /** Layers that are computed in windows. */
  readonly layers: number;
  /** Cost of all changes in multiplications: with windows, and of whole pictures. */
  readonly cost: { readonly windows: number; readonly whole: number };
  /** Indices of all cells that are taken; the runtime computes and holds them when it loads the model. */
  readonly indices: number;
  /** Elements of the largest table of cells, and of the largest tensor where the network is computed whole. */
  readonly largest: { readonly table: number; readonly whole: number };
}

export interface Changed {
  readonly network: Network;
  readonly picture: Picture;
  readonly masks: SeparableMasks;
  /** What is under the masks. */
  readonly other: Value;
}

/**
 * Follows changes through the network, without computing anything.
 * @param chosen rows of the grid
 * @param most part of a whole layer's cost up to which it is followed; or a walk of more rows, which decides the same
 * @returns undefined where a layer reads the image in another way than a convolution of scaled pixels does
 */
export function walk(changed: Changed, chosen: readonly number[], most: number | Walk): Walk | undefined {
  return new Walker(changed, chosen, most).walk();
}

class Walker {
  readonly #first = new Map<Node, FirstLayer>();
  readonly #maps = new Set<Cells>();
  readonly #dense = new Map<Node, Cells>();
  readonly #whole = new Set<Node>();
  readonly #pixels = new Map<Value, Pixels>();
  readonly #cells = new Map<Value, Cells>();
  /** Cells as one row, [1, C · H · W]. */
  readonly #flat = new Map<Value, Cells>();
  readonly #beyond = new Set<Node>();
  readonly #positions: number;
  readonly #before: Walk | undefined;
  readonly #most: number;
  #windows = 0;
  #all = 0;
  #indices = 0;
  readonly #largest = { table: 1, whole: 1 };

  constructor(
    private readonly changed: Changed,
    private readonly chosen: readonly number[],
    most: number | Walk,
  ) {
    this.#before = typeof most === "number" ? undefined : most;
    this.#most = typeof most === "number" ? most : Number.POSITIVE_INFINITY;
    const { picture, masks } = changed;
    const { input } = picture.changes;
    this.#pixels.set(input, { axes: heightAndWidth(input.shape, picture.image), offset: [0, 0] });
    this.#positions = chosen.length * masks.across[0]!.shape[0]!;
  }

  walk(): Walk | undefined {
    const { commanded } = this.changed.network;
    for (const node of topologicalOrder([commanded])) {
      const sources = node.inputs.filter((value): value is Value => value !== undefined && this.#isChanged(value));
      if (sources.length > 0 && (node.body !== undefined || !this.#step(node, sources))) return undefined;
    }
    this.#readWhole([commanded]);
    if (this.#maps.size + this.#dense.size === 0) return undefined;
    const cost = { windows: this.#windows, whole: this.#all };
    const [first, maps, dense, whole] = [this.#first, this.#maps, this.#dense, this.#whole];
    const layers = this.#cells.size + dense.size;
    return { first, maps, dense, whole, layers, cost, indices: this.#indices, largest: this.#largest };
  }

  #isChanged(value: Value): boolean {
    const known = this.#pixels.has(value) || this.#cells.has(value) || this.#flat.has(value);
    return known || this.#beyond.has(value.node);
  }

  /** False where windows cannot be followed. */
  #step(node: Node, sources: readonly Value[]): boolean {
    const cost = this.#positions * costOf(node);
    this.#all += cost;
    if (sources.every((value) => this.#pixels.has(value))) return this.#readPixels(node);
    if (sources.some((value) => this.#pixels.has(value))) return false;
    if (this.#flatten(node) || this.#readFlat(node, sources, cost) || this.#follow(node, sources, cost)) return true;
    this.#readWhole(sources);
    this.#beyond.add(node);
    this.#windows += cost;
    for (const { shape } of node.outputs) this.#atLeast("whole", this.#positions * sizeOf(shape));
    return true;
  }

  #readPixels(node: Node): boolean {
    const [output] = node.outputs as readonly [Value];
    const shown = pixelsAfter(node, (value) => this.#pixels.get(value));
    if (shown) {
      this.#pixels.set(output, shown);
      return true;
    }
    const [x, ...others] = node.inputs as readonly [Value, ...(Value | undefined)[]];
    const pixels = this.#pixels.get(x);
    const isFirst =
      node.op === "Conv" &&
      isMap(x) &&
      x.dtype === "float32" &&
      !others.some((value) => value && this.#pixels.has(value));
    if (!isFirst || pixels?.axes[0] !== 2 || pixels.axes[1] !== 3) return false;
    const layer = this.#before?.first.get(node) ?? new FirstLayer(node, pixels, () => this.#difference(x));
    const cells = firstLayerCells(layer, this.changed.masks, this.chosen);
    this.#first.set(node, layer);
    this.#cells.set(output, cells);
    this.#windows += firstLayerCost(node, cells, this.changed.masks);
    this.#atLeast("table", cells.size * cells.channels);
    return true;
  }

  /** The pixels at a value with the other image in place of the image, less those of the image. */
  #difference(x: Value): Value {
    const { other, picture } = this.changed;
    const { input } = picture.changes;
    const [changed] = substitute([x], new Map([[input, reshape(cast(other, fedAs(input)), input.shape)]]));
    return sub(changed!, x);
  }

  #flatten(node: Node): boolean {
    const cells = this.#cells.get(node.inputs[0]!);
    const [output] = node.outputs as readonly [Value];
    const isFlat =
      (node.op === "Reshape" || node.op === "Flatten") && output.shape.length === 2 && output.shape[0] === 1;
    if (!cells || !isFlat) return false;
    this.#flat.set(output, cells);
    return true;
  }

  #readFlat(node: Node, sources: readonly Value[], cost: number): boolean {
    const cells = this.#flat.get(node.inputs[0]!);
    const matrix = cells && denseMatrix(node);
    const isRead = sources.length === 1 && sources[0] === node.inputs[0];
    const part = cells ? cells.rows.list.length / (this.chosen.length * cells.rows.extent) : 1;
    if (!cells || !matrix || !isRead || this.#before?.whole.has(node)) return false;
    if (part > this.#most) {
      this.#whole.add(node);
      return false;
    }
    this.#dense.set(node, cells);
    this.#beyond.add(node);
    this.#windows += part * cost;
    this.#atLeast("whole", part * this.#positions * sizeOf(cells.map.shape));
    this.#atLeast("whole", part * this.#positions * sizeOf(node.outputs[0]!.shape) * cells.rows.extent);
    return true;
  }

  #follow(node: Node, sources: readonly Value[], cost: number): boolean {
    if (!sources.every((value) => this.#cells.has(value)) || this.#before?.whole.has(node)) return false;
    const found = layerCells(node, (value) => this.#cells.get(value));
    if (!found) return false;
    const part = found.size / (this.#positions * sizeOf(found.map.shape.slice(2)));
    const taken = takenCells(node, this.#cells.get(node.inputs[0]!), found);
    const channels = node.inputs[0]!.shape[1]!;
    const taking = node.op === "Conv" ? taken * (TAKING.cell + TAKING.channel * channels) : 0;
    const windows = part * cost + taking;
    if (part > this.#most || (cost > 0 && windows > this.#most * cost)) {
      this.#whole.add(node);
      return false;
    }
    this.#cells.set(found.map, found);
    this.#windows += windows;
    this.#indices += taken;
    this.#atLeast("table", found.size * found.channels);
    return true;
  }

  /** Values that the rest of the network reads whole. */
  #readWhole(values: readonly Value[]): void {
    for (const value of values) {
      const cells = this.#cells.get(value) ?? this.#flat.get(value);
      if (!cells) continue;
      this.#maps.add(cells);
      this.#indices += this.#positions * sizeOf(cells.map.shape.slice(2));
      this.#atLeast("whole", this.#positions * sizeOf(cells.map.shape));
    }
  }

  #atLeast(what: "table" | "whole", elements: number): void {
    this.#largest[what] = Math.max(this.#largest[what], elements);
  }
}

/** Multiplications of a layer for one picture. */
function costOf({ op, inputs, outputs }: Node): number {
  const size = sizeOf(outputs[0]!.shape);
  if (op === "Conv") return size * sizeOf(inputs[1]!.shape.slice(1));
  if (op === "MatMul" || op === "Gemm") return size * inputs[0]!.shape.at(-1)!;
  return 0;
}

/** Cells that a layer takes: a convolution the columns of its windows, other layers whole windows. */
function takenCells(node: Node, x: Cells | undefined, found: Cells): number {
  return (x && convolvedCells(node, x, found)) ?? found.size * windowSize(node);
}

/** Cells that a layer's window sees. */
function windowSize({ op, inputs, attributes }: Node): number {
  if (op === "Conv") return sizeOf(inputs[1]!.shape.slice(2));
  return op.endsWith("Pool") ? sizeOf(attributes.kernel_shape as readonly number[]) : 1;
}
