import type { Attributes, Value } from "../value.js";

/** A node of an operator that the graph does not have; it is rewritten with operators of the graph. */
export interface UnloweredNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/**
 * The values of a node's outputs, in order; undefined for an output that is not supported.
 * @throws ShapeError where inputs or attributes do not fit or are not supported
 */
export type Lowering = (node: UnloweredNode) => readonly (Value | undefined)[];

export type LoweringTable = Readonly<Record<string, Lowering>>;
