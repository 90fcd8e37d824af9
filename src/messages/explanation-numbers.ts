import type { Choice, Convention, Explanation, ExplanationFlag, Instruction, Level } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import { meaningOf } from "../outputs/kinds.js";
import { EPISODE_START, LEVELS } from "./explanation.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "./types.js";

/** An explanation without relevance of single elements and pixels. */
export type ExplanationNumbers = Pick<
  Explanation,
  | "method"
  | "contrast"
  | "against"
  | "convention"
  | "policySha256"
  | "level"
  | "joints"
  | "outputs"
  | "torque"
  | "importance"
  | "choice"
  | "instruction"
  | "modalities"
  | "shares"
  | "torqueShares"
  | "ratios"
  | "conservationResidual"
  | "omitted"
  | "latencyMs"
  | "flags"
> & { readonly observation: Pick<Observation, "tick" | "stamp"> };

/** What was chosen; undefined where the outputs are no actions, or the recording does not say. */
const choiceOf = ({ torques, chosen_action: chosen }: ExplanationMessage): Choice | undefined =>
  chosen
    ? { chosen, probabilities: Float32Array.from(torques, ({ probability = Number.NaN }) => probability) }
    : undefined;

/** What was told; undefined where the policy has no language, or the recording does not say. */
export function instructionIn(message: ExplanationMessage): Instruction | undefined {
  const { instruction: text = "", instruction_modality: modality = "", instruction_tokens: tokens = [] } = message;
  if (modality === "") return undefined;
  const from = message.element_offsets[message.modalities.indexOf(modality)]!;
  const relevance = message.relevance.slice(from, from + tokens.length);
  return { text, modality, tokens, unknown: message.unknown_words ?? [], relevance };
}

/** The numbers of an explanation, from its two messages. @param stamp of the explained image, nanoseconds */
export function fromMessages(
  message: ExplanationMessage,
  { image, position, velocity, configuration }: RelevanceRatiosMessage,
  stamp: bigint,
): ExplanationNumbers {
  const { torques, modalities, references } = message;
  return {
    observation: { tick: Number(message.tick), stamp },
    method: message.method,
    contrast: message.contrast_joint || undefined,
    against: message.against_joint || undefined,
    convention: {
      reference: Object.fromEntries(
        modalities.flatMap((modality, m) => (references[m] ? [[modality, references[m]]] : [])),
      ),
      featurePoints: message.feature_points as Convention["featurePoints"],
    },
    policySha256: message.policy_sha256,
    level: (Object.keys(LEVELS) as Level[]).find((level) => LEVELS[level] === message.level) ?? "full",
    joints: torques.map(({ joint }) => joint),
    outputs: torques.map(meaningOf),
    torque: Float32Array.from(torques, ({ torque }) => torque),
    importance: Float32Array.from(torques, ({ importance }) => importance),
    choice: choiceOf(message),
    instruction: instructionIn(message),
    modalities,
    shares: message.shares,
    torqueShares: Float32Array.from(torques.flatMap(({ shares }) => [...shares])),
    ratios: { image, position, velocity, configuration },
    conservationResidual: message.conservation_residual,
    omitted: message.omitted ?? (Number.isNaN(message.conservation_residual) ? Number.NaN : 0),
    latencyMs: message.latency_ms,
    flags: message.flags.filter((flag) => flag !== EPISODE_START) as ExplanationFlag[],
  };
}
