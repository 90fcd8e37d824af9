import type { Attributes, Value } from "../value.js";

/** A node of an operator that the graph does not have, to be written with those that it has. */
export interface UnloweredNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/**
 * The values of a node's outputs, in their order; undefined for one that is not made.
 * @throws ShapeError where inputs or attributes do not fit or have no such form
 */
export type Lowering = (node: UnloweredNode) => readonly (Value | undefined)[];

export type LoweringTable = Readonly<Record<string, Lowering>>;
