import { sameShape } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import type { Analysis } from "./analysis.js";
import type { Prefix } from "./prefix.js";
import type { Depth } from "./readout.js";
import { isNonNegative } from "./sign.js";
import type { Subject } from "./subject.js";

/** What a rule may ask while one network is compiled. */
export class Context {
  /** Per output element, whether the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: Value[] = [];
  readonly #signs = new Map<Value, boolean>();

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
    readonly prefix: Prefix,
    readonly depth: Depth,
  ) {}

  /**
   * Whether only the sum over channels is asked of this [N, C, H, W] value: at depth `heatmap`, where it still has the
   * image's own pixels and channels.
   */
  sumsChannels({ shape }: Value): boolean {
    if (this.depth !== "heatmap") return false;
    return this.subject.modalities.some((modality) => {
      if (modality.kind !== "image") return false;
      const image = this.subject.graph.inputs.get(modality.input)!.shape;
      const [n, h, w, c] = modality.layout === "NHWC" ? [0, 1, 2, 3] : [0, 2, 3, 1];
      return image.length === 4 && sameShape(shape, [image[n]!, image[c]!, image[h]!, image[w]!]);
    });
  }

  /** Whether a value is shown to be ≥ 0 for every observation in the declared ranges. */
  isNonNegative(value: Value): boolean {
    const fromRange = (input: Value) =>
      this.subject.modalities.some(
        (m) => m.kind === "image" && m.range[0] >= 0 && this.subject.graph.inputs.get(m.input) === input,
      );
    return isNonNegative(value, fromRange, this.#signs);
  }
}
