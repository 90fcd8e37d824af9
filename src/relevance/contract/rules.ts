import type { Contribution } from "../../backward/walk.js";
import type { Node, Value } from "../../graph/value.js";
import type { Context } from "./facts.js";
import type { LinearLayer } from "./linear-layer.js";

/** Relevance of a linear layer's output → relevance of its input, a row axis in front of both. */
export type LayerRule = (layer: LinearLayer, amount: Value, context: Context) => Value;

/** A row of a layer table: the first row that matches a linear layer decides its rule. */
export interface Row {
  /** The rule's name in `inspect`. */
  readonly name: string;
  readonly rule: LayerRule;
  readonly when: (layer: LinearLayer, context: Context) => boolean;
  /** The reason why Σ R of the input may differ from Σ R of the output, where the rule does not conserve. */
  readonly loses?: string;
  /** True where inputs of zero take a part: in units that nothing else speaks for (methods.md §0.10), or as any other. */
  readonly givesToZeros?: true;
  /** The reason for one layer, where the rule conserves in others. */
  readonly losesAt?: (layer: LinearLayer, context: Context) => string | undefined;
}

/** The amounts that an operator's rule propagates to the node's inputs. */
export interface Propagated {
  /** The rule's name in `inspect`. */
  readonly rule: string;
  readonly to: readonly Contribution<Value>[];
  /** Amounts that constants take, such as a learned token, [rows, …] each. */
  readonly constants?: readonly Value[];
  readonly loses?: string;
}

/**
 * Rules of everything but linear layers.
 * @param arriving one amount per output of the node, [rows, …its shape], undefined where nothing arrived
 * @param givesToZeros true for layers whose rule gives a part to inputs of zero
 * @throws InputError naming a node that the method cannot explain
 */
export type OperatorTable = (
  node: Node,
  arriving: readonly (Value | undefined)[],
  context: Context,
  givesToZeros: GivesToZeros,
) => Propagated;

export type GivesToZeros = (layer: LinearLayer) => boolean;

/**
 * Relevance that each torque starts with: itself with its sign (for Eq. 1, which asks the sign), its size (signed
 * relevance), or its sign (gradients of |τ_j|). So relevance above zero always speaks for the commanded torque.
 */
export type SeedKind = "torque" | "size" | "sign";

/** A pass from the torques to the inputs. */
export interface Rules {
  readonly seed: SeedKind;
  /** First match decides for linear layers; where none matches, or there are none, the operator table does. */
  readonly rows: readonly Row[];
  readonly operators: OperatorTable;
  /** True where amounts are nowhere below zero and add up to what arrived, so that none is larger than what it came from. */
  readonly positive?: boolean;
  /** True where amounts are linear in the seed: torques are summed where the image begins, else at the very end. */
  readonly linear: boolean;
  /** True where what constants take is told, as a share of its own. */
  readonly tellsConstants?: true;
  /** The rule that makes the method differ from the plain gradient: a warning says where no ReLU has it. */
  readonly acts?: string;
  /** Relevance of a value where this amount arrived; by default the amount itself. Gradient × input multiplies. */
  readonly relevanceOf?: (value: Value, amount: Value, context: Context) => Value;
}
