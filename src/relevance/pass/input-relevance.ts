import { concat, div, expand, reshape, slice, sum, zeros } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { accumulate, collapse, type Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage, type SubjectModality, startsOf } from "../contract/subject.js";

/** Relevance of the elements and pixels of the inputs. */
export class InputRelevance {
  readonly #pixels = new Map<SubjectImage, Relevance | undefined>();

  constructor(
    readonly network: Network,
    readonly attribution: Attribution,
  ) {}

  /** The input tensor that a modality is a part of. */
  tensorOf({ input }: SubjectModality): Value {
    return this.network.subject.graph.inputs.get(input)!;
  }

  /** The α-weighted sum over torques, [1, …]. */
  weighted(relevance: Relevance): Value {
    return collapse(relevance, this.network.importance).amount;
  }

  /** Relevance of an image's pixels, [rows, H, W]: those summed over channels on the way, and those summed here. */
  pixelsOf(image: SubjectImage): Relevance | undefined {
    if (!this.#pixels.has(image)) {
      const arrived = this.attribution.inputs.get(this.tensorOf(image));
      const parts = [...(this.attribution.pixels.get(image.name) ?? [])];
      if (arrived) parts.push({ ...arrived, amount: overChannels(arrived.amount, image) });
      const whole = parts.length > 0 ? parts.reduce(accumulate(this.network.importance)) : undefined;
      this.#pixels.set(image, whole);
    }
    return this.#pixels.get(image);
  }

  /** α-weighted relevance of every channel of every pixel. */
  ofImage(image: SubjectImage): Value | undefined {
    const target = this.tensorOf(image);
    const arrived = this.attribution.inputs.get(target);
    if (arrived) return reshape(this.weighted(arrived), target.shape);
    const pixels = this.pixelsOf(image);
    if (!pixels) return undefined;
    const axes = heightAndWidth(target.shape, image);
    const alone = target.shape.map((d, i) => (axes.includes(i) ? d : 1));
    const channels = sizeOf(target.shape) / sizeOf(alone);
    return expand(reshape(div(this.weighted(pixels), channels), alone), target.shape);
  }

  /** Per-torque relevance of an input's elements, [J, n]. */
  rows(target: Value): Value {
    const { torques } = this.network;
    const relevance = this.attribution.inputs.get(target);
    const size = sizeOf(target.shape);
    return relevance?.perTorque ? reshape(relevance.amount, [torques, size]) : zeros([torques, size]);
  }

  /** α-weighted relevance of a modality's elements; of an image's pixels where its channels are summed. */
  elements(modality: SubjectModality): Value | undefined {
    const { depth } = this.network;
    const target = this.tensorOf(modality);
    if (modality.kind === "image" && depth === "full") return this.ofImage(modality);
    if (modality.kind === "image") {
      const pixels = this.pixelsOf(modality);
      return pixels && this.weighted(pixels);
    }
    const relevance = this.attribution.inputs.get(target);
    if (!relevance) return undefined;
    const all = reshape(this.weighted(relevance), [sizeOf(target.shape)]);
    return concat(
      startsOf(modality).map((start) => slice(all, 0, start, start + modality.size)),
      0,
    );
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
