import {
  abs,
  add,
  cast,
  concat,
  expand,
  maximum,
  mul,
  reduceMax,
  reshape,
  safeDivide,
  scalar,
  slice,
  sub,
  sum,
  zeros,
} from "../graph/build.js";
import { sizeOf } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import { collapse, type Relevance, rowsOf } from "./carrier.js";
import type { Subject, SubjectImage, SubjectModality } from "./subject.js";

/**
 * How deep relevance is followed: only to where the image's features join (`shares`), to the α-weighted heatmap
 * (`heatmap`, what a live view needs), to every channel of every pixel (`full`), or to that for each torque
 * (`per-torque`).
 */
export type Depth = "shares" | "heatmap" | "full" | "per-torque";

/**
 * Makes the compiled model's outputs of what arrived at the inputs:
 * `torquelens.relevance.<input>` (shape of the input, α-weighted sum over torques; of an image not at depth `heatmap`),
 * `torquelens.heatmap.<input>` [H, W],
 * `torquelens.torque_relevance.<input>` [J, n] for inputs that are no image, `torquelens.torque_heatmap.<input>`
 * [J, H, W] where compiled per torque, `torquelens.shares` [M], `torquelens.torque_shares` [J, M],
 * `torquelens.residual` (scalar) and `torquelens.empty_pool` [J] (1 where Eq. 1 found no contribution of the torque's sign).
 */
export class Readout {
  readonly #torques: number;
  /** Σ|R_j| per torque where an image's features join, by modality, [J] each. */
  readonly #joined = new Map<string, Value[]>();
  /** α-weighted relevance of pixels, [H, W] each, by modality. */
  readonly #pixels = new Map<string, Value[]>();
  #arrived: ReadonlyMap<Value, Relevance> = new Map();
  #emptyPools: readonly Value[] = [];

  constructor(
    readonly subject: Subject,
    readonly importance: Value,
    /** The explained value, [.., J]. */
    readonly explained: Value,
    readonly depth: Depth,
  ) {
    this.#torques = sizeOf(explained.shape);
  }

  /** Notes what reaches an image's part of the network, [J, …] amounts, before it is followed collapsed or not at all. */
  joins(modality: string, amounts: readonly Value[]): void {
    const totals = this.#joined.get(modality) ?? [];
    totals.push(...amounts.map(perRow));
    this.#joined.set(modality, totals);
  }

  /** Takes relevance of an image's pixels where its channels are summed, [rows, 1, 1 or C, H, W]: it goes no further. */
  pixels(image: SubjectImage, relevance: Relevance): void {
    const { amount } = collapse(relevance, this.importance);
    const [h, w] = amount.shape.slice(-2) as [number, number];
    const summed = amount.shape[2] === 1 ? amount : sum(amount, [2], true);
    const heatmaps = this.#pixels.get(image.name) ?? [];
    this.#pixels.set(image.name, [...heatmaps, reshape(summed, [h, w])]);
  }

  arrives(arrived: ReadonlyMap<Value, Relevance>, emptyPools: readonly Value[]): void {
    this.#arrived = arrived;
    this.#emptyPools = emptyPools;
  }

  outputs(): [string, Value][] {
    const { modalities } = this.subject;
    const outputs: [string, Value][] = [];
    for (const name of new Set(modalities.map((modality) => modality.input))) {
      const image = modalities.find((m): m is SubjectImage => m.kind === "image" && m.input === name);
      if (image && this.depth === "shares") continue;
      const target = this.subject.graph.inputs.get(name)!;
      const relevance = this.#arrived.get(target);
      const sum = relevance && reshape(collapse(relevance, this.importance).amount, target.shape);
      if (!image || this.depth !== "heatmap")
        outputs.push([`torquelens.relevance.${name}`, sum ?? zeros(target.shape)]);
      if (image) {
        outputs.push([`torquelens.heatmap.${name}`, this.#heatmap(image) ?? heatmap(zeros(target.shape), image)]);
        if (relevance?.perTorque && this.depth === "per-torque")
          outputs.push([`torquelens.torque_heatmap.${name}`, torqueHeatmaps(relevance.amount, image)]);
      } else outputs.push([`torquelens.torque_relevance.${name}`, this.#rows(target, relevance)]);
    }
    const totals = concat(
      modalities.map((modality) => reshape(this.#total(modality), [1])),
      0,
    );
    const torqueTotals = concat(
      modalities.map((modality) => reshape(this.#torqueTotal(modality), [this.#torques, 1])),
      1,
    );
    outputs.push(
      ["torquelens.shares", safeDivide(totals, sum(totals, [0], true))],
      ["torquelens.torque_shares", safeDivide(torqueTotals, sum(torqueTotals, [1], true))],
      ["torquelens.residual", this.#residual()],
      ["torquelens.empty_pool", this.#emptyPool()],
    );
    return outputs;
  }

  /** Per-torque relevance of an input's elements, [J, n]. */
  #rows(target: Value, relevance: Relevance | undefined): Value {
    const size = sizeOf(target.shape);
    if (!relevance?.perTorque) return zeros([this.#torques, size]);
    return reshape(relevance.amount, [this.#torques, size]);
  }

  /** α-weighted relevance of a modality's elements; of an image's pixels where its channels are summed. */
  #elements(modality: SubjectModality): Value | undefined {
    if (modality.kind === "image" && this.depth === "heatmap") return this.#heatmap(modality);
    const target = this.subject.graph.inputs.get(modality.input)!;
    const relevance = this.#arrived.get(target);
    if (!relevance) return undefined;
    const all = reshape(collapse(relevance, this.importance).amount, [sizeOf(target.shape)]);
    return modality.kind === "image" ? all : slice(all, 0, modality.start, modality.start + modality.size);
  }

  /** α-weighted relevance of an image's pixels, [H, W]. */
  #heatmap(image: SubjectImage): Value | undefined {
    const target = this.subject.graph.inputs.get(image.input)!;
    const relevance = this.#arrived.get(target);
    const arrived = relevance && heatmap(reshape(collapse(relevance, this.importance).amount, target.shape), image);
    const parts = [...(this.#pixels.get(image.name) ?? []), ...(arrived ? [arrived] : [])];
    return parts.length > 0 ? parts.reduce(add) : undefined;
  }

  /** Σ|R| of a modality for the α-weighted sum. */
  #total(modality: SubjectModality): Value {
    const elements = this.#elements(modality);
    if (elements) return sum(abs(elements));
    const joined = this.#joined.get(modality.name);
    return joined && this.depth === "shares" ? sum(mul(joined.reduce(add), this.importance)) : scalar(0);
  }

  /** Σ|R_j| of a modality for each torque, [J]; an image's at the point where its features join. */
  #torqueTotal(modality: SubjectModality): Value {
    const joined = this.#joined.get(modality.name);
    if (joined) return joined.reduce(add);
    const target = this.subject.graph.inputs.get(modality.input)!;
    const rows = this.#rows(target, this.#arrived.get(target));
    return sum(
      abs(modality.kind === "image" ? rows : slice(rows, 1, modality.start, modality.start + modality.size)),
      [1],
    );
  }

  /** |ΣR_in − Σα|τ|| / Σα|τ|, 0 where there is nothing to conserve. */
  #residual(): Value {
    const asked = sum(mul(abs(reshape(this.explained, [this.#torques])), this.importance));
    const parts = this.subject.modalities.map((modality) => {
      const elements = this.#elements(modality);
      return elements ? sum(elements) : this.#total(modality);
    });
    return safeDivide(abs(sub(parts.reduce(add), asked)), asked);
  }

  #emptyPool(): Value {
    const rows = this.#emptyPools.map((pool) => reduceMax(reshape(cast(pool, "float32"), [this.#torques, -1]), [1]));
    return rows.length > 0 ? rows.reduce(maximum) : expand(scalar(0), [this.#torques]);
  }
}

/** Σ|R| of each row. */
function perRow(amount: Value): Value {
  const rows = rowsOf(amount);
  return sum(abs(reshape(amount, [rows, sizeOf(amount.shape) / rows])), [1]);
}

/** [.., H, W, C] or [.., C, H, W] → [H, W], summed over all but height and width. */
function heatmap(relevance: Value, { layout }: SubjectImage): Value {
  const rank = relevance.shape.length;
  const [h, w] = layout === "NHWC" ? [rank - 3, rank - 2] : [rank - 2, rank - 1];
  return sum(
    relevance,
    relevance.shape.flatMap((_, i) => (i === h || i === w ? [] : [i])),
  );
}

function torqueHeatmaps(amount: Value, { layout }: SubjectImage): Value {
  const rank = amount.shape.length;
  const [h, w] = layout === "NHWC" ? [rank - 3, rank - 2] : [rank - 2, rank - 1];
  return sum(
    amount,
    amount.shape.flatMap((_, i) => (i === 0 || i === h || i === w ? [] : [i])),
  );
}
