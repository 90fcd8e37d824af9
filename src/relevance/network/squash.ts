import { traitsOf } from "../../graph/traits.js";
import type { Node } from "../../graph/value.js";
import type { Analysis } from "../contract/facts.js";

/** Squashes that are written in several nodes, by the pattern's name. */
const WRITTEN_OUT: ReadonlySet<string> = new Set(["Clip", "Clip from 0", "Sigmoid", "Softsign"]);

/** True for a node that keeps the torques between limits: no linear layer follows it. */
export function isSquash(node: Node, analysis: Analysis): boolean {
  if (!analysis.isOutputSide(node)) return false;
  const pattern = analysis.pattern(node);
  return pattern?.kind === "activation" ? WRITTEN_OUT.has(pattern.name) : traitsOf(node.op).squashes === true;
}
