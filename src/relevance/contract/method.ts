import type { Contribution } from "../../backward/walk.js";
import type { Node, Value } from "../../graph/value.js";
import type { LinearLayer } from "../layers/linear-layer.js";
import type { Context } from "../network/context.js";
import type { Network } from "../network/network.js";
import type { LayerRule } from "../rules/layer/terms.js";
import type { Attribution } from "./attribution.js";

/** A row of a layer table: the first row that matches a linear layer decides its rule. */
export interface Row {
  /** What `inspect` calls the rule. */
  readonly name: string;
  readonly rule: LayerRule;
  readonly when: (layer: LinearLayer, context: Context) => boolean;
  /** Why Σ R behind the layer may differ from Σ R in front of it, where the rule does not conserve. */
  readonly loses?: string;
  /** The same of one layer, where the rule conserves in others. */
  readonly losesAt?: (layer: LinearLayer) => string | undefined;
}

/** What a node that is no linear layer does to the amounts that arrive at its outputs. */
export interface Propagated {
  /** What `inspect` calls it. */
  readonly rule: string;
  readonly to: readonly Contribution<Value>[];
  readonly loses?: string;
}

/**
 * Rules of everything but linear layers.
 * @param arriving one amount an output of the node, [rows, …its shape], undefined where nothing arrived
 * @throws InputError naming a node that the method cannot explain
 */
export type OperatorTable = (node: Node, arriving: readonly (Value | undefined)[], context: Context) => Propagated;

/**
 * What each torque hands out: itself with its sign (for Eq. 1, which asks the sign), its size (signed relevance), or its
 * sign (gradients of |τ_j|). So relevance above zero always speaks for the commanded torque.
 */
export type SeedKind = "torque" | "size" | "sign";

/** A pass from the torques to the inputs. */
export interface Rules {
  readonly seed: SeedKind;
  /** First match decides for linear layers; where none matches, or there are none, the operator table does. */
  readonly rows: readonly Row[];
  readonly operators: OperatorTable;
  /** Whether amounts are linear in the seed: then torques are summed where the image begins, else at the very end. */
  readonly linear: boolean;
  /** Relevance of a value where this amount arrived; by default the amount itself. Gradient × input multiplies. */
  readonly relevanceOf?: (value: Value, amount: Value, context: Context) => Value;
}

/** A name with its options, or the YAML of a composite table and the file's name. */
export type MethodOrigin = { readonly spec: string } | { readonly table: string; readonly source: string };

/** A way to explain, its options set. */
export interface Method {
  readonly name: string;
  /** Name and options that differ from their defaults: `lrp-gamma:gamma=0.5`. It makes the same method again. */
  readonly spec: string;
  /** What makes the same method again in another thread; a method of a user's own has none. */
  readonly origin?: MethodOrigin;
  readonly title: string;
  readonly cite: string;
  /** Whether Σ R of all inputs is Σα|τ|. */
  readonly conserves: boolean;
  /** Whether relevance is linear in the seed: one pass gives the α-weighted sum over torques. */
  readonly linear: boolean;
  /** @throws InputError for a network that the method cannot explain, with the reason */
  attribute(network: Network): Attribution;
}
