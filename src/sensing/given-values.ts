import { InputError } from "../errors.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";

/** Elements by modality. */
export type Given = ReadonlyMap<string, Float64Array>;

/** Modalities that no sensor gives (quantity `other`), such as a goal; what is told in words is no such one. */
export function givenModalities({ modalities }: Policy): ValueModality[] {
  return modalities.filter(
    (m): m is ValueModality => m.kind === "values" && !m.isCarried && !m.isTold && m.quantity === "other",
  );
}

/** Why values do not fit a modality, as "found …, expected …"; undefined where they fit. */
export function misfitOf({ elements, dtype }: ValueModality, values: ArrayLike<number>): string | undefined {
  if (values.length !== elements.length)
    return `found ${values.length} values, expected ${elements.length} (${elements.join(", ")})`;
  const isFloat = dtype.startsWith("float");
  const fits = (value: number) => (isFloat ? Number.isFinite(Math.fround(value)) : Number.isSafeInteger(value));
  const wrong = Array.prototype.findIndex.call(values, (value: number) => !fits(value));
  if (wrong < 0) return undefined;
  return `found ${values[wrong]} for ${elements[wrong]}, expected ${isFloat ? "a number of float32" : "a whole number"}`;
}

/** Values of the modalities that no sensor gives: constants, or the latest message or parameter. */
export class GivenValues {
  /** What the robot is told to do, in words. */
  instruction: string | undefined;
  readonly #modalities: readonly ValueModality[];
  #current: Given = new Map();

  /**
   * @param constants elements by modality
   * @param heard modalities that need no constant, since a topic or a parameter gives them later
   * @throws InputError for a modality that is neither in `constants` nor in `heard`, or values that do not fit
   */
  constructor(policy: Policy, constants: Readonly<Record<string, ArrayLike<number>>>, heard: readonly string[]) {
    this.#modalities = givenModalities(policy);
    for (const [name, values] of Object.entries(constants)) this.set(name, values);
    const missing = this.#modalities.find(({ name }) => !this.#current.has(name) && !heard.includes(name));
    if (!missing) return;
    const { name, elements } = missing;
    const numbers = elements.length === 1 ? "a number" : `${elements.length} numbers (${elements.join(", ")})`;
    throw new InputError(
      `${policy.cardSource}: ${name}: no sensor gives it; expected ${numbers} or a topic, as --value ${name}=…`,
    );
  }

  /** The current values: an immutable map, replaced on every change. */
  get current(): Given {
    return this.#current;
  }

  /** A modality without values so far. */
  get missing(): string | undefined {
    return this.#modalities.find(({ name }) => !this.#current.has(name))?.name;
  }

  /** Sets a modality's values; undefined removes them. @throws InputError for values that do not fit; the old ones stay */
  set(name: string, values: ArrayLike<number> | undefined): void {
    const modality = this.#modalities.find((one) => one.name === name);
    if (!modality) {
      const known = this.#modalities.map((one) => one.name).join(", ") || "none: the policy has no such modality";
      throw new InputError(`values: unknown modality ${name}, expected one of ${known}`);
    }
    const misfit = values && misfitOf(modality, values);
    if (misfit !== undefined) throw new InputError(`values of ${name}: ${misfit}`);
    const changed = new Map(this.#current);
    if (values) changed.set(name, Float64Array.from(values));
    else changed.delete(name);
    this.#current = changed;
  }
}
