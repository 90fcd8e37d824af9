import type { Explanation, Level } from "../explain/explanation.js";
import { type HeatmapOptions, peak } from "../image/heatmap.js";
import { own } from "../own.js";
import { attentionFields } from "./attention.js";
import { greyOptions } from "./images.js";
import { offsetsOf } from "./offsets.js";
import { toHeader } from "./robot.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "./types.js";

/** LEVEL_… of `msg/Explanation.msg`. */
export const LEVELS: Readonly<Record<Level, number>> = { full: 0, shares: 1, skip: 2 };

/** Types of the messages that explanations are published and recorded as. */
export const EXPLANATION = "torquelens/msg/Explanation";
export const RATIOS = "torquelens/msg/RelevanceRatios";

/** The flag of an explanation that begins an episode. */
export const EPISODE_START = "episode_start";

/** The explanation without its heatmaps. `heatmap_peak` is that of the grey heatmap that `options` show. */
export function toExplanation(explanation: Explanation, options: HeatmapOptions = {}): ExplanationMessage {
  const shown = greyOptions(options);
  const { observation, convention, modalities, relevance, heatmaps, joints } = explanation;
  const lengths = modalities.map((modality) => own(relevance, modality)?.length ?? 0);
  const points = modalities.map((modality) => pointsOf(explanation, modality));
  return {
    header: toHeader(observation),
    tick: BigInt(observation.tick),
    method: explanation.method,
    policy_sha256: explanation.policySha256,
    level: LEVELS[explanation.level],
    flags: [...explanation.flags, ...(observation.first ? [EPISODE_START] : [])],
    latency_ms: explanation.latencyMs,
    conservation_residual: explanation.conservationResidual,
    omitted: explanation.omitted,
    modalities: [...modalities],
    references: modalities.map((modality) => own(convention.reference, modality) ?? ""),
    feature_points: convention.featurePoints,
    shares: explanation.shares.slice(),
    heatmap_joint: explanation.heatmapOf ?? "",
    contrast_joint: explanation.contrast ?? "",
    against_joint: explanation.against ?? "",
    chosen_action: explanation.choice?.chosen ?? "",
    element_offsets: offsetsOf(lengths),
    relevance: concat(modalities.map((modality) => own(relevance, modality))),
    heatmap_peak: Float32Array.from(modalities, (modality) => {
      const heatmap = own(heatmaps, modality);
      return heatmap ? (shown.scale ?? peak(heatmap, shown)) : 0;
    }),
    feature_point_offsets: offsetsOf(points.map(({ length }) => length)),
    feature_point_x: Float32Array.from(points.flat(), ([x]) => x),
    feature_point_y: Float32Array.from(points.flat(), ([, y]) => y),
    ...attentionFields(explanation),
    instruction: explanation.instruction?.text ?? "",
    instruction_modality: explanation.instruction?.modality ?? "",
    instruction_tokens: [...(explanation.instruction?.tokens ?? [])],
    unknown_words: [...(explanation.instruction?.unknown ?? [])],
    torques: joints.map((joint, j) => ({
      joint,
      torque: explanation.torque[j]!,
      importance: explanation.importance[j]!,
      shares: row(explanation.torqueShares, j, modalities.length),
      relevance: concat(
        modalities.map((modality, m) => {
          const all = own(explanation.torqueRelevance, modality);
          return all && row(all, j, lengths[m]!);
        }),
      ),
      kind: explanation.outputs[j]!.kind,
      unit: explanation.outputs[j]!.unit,
      measured_from: explanation.outputs[j]!.reference,
      probability: explanation.choice?.probabilities[j] ?? Number.NaN,
    })),
  };
}

/** Feature points of a modality, in pixels of the camera's whole image. */
function pointsOf({ featurePoints, observation }: Explanation, modality: string): [x: number, y: number][] {
  const points = own(featurePoints, modality);
  if (!points) return [];
  const { width, height } = own(observation.images, modality)!;
  const [left, top, wide, tall] = own(observation.cameras, modality)?.region ?? [0, 0, width, height];
  return Array.from({ length: points.length / 2 }, (_, k) => [
    left + ((points[2 * k]! + 0.5) * wide) / width - 0.5,
    top + ((points[2 * k + 1]! + 0.5) * tall) / height - 0.5,
  ]);
}

/** The shares grouped as in the papers, with torque and residual to judge them by. */
export function toRatios(explanation: Explanation): RelevanceRatiosMessage {
  const { image, position, velocity, configuration } = explanation.ratios;
  const { torque, importance } = explanation;
  return {
    header: toHeader(explanation.observation),
    image,
    position,
    velocity,
    configuration,
    weighted_torque: sum(Array.from(torque, (value, j) => importance[j]! * Math.abs(value))),
    conservation_residual: explanation.conservationResidual,
    latency_ms: explanation.latencyMs,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A copy of row j of a matrix with `width` columns; empty where the matrix is empty. */
function row(matrix: Float32Array, j: number, width: number): Float32Array {
  return matrix.slice(j * width, (j + 1) * width);
}

function concat(parts: readonly (Float32Array | undefined)[]): Float32Array {
  const result = new Float32Array(sum(parts.map((part) => part?.length ?? 0)));
  let at = 0;
  for (const part of parts) {
    if (!part) continue;
    result.set(part, at);
    at += part.length;
  }
  return result;
}
