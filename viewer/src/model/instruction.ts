import type { ExplanationMessage } from "#src/messages/types.js";

/** What a policy is told, and the relevance of its tokens, empty where none is computed. */
export interface Told {
  readonly tokens: readonly string[];
  readonly unknown: readonly string[];
  readonly relevance: Float32Array;
}

/**
 * What an explanation's message says of the instruction; undefined where it says nothing.
 * @param joint whose relevance; empty: that of all, weighted by importance
 */
export function instructionOf(message: ExplanationMessage, joint: string): Told | undefined {
  const { instruction_modality: modality = "", instruction_tokens: tokens = [], unknown_words: unknown = [] } = message;
  if (modality === "") return undefined;
  const from = message.element_offsets[message.modalities.indexOf(modality)] ?? 0;
  const own = message.torques.find((torque) => torque.joint === joint);
  return { tokens, unknown, relevance: (own ?? message).relevance.slice(from, from + tokens.length) };
}
