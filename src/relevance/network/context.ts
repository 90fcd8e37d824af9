import { abs } from "../../graph/build.js";
import { isFloat } from "../../graph/dtype.js";
import { dataOf, isScaled } from "../../graph/kinds.js";
import type { Literal } from "../../graph/literal.js";
import { sameShape } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { Depth } from "../contract/depth.js";
import type { Analysis, Bounds, Context, LogitsLayer } from "../contract/facts.js";
import type { Subject, SubjectImage, SubjectModality } from "../contract/subject.js";
import { logitsLayer } from "./logits-layer.js";
import { Prefix } from "./prefix.js";
import { isNonNegative, type Sign } from "./sign.js";

/** Facts of a network, with signs, references and bounds cached. */
export class NetworkContext implements Context {
  readonly emptyPools: Value[] = [];
  readonly readout: LogitsLayer | undefined;
  readonly #signs = new Map<Value, Sign>();
  readonly #prefix: Prefix;
  readonly #onlyImages: ReadonlyMap<Node, SubjectImage>;
  readonly #behindTokens: ReadonlySet<Node>;

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
    readonly depth: Depth,
    readonly importance: Value,
  ) {
    this.readout = readoutOf(subject, analysis);
    this.#onlyImages = onlyImages(analysis, subject);
    this.#behindTokens = behindTokens(analysis);
    this.#prefix = new Prefix(subject, analysis);
  }

  reference(value: Value): Literal | undefined {
    return this.#prefix.reference(value);
  }

  bounds(value: Value): Bounds | undefined {
    return this.#prefix.bounds(value);
  }

  onlyImage(node: Node): SubjectImage | undefined {
    return this.#onlyImages.get(node);
  }

  holdsTokens(node: Node): boolean {
    return this.#behindTokens.has(node);
  }

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

  /** For each axis of a value its axis in the input, where the value is an elementwise function of one input. */
  #axesOf(value: Value): readonly number[] | undefined {
    const { node } = value;
    if (node.op === "Input") return value.shape.map((_, axis) => axis);
    const sources = node.inputs.filter((x): x is Value => x !== undefined && this.analysis.isDependent(x));
    const axes = sources.length === 1 ? this.#axesOf(sources[0]!) : undefined;
    if (node.op === "Transpose")
      return axes && (node.attributes.perm as readonly number[] | undefined)?.map((axis) => axes[axis]!);
    return isScaled(node.op) || traitsOf(node.op).moves === "stay" ? axes : undefined;
  }

  handedOut(amount: Value): Value {
    return this.subject.distribution ? amount : abs(amount);
  }

  dropsSign(node: Node, to: Value): boolean {
    const { analysis, subject } = this;
    if (subject.distribution) return false;
    return analysis.isOutputSide(node) && (to.node.op === "Input" || !analysis.isOutputSide(to.node));
  }

  isNonNegative(value: Value): boolean {
    const fromRange = (input: Value) =>
      this.subject.modalities.some(
        (m) => m.kind === "image" && m.range[0] >= 0 && this.subject.graph.inputs.get(m.input) === input,
      );
    return isNonNegative(value, fromRange, this.#signs);
  }
}

/** The layer that makes the logits of a subject's actions, which differences are explained by. */
const readoutOf = ({ distribution, graph, torque }: Subject, analysis: Analysis): LogitsLayer | undefined =>
  distribution && logitsLayer(graph.outputs.get(torque)!, analysis);

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

/** Axes of a map of cells: constants among these, such as coordinates, are features of each cell and no tokens. */
const MAP = 4;

/** The nodes that put constant tokens among others, and those that depend on one. */
function behindTokens(analysis: Analysis): Set<Node> {
  const found = new Set<Node>();
  for (const node of analysis.order) {
    const { moves, form } = traitsOf(node.op);
    const [output] = node.outputs;
    const joins = (moves === "join" || form === "placed") && output!.shape.length < MAP && isFloat(output!.dtype);
    const isConstant = (value: Value) => !analysis.isDependent(value);
    if (
      (joins && analysis.isDependent(output!) && dataOf(node).some(isConstant)) ||
      node.inputs.some((value) => value && found.has(value.node))
    )
      found.add(node);
  }
  return found;
}
