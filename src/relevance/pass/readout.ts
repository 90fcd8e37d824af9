import {
  abs,
  add,
  cast,
  concat,
  div,
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
} from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution, Joined } from "../contract/attribution.js";
import { accumulate, collapse, type Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage, type SubjectModality, startsOf } from "../contract/subject.js";
import { featurePoints } from "./feature-points.js";

/**
 * The compiled model's outputs, of what a method leaves at the inputs:
 * `torquelens.relevance.<input>` (shape of the input, α-weighted sum over torques; of an image only at depth `full`;
 * equal parts to the channels where a method knows pixels only),
 * `torquelens.heatmap.<input>` [H, W], `torquelens.feature_points.<input>` [K, 2] where the policy has a soft-argmax,
 * `torquelens.torque_relevance.<input>` [J, n] for inputs that are no image, `torquelens.torque_heatmap.<input>`
 * [J, H, W] where compiled per torque, `torquelens.shares` [M], `torquelens.torque_shares` [J, M],
 * `torquelens.residual` (scalar) and `torquelens.empty_pool` [J] (1 where Eq. 1 found no contribution of the torque's sign).
 */
export function readout(network: Network, attribution: Attribution): [name: string, value: Value][] {
  return new Readout(network, attribution).outputs();
}

class Readout {
  readonly #pixels = new Map<SubjectImage, Relevance | undefined>();

  constructor(
    readonly network: Network,
    readonly attribution: Attribution,
  ) {}

  outputs(): [string, Value][] {
    const { subject, torques } = this.network;
    const { modalities } = subject;
    const outputs: [string, Value][] = [];
    for (const name of new Set(modalities.map((modality) => modality.input))) {
      const image = modalities.find((m): m is SubjectImage => m.kind === "image" && m.input === name);
      if (image) outputs.push(...this.#imageOutputs(image));
      else outputs.push(...this.#valueOutputs(name));
    }
    const totals = concat(
      modalities.map((modality) => reshape(this.#part(modality), [1])),
      0,
    );
    const torqueTotals = concat(
      modalities.map((modality) => reshape(this.#torquePart(modality), [torques, 1])),
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

  #imageOutputs(image: SubjectImage): [string, Value][] {
    const { depth } = this.network;
    if (depth === "shares") return [];
    const target = this.#target(image);
    const pixels = this.#pixelsOf(image);
    const outputs: [string, Value][] = [];
    if (depth === "full")
      outputs.push([`torquelens.relevance.${image.input}`, this.#imageRelevance(image) ?? zeros(target.shape)]);
    const [h, w] = heightAndWidth(target.shape, image).map((axis) => target.shape[axis]!) as [number, number];
    const heatmap = pixels ? reshape(this.#collapse(pixels), [h, w]) : zeros([h, w]);
    outputs.push([`torquelens.heatmap.${image.input}`, heatmap]);
    const points = featurePoints(image, this.network.context);
    if (points) outputs.push([`torquelens.feature_points.${image.input}`, points]);
    const each = this.attribution.torquePixels?.get(image.name) ?? (pixels?.perTorque ? pixels.amount : undefined);
    if (depth === "per-torque" && each) outputs.push([`torquelens.torque_heatmap.${image.input}`, each]);
    return outputs;
  }

  #valueOutputs(name: string): [string, Value][] {
    const target = this.network.subject.graph.inputs.get(name)!;
    const relevance = this.attribution.inputs.get(target);
    const weighted = relevance && reshape(this.#collapse(relevance), target.shape);
    return [
      [`torquelens.relevance.${name}`, weighted ?? zeros(target.shape)],
      [`torquelens.torque_relevance.${name}`, this.#rows(target)],
    ];
  }

  #target = ({ input }: SubjectModality): Value => this.network.subject.graph.inputs.get(input)!;
  #collapse = (relevance: Relevance): Value => collapse(relevance, this.network.importance).amount;

  /** Relevance of an image's pixels, [rows, H, W]: what was summed over channels on the way, and what is summed here. */
  #pixelsOf(image: SubjectImage): Relevance | undefined {
    if (!this.#pixels.has(image)) {
      const arrived = this.attribution.inputs.get(this.#target(image));
      const parts = [...(this.attribution.pixels.get(image.name) ?? [])];
      if (arrived) parts.push({ ...arrived, amount: overChannels(arrived.amount, image) });
      const whole = parts.length > 0 ? parts.reduce(accumulate(this.network.importance)) : undefined;
      this.#pixels.set(image, whole);
    }
    return this.#pixels.get(image);
  }

  /** α-weighted relevance of every channel of every pixel. */
  #imageRelevance(image: SubjectImage): Value | undefined {
    const target = this.#target(image);
    const arrived = this.attribution.inputs.get(target);
    if (arrived) return reshape(this.#collapse(arrived), target.shape);
    const pixels = this.#pixelsOf(image);
    if (!pixels) return undefined;
    const axes = heightAndWidth(target.shape, image);
    const alone = target.shape.map((d, i) => (axes.includes(i) ? d : 1));
    const channels = sizeOf(target.shape) / sizeOf(alone);
    return expand(reshape(div(this.#collapse(pixels), channels), alone), target.shape);
  }

  /** Per-torque relevance of an input's elements, [J, n]. */
  #rows(target: Value): Value {
    const { torques } = this.network;
    const relevance = this.attribution.inputs.get(target);
    const size = sizeOf(target.shape);
    return relevance?.perTorque ? reshape(relevance.amount, [torques, size]) : zeros([torques, size]);
  }

  /** α-weighted relevance of a modality's elements; of an image's pixels where its channels are summed. */
  #elements(modality: SubjectModality): Value | undefined {
    const { depth } = this.network;
    const target = this.#target(modality);
    if (modality.kind === "image" && depth === "full") return this.#imageRelevance(modality);
    if (modality.kind === "image") {
      const pixels = this.#pixelsOf(modality);
      return pixels && this.#collapse(pixels);
    }
    const relevance = this.attribution.inputs.get(target);
    if (!relevance) return undefined;
    const all = reshape(this.#collapse(relevance), [sizeOf(target.shape)]);
    return concat(
      startsOf(modality).map((start) => slice(all, 0, start, start + modality.size)),
      0,
    );
  }

  /** What a modality's share is made of. */
  #part(modality: SubjectModality): Value {
    const { totals } = this.attribution;
    return totals ? (totals.weighted.get(modality.name) ?? scalar(0)) : this.#total(modality);
  }

  /** What a modality's share in each torque is made of, [J]. */
  #torquePart(modality: SubjectModality): Value {
    const { totals } = this.attribution;
    return totals
      ? (totals.perTorque.get(modality.name) ?? zeros([this.network.torques]))
      : this.#torqueTotal(modality);
  }

  /** Σ|R| of a modality for the α-weighted sum. */
  #total(modality: SubjectModality): Value {
    const elements = this.#elements(modality);
    if (elements) return sum(abs(elements));
    return this.#weightedAtJoin(modality, "size");
  }

  /** Σα_j|R_j| or Σα_jR_j of an image where its features join, which is all that depth `shares` follows. */
  #weightedAtJoin({ name }: SubjectModality, what: keyof Joined): Value {
    const joined = this.attribution.joined.get(name);
    const { depth, importance } = this.network;
    if (!joined || depth !== "shares") return scalar(0);
    return sum(mul(joined.map((at) => at[what]).reduce(add), importance));
  }

  /** Σ|R_j| of a modality for each torque, [J]; an image's where its features join, unless pixels are told apart. */
  #torqueTotal(modality: SubjectModality): Value {
    const { torques } = this.network;
    const joined = this.attribution.joined.get(modality.name);
    if (joined) return joined.map(({ size }) => size).reduce(add);
    const target = this.#target(modality);
    if (modality.kind === "values")
      return startsOf(modality)
        .map((start) => sum(abs(slice(this.#rows(target), 1, start, start + modality.size)), [1]))
        .reduce(add);
    if (this.attribution.inputs.has(target)) return sum(abs(this.#rows(target)), [1]);
    const pixels = this.#pixelsOf(modality);
    return pixels?.perTorque
      ? sum(abs(reshape(pixels.amount, [torques, sizeOf(pixels.amount.shape) / torques])), [1])
      : zeros([torques]);
  }

  /** |ΣR_in − Σα|τ|| / Σα|τ|, 0 where there is nothing to conserve. */
  #residual(): Value {
    const { explained, importance, torques, subject } = this.network;
    const asked = sum(mul(abs(reshape(explained, [torques])), importance));
    const parts = subject.modalities.map((modality) => {
      const elements = this.#elements(modality);
      return elements ? sum(elements) : this.#weightedAtJoin(modality, "sum");
    });
    return safeDivide(abs(sub(parts.reduce(add), asked)), asked);
  }

  #emptyPool(): Value {
    const { torques } = this.network;
    const rows = this.attribution.emptyPools.map((pool) =>
      reduceMax(reshape(cast(pool, "float32"), [torques, -1]), [1]),
    );
    return rows.length > 0 ? rows.reduce(maximum) : expand(scalar(0), [torques]);
  }
}

/** [rows, …, H, W, C] or [rows, …, C, H, W] → [rows, H, W], summed over all else. */
function overChannels(amount: Value, image: SubjectImage): Value {
  const kept = [0, ...heightAndWidth(amount.shape, image)];
  return sum(
    amount,
    amount.shape.flatMap((_, i) => (kept.includes(i) ? [] : [i])),
  );
}
