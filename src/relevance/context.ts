import { sameShape } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import type { Analysis } from "./analysis.js";
import type { Prefix } from "./prefix.js";
import type { Depth } from "./readout.js";
import { isNonNegative } from "./sign.js";
import type { Subject, SubjectImage, SubjectModality } from "./subject.js";

/** What a rule may ask while one network is compiled. */
export class Context {
  /** Per output element, whether the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: Value[] = [];
  readonly #signs = new Map<Value, boolean>();
  readonly #onlyImages: ReadonlyMap<Node, SubjectImage>;

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
    readonly prefix: Prefix,
    readonly depth: Depth,
  ) {
    this.#onlyImages = onlyImages(analysis, subject);
  }

  /** The image modality that a node depends on, where it depends on nothing else. */
  onlyImage(node: Node): SubjectImage | undefined {
    return this.#onlyImages.get(node);
  }

  /**
   * The image of whose pixels this [N, C, H, W] value has one each, where only the sum over channels is asked of them:
   * at depth `heatmap`, while it still has the image's own pixels and channels.
   */
  summedImage(value: Value): SubjectImage | undefined {
    if (this.depth !== "heatmap") return undefined;
    const modality = this.onlyImage(value.node);
    if (!modality) return undefined;
    const { shape } = this.subject.graph.inputs.get(modality.input)!;
    const [n, h, w, c] = modality.layout === "NHWC" ? [0, 1, 2, 3] : [0, 2, 3, 1];
    const isWhole = shape.length === 4 && sameShape(value.shape, [shape[n]!, shape[c]!, shape[h]!, shape[w]!]);
    return isWhole && shape[n] === 1 ? modality : undefined;
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

function onlyImages(analysis: Analysis, subject: Subject): Map<Node, SubjectImage> {
  const sources = new Map<Node, Set<SubjectModality>>();
  for (const node of analysis.order) {
    const reached = new Set(node.inputs.flatMap((value) => (value ? [...(sources.get(value.node) ?? [])] : [])));
    for (const modality of subject.modalities)
      if (subject.graph.inputs.get(modality.input)?.node === node) reached.add(modality);
    sources.set(node, reached);
  }
  return new Map(
    [...sources].flatMap(([node, [first, ...others]]) =>
      first?.kind === "image" && others.length === 0 ? [[node, first] as const] : [],
    ),
  );
}
