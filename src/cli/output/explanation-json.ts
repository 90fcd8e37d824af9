import type { Explanation, Instruction } from "../../explain/explanation.js";
import { otherShare } from "../../explain/ratios.js";
import type { ExplanationNumbers } from "../../messages/explanation-numbers.js";
import { number, percent } from "../../numbers/format.js";
import { areTorques, isPlainTorque, itemOf, ratherThan, withUnit, wordsOf } from "../../outputs/kinds.js";
import { instructionText } from "./instruction-text.js";
import { columns } from "./table.js";

/**
 * An explanation as the JSON object of one tick: torques N·m, or commands of other kinds with kinds and units, time s since `start`, the stamp in ns as text, since a
 * number would lose its last digits, latency ms; shares by modality, in total and for each output. Numbers that are not
 * finite (the residual below level `full`, the latency of a replay) become null.
 * @param start stamp of the run's first tick, nanoseconds
 */
export function explanationJson(explanation: ExplanationNumbers, start: bigint): Record<string, unknown> {
  const { observation, convention, ratios, torqueShares, modalities, joints } = explanation;
  const shares = (values: Float32Array) =>
    Object.fromEntries(modalities.map((modality, index) => [modality, number(values[index]!)]));
  const per = modalities.length;
  const { outputs } = explanation;
  const each = joints.map((_, joint) => shares(torqueShares.subarray(joint * per, (joint + 1) * per)));
  return {
    tick: observation.tick,
    time: Number(observation.stamp - start) / 1e9,
    stamp_ns: String(observation.stamp),
    method: explanation.method,
    ...(explanation.contrast !== undefined && { contrast: explanation.contrast }),
    ...(explanation.against !== undefined && { against: explanation.against }),
    convention: { reference: convention.reference, feature_points: convention.featurePoints },
    policy_sha256: explanation.policySha256,
    level: explanation.level,
    joints,
    [areTorques(outputs) ? "torque" : "command"]: Array.from(explanation.torque, number),
    ...(outputs.every(isPlainTorque)
      ? {}
      : {
          kinds: outputs.map(({ kind }) => kind),
          units: outputs.map(({ unit }) => unit),
          measured_from: outputs.map(({ reference }) => reference),
        }),
    ...(explanation.choice && {
      chosen: explanation.choice.chosen,
      probabilities: Array.from(explanation.choice.probabilities, number),
    }),
    ...(explanation.instruction && { instruction: instructionJson(explanation.instruction) }),
    importance: Array.from(explanation.importance, number),
    shares: shares(explanation.shares),
    ratios: {
      image: single(ratios.image),
      position: single(ratios.position),
      velocity: single(ratios.velocity),
      configuration: single(ratios.configuration),
    },
    [areTorques(outputs) ? "per_torque" : "per_output"]: each,
    conservation_residual: single(explanation.conservationResidual),
    omitted: single(explanation.omitted),
    latency_ms: single(explanation.latencyMs),
    flags: explanation.flags,
  };
}

const instructionJson = ({ text, tokens, relevance, unknown }: Instruction) => ({
  text,
  tokens: tokens.map((token, i) => ({ token, relevance: relevance.length > 0 ? number(relevance[i]!) : null })),
  unknown,
});

/** In single precision, as messages hold it: a resumed replay prints the same. */
const single = (value: number) => number(Math.fround(value));

/** An explanation for a terminal: torques or other outputs with importance, probabilities of actions, shares in total and of each, notes. */
export function explanationText(explanation: Explanation): string {
  const { joints, outputs, torque, importance, modalities, shares, torqueShares, ratios, convention } = explanation;
  const { noun } = wordsOf(outputs);
  const { choice } = explanation;
  const torques = joints.map((joint, j) => [
    joint,
    withUnit(torque[j]!.toPrecision(4), outputs[j]!.unit),
    ...(choice ? [percent(choice.probabilities[j]!)] : []),
    importance[j]!.toFixed(3),
  ]);
  const table = modalities.map((modality, m) => [
    modality,
    percent(shares[m]!),
    ...joints.map((_, j) => percent(torqueShares[j * modalities.length + m]!)),
  ]);
  const other = otherShare(ratios);
  const parts = {
    image: ratios.image,
    position: ratios.position,
    velocity: ratios.velocity,
    ...(other > 5e-4 && { other }),
  };
  const references = Object.entries(convention.reference).map(([modality, kind]) => `${modality} ${kind}`);
  const notes = [
    ["method", explanation.method],
    ...(explanation.contrast === undefined
      ? []
      : [["heatmap", `evidence for ${ratherThan(explanation.contrast, explanation.against, outputs)}`]]),
    [Object.keys(parts).join(" : "), Object.values(parts).map(percent).join(" : ")],
    ["conservation residual", explanation.conservationResidual.toExponential(1)],
    ...(explanation.omitted > 0
      ? [["omitted", `${(100 * explanation.omitted).toPrecision(2)} % of the relevance was not followed to the pixels`]]
      : []),
    ["reference", references.join(", ")],
    ["feature points", `origin ${convention.featurePoints}`],
    ...Object.entries(explanation.attention).map(([modality, maps]) => [
      "attention",
      `${modality}: ${maps.map(({ query }) => query).join(", ")}`,
    ]),
    ...(explanation.flags.length > 0 ? [["flags", explanation.flags.join(", ")]] : []),
  ];
  return [
    columns([[itemOf(outputs), noun, ...(choice ? ["probability"] : []), "importance"], ...torques]),
    ...(choice ? [`chosen: ${choice.chosen}`] : []),
    columns([["share of", "all", ...joints], ...table]),
    ...(explanation.instruction ? [instructionText(explanation.instruction)] : []),
    columns(notes),
  ].join("\n\n");
}
