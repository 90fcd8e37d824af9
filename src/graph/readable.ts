import { LOWERED } from "./lowering/lower.js";
import { OPERATORS } from "./operators/index.js";
import { RENAMED } from "./upgrade.js";

/** Operators that become constants when they are read. */
const CONSTANTS = ["Constant", "ConstantOfShape"];

/** Every ONNX operator that can be read: those of the graph, those written with others, old names, constants. */
export const READABLE: ReadonlySet<string> = new Set([
  ...Object.keys(OPERATORS),
  ...LOWERED,
  ...Object.keys(RENAMED),
  ...CONSTANTS,
]);
