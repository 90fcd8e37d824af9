import { add, matmul } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";

/** Parameters by name: graph inputs while training, constants in an exported policy. */
export type Parameters = Readonly<Record<string, Value>>;

/** A linear layer by its name. */
export const linear = (p: Parameters, x: Value, name: string): Value =>
  add(matmul(x, own(p, `${name}.weight`)!), own(p, `${name}.bias`)!);
