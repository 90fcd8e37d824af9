import { expect, test } from "vitest";
import { explanationJson, explanationText } from "#src/cli/output/explanation-json.js";
import type { Explanation } from "#src/explain/explanation.js";
import { TORQUE } from "#src/outputs/kinds.js";

const explanation: Explanation = {
  observation: {
    tick: 7,
    stamp: 350_000_000n,
    images: {},
    values: {},
    joints: { names: ["shoulder", "elbow"], position: new Float64Array(2), velocity: new Float64Array(2) },
    importance: Float64Array.of(1.5, 0.5),
    flags: [],
    transforms: [],
  },
  method: "dtd",
  convention: { reference: { image: "range", joint_position: "zero" }, featurePoints: "policy" },
  policySha256: "ab",
  level: "full",
  heatmapOf: undefined,
  contrast: undefined,
  against: undefined,
  choice: undefined,
  mask: undefined,
  instruction: undefined,
  joints: ["shoulder", "elbow"],
  outputs: [TORQUE, TORQUE],
  torque: Float32Array.of(0.1, -0.25),
  importance: Float32Array.of(1.5, 0.5),
  modalities: ["image", "joint_position"],
  shares: Float32Array.of(0.75, 0.25),
  torqueShares: Float32Array.of(1, 0, 0.25, 0.75),
  relevance: {},
  torqueRelevance: {},
  heatmaps: {},
  attention: {},
  featurePoints: {},
  ratios: { image: 0.75, position: 0.25, velocity: 0, configuration: 0.25 },
  conservationResidual: 1e-7,
  omitted: 5e-4,
  latencyMs: 2,
  flags: ["idle"],
};

test("an explanation as JSON: shares by name, each torque's own, time in seconds since the start, and the stamp", () => {
  expect(JSON.parse(JSON.stringify(explanationJson(explanation, 100_000_000n)))).toEqual({
    tick: 7,
    time: 0.25,
    stamp_ns: "350000000",
    method: "dtd",
    convention: { reference: { image: "range", joint_position: "zero" }, feature_points: "policy" },
    policy_sha256: "ab",
    level: "full",
    joints: ["shoulder", "elbow"],
    torque: [0.1, -0.25],
    importance: [1.5, 0.5],
    shares: { image: 0.75, joint_position: 0.25 },
    ratios: { image: 0.75, position: 0.25, velocity: 0, configuration: 0.25 },
    per_torque: [
      { image: 1, joint_position: 0 },
      { image: 0.25, joint_position: 0.75 },
    ],
    conservation_residual: 1e-7,
    omitted: 5e-4,
    latency_ms: 2,
    flags: ["idle"],
  });
});

test("what was not computed is null", () => {
  expect(explanationJson({ ...explanation, conservationResidual: Number.NaN }, 0n)).toMatchObject({
    conservation_residual: null,
  });
});

test("an explanation as text", () => {
  expect(explanationText(explanation).split("\n")).toEqual([
    "  joint     torque       importance",
    "  shoulder  0.1000 N·m   1.500",
    "  elbow     -0.2500 N·m  0.500",
    "",
    "  share of        all     shoulder  elbow",
    "  image           75.0 %  100.0 %   25.0 %",
    "  joint_position  25.0 %  0.0 %     75.0 %",
    "",
    "  method                       dtd",
    "  image : position : velocity  75.0 % : 25.0 % : 0.0 %",
    "  conservation residual        1.0e-7",
    "  omitted                      0.050 % of the relevance was not followed to the pixels",
    "  reference                    image range, joint_position zero",
    "  feature points               origin policy",
    "  flags                        idle",
  ]);
});

test("an explanation as text names what is neither image nor configuration", () => {
  const ratios = { image: 0.5, position: 0.25, velocity: 0, configuration: 0.25 };
  const line = explanationText({ ...explanation, ratios })
    .split("\n")
    .find((text) => text.includes(" : "));
  expect(line).toBe("  image : position : velocity : other  50.0 % : 25.0 % : 0.0 % : 25.0 %");
});
