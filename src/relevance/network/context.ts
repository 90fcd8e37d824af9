import { sameShape } from "../../graph/shape.js";
import type { Node, Value } from "../../graph/value.js";
import type { Subject, SubjectImage, SubjectModality } from "../contract/subject.js";
import type { Depth } from "../pass/readout.js";
import type { Analysis } from "./analysis.js";
import type { Prefix } from "./prefix.js";
import { isNonNegative, type Sign } from "./sign.js";

/** Operators that scale and shift a tensor's elements by constants, each by itself. */
const ELEMENTWISE = new Set(["Identity", "Dropout", "Cast", "Add", "Sub", "Mul", "Div", "Neg", "BatchNormalization"]);

/** What a rule may ask while one network is compiled. */
export class Context {
  /** Per output element, whether the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: Value[] = [];
  readonly #signs = new Map<Value, Sign>();
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
   * The image that this [N, C, H, W] value is, but for scaling and the place of its channels, where only the sum over
   * channels is asked of its pixels: at every depth but `full`.
   */
  summedImage(value: Value): SubjectImage | undefined {
    if (this.depth === "full") return undefined;
    const modality = this.onlyImage(value.node);
    if (!modality) return undefined;
    const { shape } = this.subject.graph.inputs.get(modality.input)!;
    const order = modality.layout === "NHWC" ? [0, 3, 1, 2] : [0, 1, 2, 3];
    const isWhole =
      shape.length === 4 &&
      shape[0] === 1 &&
      sameShape(
        value.shape,
        order.map((axis) => shape[axis]!),
      );
    return isWhole && sameShape(this.#axesOf(value) ?? [], order) ? modality : undefined;
  }

  /** Where each axis of a value comes from in the input that it is made of element by element, if it is. */
  #axesOf(value: Value): readonly number[] | undefined {
    const { node } = value;
    if (node.op === "Input") return value.shape.map((_, axis) => axis);
    const sources = node.inputs.filter((x): x is Value => x !== undefined && this.analysis.isDependent(x));
    const axes = sources.length === 1 ? this.#axesOf(sources[0]!) : undefined;
    if (node.op === "Transpose")
      return axes && (node.attributes.perm as readonly number[] | undefined)?.map((axis) => axes[axis]!);
    return ELEMENTWISE.has(node.op) ? axes : undefined;
  }

  /**
   * Whether relevance that a node of the output side hands on loses the torque's sign there: the sign tells contributions
   * apart in the torque's own layer (Eq. 1), and has no meaning at an input or where hidden layers read the value too.
   */
  isSettled(node: Node, to: Value): boolean {
    const { analysis } = this;
    return analysis.isOutputSide(node) && (to.node.op === "Input" || !analysis.isOutputSide(to.node));
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
