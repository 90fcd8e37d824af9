import { ELEMENTWISE } from "./elementwise.js";
import { LINEAR } from "./linear.js";
import { REDUCTION } from "./reduction.js";
import type { OperatorSpec } from "./spec.js";
import { STRUCTURAL } from "./structural.js";

/** Every operator of the graph, by its ONNX name (opset 18 forms). Adding one is adding an entry. */
export const OPERATORS: Readonly<Record<string, OperatorSpec>> = {
  ...ELEMENTWISE,
  ...STRUCTURAL,
  ...REDUCTION,
  ...LINEAR,
};
