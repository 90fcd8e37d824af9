import type fc from "fast-check";
import { ELEMENTWISE_CASES } from "./elementwise.js";
import { INDEXING_CASES } from "./indexing.js";
import { LINEAR_CASES } from "./linear.js";
import { NORMALIZATION_CASES } from "./normalization.js";
import type { NodeCase } from "./operands.js";
import { QUANTISATION_CASES } from "./quantisation.js";
import { STRUCTURAL_CASES } from "./structural.js";

/** For every operator of the graph, random valid nodes: what onnxruntime and torquelens must agree on. */
export const NODE_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  ...ELEMENTWISE_CASES,
  ...STRUCTURAL_CASES,
  ...INDEXING_CASES,
  ...LINEAR_CASES,
  ...NORMALIZATION_CASES,
  ...QUANTISATION_CASES,
};

/** Operators that came, or changed, after operator set 18. */
export const SINCE: Readonly<Record<string, number>> = { Gelu: 20, GroupNormalization: 21, RMSNormalization: 23 };
