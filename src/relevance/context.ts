import type { Value } from "../graph/value.js";
import type { Analysis } from "./analysis.js";
import type { Prefix } from "./prefix.js";
import { isNonNegative } from "./sign.js";
import type { Subject } from "./subject.js";

/** What a rule may ask while one network is compiled. */
export class Context {
  /** Per output element, whether the pool that the torque's sign asks for was empty (Eq. 1), [J, …] each. */
  readonly emptyPools: Value[] = [];
  readonly #signs = new Map<Value, boolean>();

  constructor(
    readonly subject: Subject,
    readonly analysis: Analysis,
    readonly prefix: Prefix,
  ) {}

  /** Whether a value is shown to be ≥ 0 for every observation in the declared ranges. */
  isNonNegative(value: Value): boolean {
    const fromRange = (input: Value) =>
      this.subject.modalities.some(
        (m) => m.kind === "image" && m.range[0] >= 0 && this.subject.graph.inputs.get(m.input) === input,
      );
    return isNonNegative(value, fromRange, this.#signs);
  }
}
