import { InputError } from "../../errors.js";
import { constantOf, fold } from "../../graph/fold.js";
import { dataOf, isData, isScaled } from "../../graph/kinds.js";
import { Literal } from "../../graph/literal.js";
import { sizeOf } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { Analysis, Bounds } from "../contract/facts.js";
import { type Subject, startsOf } from "../contract/subject.js";
import { gridCorner } from "../patterns/soft-argmax.js";

/**
 * True for operators that scale, shift, join and move: affine in the operands that depend on the observation, but for
 * the rounding of a quantisation.
 */
const isAffine = (op: string) => traitsOf(op).moves !== undefined || isScaled(op) || op === QUANTISED;

const QUANTISED = "QuantizeLinear";

/** True for affine operators of several operands at once. */
const joins = (op: string) => isAffine(op) && traitsOf(op).form === "affine";

/**
 * The part of a network before the first linear layers: scaling, normalisation, transposes, joins. For each value there
 * it gives the value at the reference, and the range of an image's elements (methods.md §0.8).
 */
export class Prefix {
  readonly #references = new Map<Value, Literal | undefined>();
  readonly #bounds = new Map<Value, Bounds | undefined>();
  readonly #preActivations = new Map<Value, boolean>();
  readonly #behindLayers = new Map<Node, boolean>();

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
  ) {}

  /** The value at the reference observation; undefined where that is zero. Behind a linear layer everything is zero. */
  reference(value: Value): Literal | undefined {
    if (!this.#references.has(value)) {
      const literal = this.#referenceOf(value);
      const isKnown = literal?.numbers().every(Number.isFinite) && literal.numbers().some((x) => x !== 0);
      this.#references.set(value, isKnown ? literal : undefined);
    }
    return this.#references.get(value);
  }

  #referenceOf(value: Value): Literal | undefined {
    const { node } = value;
    if (node.op === "Input") return this.#inputReference(value);
    if (this.analysis.softArgmax(node)) {
      const origin = this.#originOf(node);
      return origin && Literal.from(value.dtype, value.shape, origin);
    }
    if (!this.#isAffine(node) || this.#isPreActivation(value)) return undefined;
    // A constant added to a squash is a bias of the torque, as one added to the last layer is.
    if (this.analysis.isOutputSide(node) && this.#isBehindLayer(node)) return undefined;
    // A constant beside hidden values, such as a token or an initial state, is no part of a reference: those are zero.
    const isBeside = traitsOf(node.op).moves !== undefined && this.#isBehindLayer(node);
    const zeroed = new Set(isBeside ? dataOf(node) : []);
    const at = (v: Value) => {
      if (this.analysis.isDependent(v)) return this.reference(v) ?? zerosLike(v);
      return zeroed.has(v) ? zerosLike(v) : constantOf(v);
    };
    return fold(node, at)?.[value.index];
  }

  /** @throws InputError where a mean has another number of elements than the network's feature points */
  #originOf(node: Node): ArrayLike<number> | undefined {
    const { featurePoints: origin } = this.subject;
    if (origin === "policy") return undefined;
    if (origin === "corner") return gridCorner(node);
    const points = this.analysis.order.filter((other) => this.analysis.softArgmax(other));
    const sizes = points.map(({ outputs }) => sizeOf(outputs[0]!.shape));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    if (all !== origin.mean.length)
      throw new InputError(`feature_points.origin.mean: found ${origin.mean.length} numbers, expected ${all}`);
    const start = sizes.slice(0, points.indexOf(node)).reduce((sum, size) => sum + size, 0);
    return origin.mean.slice(start, start + sizeOf(node.outputs[0]!.shape));
  }

  /** True where a node scales, shifts, joins or moves, and no layer or pattern ends there. */
  #isAffine(node: Node): boolean {
    const isLookup = node.inputs.some((value, i) => value && !isData(node.op, i) && this.analysis.isDependent(value));
    const pattern = this.analysis.pattern(node);
    const isPattern = pattern && !(pattern.kind === "activation" && pattern.name === QUANTISED);
    return isAffine(node.op) && !isLookup && !this.analysis.layer(node) && !isPattern;
  }

  #inputReference(value: Value): Literal | undefined {
    const numbers = new Float64Array(sizeOf(value.shape));
    for (const modality of this.subject.modalities)
      if (modality.kind === "values" && this.subject.graph.inputs.get(modality.input) === value)
        for (const start of startsOf(modality)) numbers.set(Array.from(modality.reference.values), start);
    return value.dtype === "float16" ? undefined : Literal.from(value.dtype, value.shape, numbers);
  }

  /**
   * True where a value is a linear layer's output, possibly biased or scaled: a hidden value, whose reference is zero.
   */
  #isPreActivation(value: Value): boolean {
    const known = this.#preActivations.get(value);
    if (known !== undefined) return known;
    const { node } = value;
    const sources = node.inputs.filter((v): v is Value => v !== undefined && this.analysis.isDependent(v));
    const isLayer = this.analysis.layer(node) !== undefined;
    const isBehindLayers = isAffine(node.op) && sources.length > 0 && sources.every((v) => this.#isPreActivation(v));
    const answer = this.analysis.softArgmax(node) === undefined && (isLayer || isBehindLayers);
    this.#preActivations.set(value, answer);
    return answer;
  }

  /** True where a linear layer ends at a node or before it. */
  #isBehindLayer(node: Node): boolean {
    const known = this.#behindLayers.get(node);
    if (known !== undefined) return known;
    const isLayer = this.analysis.layer(node) !== undefined;
    const answer = isLayer || node.inputs.some((value) => value && this.#isBehindLayer(value.node));
    this.#behindLayers.set(node, answer);
    return answer;
  }

  /** Range of an image's elements at this value, where only affine operators lie between it and the image. */
  bounds(value: Value): Bounds | undefined {
    if (!this.#bounds.has(value)) this.#bounds.set(value, this.#boundsOf(value));
    return this.#bounds.get(value);
  }

  #boundsOf(value: Value): Bounds | undefined {
    const { node } = value;
    if (node.op === "Input") {
      const image = this.subject.modalities.find(
        (m) => m.kind === "image" && this.subject.graph.inputs.get(m.input) === value,
      );
      if (image?.kind !== "image") return undefined;
      const all = (x: number) => Literal.from(value.dtype, value.shape, new Float64Array(sizeOf(value.shape)).fill(x));
      return { low: all(image.range[0]), high: all(image.range[1]) };
    }
    if (!this.#isAffine(node)) return undefined;
    const sources = new Set(node.inputs.filter((v): v is Value => v !== undefined && this.analysis.isDependent(v)));
    if (sources.size === 0 || [...sources].some((v) => !this.bounds(v))) return undefined;
    if (node.inputs.filter((v) => v && sources.has(v)).length > 1 && !joins(node.op)) return undefined;
    // An affine function has its extremes where its operands have theirs, in some combination.
    const corners = node.op === "Concat" ? [0, 2 ** sources.size - 1] : Array(2 ** sources.size).keys();
    const values: Float64Array[] = [];
    for (const corner of corners) {
      const isHigh = (v: Value) => ((corner >> [...sources].indexOf(v)) & 1) === 1;
      const end = (v: Value) => this.bounds(v)![isHigh(v) ? "high" : "low"];
      const literal = fold(node, (v) => (sources.has(v) ? end(v) : constantOf(v)))?.[value.index];
      if (!literal) return undefined;
      values.push(literal.numbers());
    }
    const [low, high] = [values[0]!.slice(), values[0]!.slice()];
    for (const corner of values.slice(1))
      for (let i = 0; i < low.length; i++) {
        if (corner[i]! < low[i]!) low[i] = corner[i]!;
        if (corner[i]! > high[i]!) high[i] = corner[i]!;
      }
    const literal = (numbers: Float64Array) => Literal.from(value.dtype, value.shape, numbers);
    return { low: literal(low), high: literal(high) };
  }
}

const zerosLike = (value: Value) => Literal.from(value.dtype, value.shape, new Float64Array(sizeOf(value.shape)));
