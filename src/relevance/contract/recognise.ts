import type { Node } from "../../graph/value.js";
import type { Analysis, PatternFacts } from "./facts.js";
import type { LinearLayer } from "./linear-layer.js";
import type { Pattern } from "./pattern.js";

/** The pattern that ends at a node. Nothing is recognised by accident: constants, axes and identities are checked. */
export type RecognisePattern = (node: Node, network: PatternFacts) => Pattern | undefined;

/** The linear layer that ends at a node. */
export type RecogniseLayer = (node: Node, analysis: Analysis) => LinearLayer | undefined;
