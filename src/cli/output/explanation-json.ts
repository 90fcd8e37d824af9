import type { Explanation } from "../../explain/explanation.js";
import { number, percent } from "../../numbers/format.js";
import { columns } from "./table.js";

/**
 * An explanation as the JSON object of one tick: torques N·m, time s, latency ms; shares by modality, in total and for
 * each torque. Numbers that are not finite (the residual below level `full`) become null.
 */
export function explanationJson(explanation: Explanation): Record<string, unknown> {
  const { observation, convention, ratios, torqueShares, modalities, joints } = explanation;
  const shares = (values: Float32Array) =>
    Object.fromEntries(modalities.map((modality, index) => [modality, number(values[index]!)]));
  const per = modalities.length;
  return {
    tick: observation.tick,
    time: Number(observation.stamp) / 1e9,
    method: explanation.method,
    convention: { reference: convention.reference, feature_points: convention.featurePoints },
    policy_sha256: explanation.policySha256,
    level: explanation.level,
    joints,
    torque: Array.from(explanation.torque, number),
    importance: Array.from(explanation.importance, number),
    shares: shares(explanation.shares),
    ratios: {
      image: number(ratios.image),
      position: number(ratios.position),
      velocity: number(ratios.velocity),
      configuration: number(ratios.configuration),
    },
    per_torque: joints.map((_, joint) => shares(torqueShares.subarray(joint * per, (joint + 1) * per))),
    conservation_residual: number(explanation.conservationResidual),
    latency_ms: number(explanation.latencyMs),
    flags: explanation.flags,
  };
}

/** An explanation for a terminal: torques with importance, shares in total and per torque, notes. */
export function explanationText(explanation: Explanation): string {
  const { joints, torque, importance, modalities, shares, torqueShares, ratios, convention } = explanation;
  const torques = joints.map((joint, j) => [joint, `${torque[j]!.toPrecision(4)} N·m`, importance[j]!.toFixed(3)]);
  const table = modalities.map((modality, m) => [
    modality,
    percent(shares[m]!),
    ...joints.map((_, j) => percent(torqueShares[j * modalities.length + m]!)),
  ]);
  const references = Object.entries(convention.reference).map(([modality, kind]) => `${modality} ${kind}`);
  const notes = [
    ["method", explanation.method],
    ["image : position : velocity", [ratios.image, ratios.position, ratios.velocity].map(percent).join(" : ")],
    ["conservation residual", explanation.conservationResidual.toExponential(1)],
    ["reference", references.join(", ")],
    ["feature points", `origin ${convention.featurePoints}`],
    ...(explanation.flags.length > 0 ? [["flags", explanation.flags.join(", ")]] : []),
  ];
  return [
    columns([["joint", "torque", "importance"], ...torques]),
    columns([["share of", "all", ...joints], ...table]),
    columns(notes),
  ].join("\n\n");
}
