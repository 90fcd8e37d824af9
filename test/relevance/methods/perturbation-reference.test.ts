import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { float32 } from "#src/runtime/session.js";
import { relativeError } from "../../evaluate.js";
import { explain, image, modalityOf, subjectOf, total } from "../subjects.js";

/** Written by test/reference/perturbation.py. */
const REFERENCE = JSON.parse(
  readFileSync(new URL("../../data/reference/perturbation.json", import.meta.url), "utf8"),
) as {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly radius: number;
  readonly stride: number;
  readonly blur: number;
  readonly occlusion: { readonly size: number; readonly stride: number; readonly maps: number[] };
  readonly parameters: [number[], number[], number[], number[]];
  readonly image: number[];
  readonly logits: number[];
  readonly scores: Readonly<Record<"square" | "kl" | "sarfa", number[][]>>;
};

const { height, width, channels, radius, stride, blur } = REFERENCE;
const [kernel, offset, matrix, shift] = REFERENCE.parameters;
const x = image("image", [1, channels, height, width]);
const maps = b.relu(
  b.conv(x, b.tensor("float32", [3, channels, 3, 3], kernel), { strides: [2, 2] }, b.tensor("float32", [3], offset)),
);
const actions = REFERENCE.logits.length;
const inner = matrix.length / actions;
const logits = apply(
  "Gemm",
  [b.reshape(maps, [1, inner]), b.tensor("float32", [actions, inner], matrix), b.tensor("float32", [actions], shift)],
  { transB: 1 },
);
const feeds = { image: float32(REFERENCE.image, x.shape) };
const mapsOf = async (method: string, distribution?: "logits") => {
  const subject = subjectOf([x], logits, [modalityOf(x)], distribution && { distribution });
  const [out] = await explain(subject, feeds, { method, depth: "per-torque" });
  return out!["torquelens.torque_heatmap.image"]!;
};

describe("numbers of SciPy and Captum", () => {
  it.each([
    ["perturbation", "square", undefined],
    ["perturbation", "kl", "logits"],
    ["sarfa", "sarfa", "logits"],
  ] as const)("%s by %s has SciPy's scores at the centres", async (method, score, distribution) => {
    const found = await mapsOf(`${method}:radius=${radius},stride=${stride},blur=${blur}`, distribution);
    const columns = Math.ceil(width / stride);
    const centres = REFERENCE.scores[score].flatMap((_, k) => {
      const pixel = Math.floor(k / columns) * stride * width + (k % columns) * stride;
      return Array.from({ length: actions }, (__, j) => found[j * height * width + pixel]!);
    });
    // The divergence is that of the choice as a whole, whichever action is asked about.
    const each = REFERENCE.scores[score];
    const expected = score === "kl" ? each.map((row) => row.map(() => total(row))) : each;
    expect(relativeError(centres, expected.flat())).toBeLessThan(1e-4);
  });

  it("occlusion is Captum's, in the output's own direction", async () => {
    const { size, stride: step, maps: expected } = REFERENCE.occlusion;
    const found = await mapsOf(`occlusion:size=${size},stride=${step}`);
    const directed = expected.map((value, i) => value * Math.sign(REFERENCE.logits[Math.floor(i / (height * width))]!));
    expect(relativeError(found, directed)).toBeLessThan(1e-4);
  });
});
