import type { Heatmap } from "../image/heatmap.js";
import { own, put } from "../own.js";
import { toldOf } from "../policy/language.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { startsOf } from "../relevance/contract/subject.js";
import type { TensorData } from "../runtime/session.js";
import type { ActionMask, Explanation, Instruction } from "./explanation.js";
import type { Observation } from "./observation.js";
import { ratiosOf } from "./ratios.js";
import { ofRegions } from "./regions.js";

type Outputs = Readonly<Record<string, TensorData>>;
type Relevance = Readonly<Record<string, Float32Array>>;

const floats = (outputs: Outputs, name: string) => own(outputs, name)!.data as Float32Array;

/** The explained values, [J], from the policy's own outputs. */
export const torqueOf = ({ command }: Policy, outputs: Outputs): Float32Array => floats(outputs, command).slice();

/** Where the action acts, from the policy's own outputs; undefined for a policy that does not say. */
export function maskOf({ mask }: Policy, outputs: Outputs): ActionMask | undefined {
  return mask && { height: mask.height, width: mask.width, data: floats(outputs, mask.tensor).slice() };
}

/**
 * What the policy was told; undefined for a policy without language, and where its tokens were given as numbers.
 * @param relevance of each element, by modality
 */
export function instructionOf(
  policy: Policy,
  { instruction }: Pick<Observation, "instruction">,
  relevance: Relevance,
): Instruction | undefined {
  const told = toldOf(policy, instruction);
  if (!told) return undefined;
  const { tokens, unknown } = told;
  const { modality } = policy.language!;
  const all = own(relevance, modality) ?? new Float32Array(0);
  return { text: instruction!, modality, tokens, unknown, relevance: all.slice(0, tokens.length) };
}

/** Shares of all torques together and of each torque; NaN where none were computed. */
export function sharesOf(
  policy: Policy,
  sharers: readonly string[],
  outputs: Outputs | undefined,
): Pick<Explanation, "modalities" | "shares" | "torqueShares" | "ratios"> {
  const [torques, width] = [policy.outputs.length, sharers.length];
  const unknown = (length: number) => new Float32Array(length).fill(Number.NaN);
  const shares = outputs ? floats(outputs, "torquelens.shares") : unknown(width);
  const torqueShares = outputs ? floats(outputs, "torquelens.torque_shares") : unknown(torques * width);
  return { modalities: sharers, shares, torqueShares, ratios: ratiosOf(policy.modalities, shares) };
}

/** Relevance of each element of each configuration modality, by modality; empty where none was computed. */
export function relevanceOf({ modalities }: Policy, outputs: Outputs | undefined): Relevance {
  const relevance: Record<string, Float32Array> = {};
  if (!outputs) return relevance;
  for (const modality of modalities)
    if (modality.kind === "values")
      put(relevance, modality.name, overTime(floats(outputs, `torquelens.relevance.${modality.input}`), modality));
  return relevance;
}

/** As `relevanceOf`, for each torque: [J × n]. */
export function torqueRelevanceOf({ modalities }: Policy, outputs: Outputs | undefined): Relevance {
  const relevance: Record<string, Float32Array> = {};
  if (!outputs) return relevance;
  for (const modality of modalities) {
    if (modality.kind !== "values") continue;
    const { data, shape } = outputs[`torquelens.torque_relevance.${modality.input}`]!;
    const [torques, width] = shape as readonly [number, number];
    const rows = new Float32Array(torques * modality.size);
    for (let j = 0; j < torques; j++)
      rows.set(overTime((data as Float32Array).subarray(j * width, (j + 1) * width), modality), j * modality.size);
    put(relevance, modality.name, rows);
  }
  return relevance;
}

/**
 * Relevance per pixel by image modality; empty where none was computed.
 * @param feeds the images, where pixels have the relevance of their regions
 */
export function heatmapsOf(
  { modalities }: Policy,
  outputs: Outputs | undefined,
  feeds?: Outputs | undefined,
): Record<string, Heatmap> {
  const heatmaps: Record<string, Heatmap> = {};
  if (!outputs) return heatmaps;
  for (const modality of modalities)
    if (modality.kind === "image") {
      const { data, shape } = outputs[`torquelens.heatmap.${modality.input}`]!;
      const pixels = data as Float32Array;
      const shown = feeds ? ofRegions(pixels, own(feeds, modality.input)!, modality) : pixels;
      put(heatmaps, modality.name, { height: shape[0]!, width: shape[1]!, data: shown });
    }
  return heatmaps;
}

/** Feature points by image modality, where its features are a soft-argmax; empty where none were computed. */
export function featurePointsOf({ modalities }: Policy, outputs: Outputs | undefined): Record<string, Float32Array> {
  const points: Record<string, Float32Array> = {};
  for (const { kind, name, input } of modalities) {
    const found = kind === "image" ? outputs?.[`torquelens.feature_points.${input}`] : undefined;
    if (found) put(points, name, found.data as Float32Array);
  }
  return points;
}

/** Relevance of a modality's elements, summed over the times of a window. */
function overTime(all: Float32Array, modality: ValueModality): Float32Array {
  const { size } = modality;
  const sums = new Float32Array(size);
  for (const start of startsOf(modality)) for (let i = 0; i < size; i++) sums[i]! += all[start + i]!;
  return sums;
}
