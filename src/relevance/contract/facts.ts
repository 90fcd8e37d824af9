import type { Literal } from "../../graph/literal.js";
import type { Graph, Node, Value } from "../../graph/value.js";
import type { Depth } from "./depth.js";
import type { LinearLayer } from "./linear-layer.js";
import type { Pattern } from "./pattern.js";
import type { Subject, SubjectImage } from "./subject.js";

/** Facts of a graph: dependence on the inputs, patterns of several nodes, linear layers. */
export interface Analysis {
  readonly graph: Graph;
  /** The nodes that the outputs depend on, each after those that it reads. */
  readonly order: readonly Node[];
  /** The nodes that read a value. */
  readonly consumers: ReadonlyMap<Value, readonly Node[]>;
  /**
   * True where a value changes with the observation; all else is a constant, weights and their sums included. The scale
   * that an observation is quantised by counts as a constant.
   */
  isDependent(value: Value): boolean;
  /** The pattern that ends at a node: what several nodes compute together. */
  pattern(node: Node): Pattern | undefined;
  /** The linear layer that ends at a node, including constants and normalisations after it; none at a soft-argmax. */
  layer(node: Node): LinearLayer | undefined;
  /** True where no linear layer follows this node: the last linear layer, and nodes that scale or clip the torques. */
  isOutputSide(node: Node): boolean;
  /** The probability map [.., cells] whose expected coordinates this node computes, where it is a soft-argmax. */
  softArgmax(node: Node): Value | undefined;
  /** True for a Softmax that makes the probability maps of a soft-argmax. */
  isPointMap(node: Node): boolean;
}

/** Facts of a graph that patterns are recognised by. */
export type PatternFacts = Pick<Analysis, "isDependent" | "pattern">;

/** Lowest and highest value of every element, full shape. */
export interface Bounds {
  readonly low: Literal;
  readonly high: Literal;
}

/** The layer that makes the logits of actions, and for each of them its output channel. */
export interface LogitsLayer {
  readonly layer: LinearLayer;
  readonly columns: readonly number[];
}

/** Facts that rules may ask for while one network is compiled. */
export interface Context {
  readonly subject: Subject;
  readonly analysis: Analysis;
  readonly depth: Depth;
  /** Weights of the outputs' relevance, [J]. */
  readonly importance: Value;
  /** The dense layer that makes the logits; undefined where there is none, or the outputs are no actions. */
  readonly readout: LogitsLayer | undefined;
  /** Per output element, true where the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: Value[];
  /** The value at the reference observation; undefined where that is zero. Behind a linear layer everything is zero. */
  reference(value: Value): Literal | undefined;
  /** Range of an image's elements at this value, where only affine operators lie between it and the image. */
  bounds(value: Value): Bounds | undefined;
  /** True where a value is ≥ 0 for every observation in the declared ranges. */
  isNonNegative(value: Value): boolean;
  /** The image modality that a node depends on, where it depends on nothing else. */
  onlyImage(node: Node): SubjectImage | undefined;
  /**
   * True where constant tokens (a class token, registers) stand among what a node reads. They are no cells of an image:
   * where they join its tokens, its features join the rest.
   */
  holdsTokens(node: Node): boolean;
  /**
   * The image that this [N, C, H, W] value shows, up to scaling and the order of axes, at depths that need only the sum
   * over a pixel's channels: all but `full`.
   */
  summedImage(value: Value): SubjectImage | undefined;
  /**
   * True where relevance that a node of the output side propagates loses the torque's sign: the sign selects
   * contributions in the torque's own layer (Eq. 1), and has no meaning at an input or where hidden layers read the
   * value too.
   */
  dropsSign(node: Node, to: Value): boolean;
  /** Relevance that the torque's own layer hands out: the size of an amount, of actions with the value's sign. */
  handedOut(amount: Value): Value;
}

/** A network to be explained by a method. */
export interface Network {
  readonly subject: Subject;
  /** α, [J]. */
  readonly importance: Value;
  readonly depth: Depth;
  readonly context: Context;
  /** The commanded torques, [.., J], in N·m. Relevance starts here with every method. */
  readonly commanded: Value;
  /** Signs of the commanded torques; of actions 1: relevance above zero speaks for the action. */
  readonly signs: Value;
  readonly areActions: boolean;
  /** The part of an image's relevance that need not be followed to its pixels; 0 for none, by default where it pays. */
  readonly omit: number | undefined;
  readonly torques: number;
  /** Values that stay those of the observation where a method evaluates other observations: signs and α. */
  readonly fixed: readonly Value[];
  /** The input tensors that modalities are made of. */
  readonly inputs: ReadonlySet<Value>;
  /** This network at another depth. */
  at(depth: Depth): Network;
}
