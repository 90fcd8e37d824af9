import type { Value } from "../graph/value.js";

/** The inputs and outputs of a network, by their names in the file. */
export interface Named {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
}
