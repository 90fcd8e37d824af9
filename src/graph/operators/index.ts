import { BITWISE } from "./bitwise.js";
import { ELEMENTWISE } from "./elementwise.js";
import { INDEXING } from "./indexing.js";
import { LINEAR } from "./linear.js";
import { NORMALIZATION } from "./normalization.js";
import { QUANTISATION } from "./quantisation.js";
import { REDUCTION } from "./reduction.js";
import { RESIZE } from "./resize.js";
import type { OperatorSpec } from "./spec.js";
import { STRUCTURAL } from "./structural.js";

/**
 * Every operator of the graph, by its ONNX name (opset 18 forms, later operators as they came). To add one, add an
 * entry.
 */
export const OPERATORS: Readonly<Record<string, OperatorSpec>> = {
  ...ELEMENTWISE,
  ...STRUCTURAL,
  ...INDEXING,
  ...REDUCTION,
  ...LINEAR,
  ...NORMALIZATION,
  ...RESIZE,
  ...BITWISE,
  ...QUANTISATION,
};
