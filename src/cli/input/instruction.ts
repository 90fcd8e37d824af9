import { InputError } from "../../errors.js";
import { toldOf } from "../../policy/language.js";
import type { Policy } from "../../policy/policy.js";

/**
 * Checks what a policy is told by `--instruction`.
 * @param source where it hears what is to be done without that
 * @throws InputError for a sentence that the policy cannot be told, or none where it needs one
 */
export function instructionFor(
  policy: Policy,
  given: string | undefined,
  source: { readonly name: string; readonly isTelling?: boolean },
): string | undefined {
  if (given !== undefined && !policy.language)
    throw new InputError(`--instruction: ${policy.cardSource} has no language, expected none`);
  if (given === undefined && policy.language && !source.isTelling)
    throw new InputError(
      `${policy.path}: is told in words what to do, ${source.name} says nothing; expected --instruction "…"`,
    );
  toldOf(policy, given);
  return given;
}

/** A line about the words of `--instruction` that a policy does not know; none where it knows all. */
export function unknownWords(policy: Policy, given: string | undefined): string[] {
  const unknown = toldOf(policy, given)?.unknown ?? [];
  if (unknown.length === 0) return [];
  const words = unknown.map((word) => JSON.stringify(word)).join(", ");
  return [`--instruction: ${words}: the policy does not know, and reads its mark for unknown words`];
}
