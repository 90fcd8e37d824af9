import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { float32 } from "#src/runtime/session.js";
import { randoms, relativeError } from "../../evaluate.js";
import { plainSession } from "../../plain-session.js";
import { slowSoftmax } from "../slow-perturbation.js";
import { configuration, dense, explain, image, modalityOf, subjectOf, weights } from "../subjects.js";

const x = image("image", [1, 2, 5, 5]);
const q = configuration(3);
// Smooth, so that differences of float32 are near its gradient.
const maps = b.tanh(b.conv(x, weights([3, 2, 3, 3], 1), {}, weights([3], 2)));
const logits = dense(b.tanh(dense(b.concat([b.reshape(maps, [1, 27]), q], 1), 6, 3)), 4, 4);
const pixels = randoms(50, 7, 0, 1);
const state = randoms(3, 8);
const feeds = { image: float32(pixels, x.shape), configuration: float32(state, [1, 3]) };

/** Central differences of a function of the outputs, by every pixel. */
async function differences(of: (outputs: number[]) => number) {
  const graph = subjectOf([x, q], logits).graph;
  const session = await plainSession(writeModel(graph));
  const at = async (i: number, step: number) => {
    const moved = pixels.map((value, k) => (k === i ? value + step : value));
    const { torque } = await session.run({ ...feeds, image: float32(moved, x.shape) });
    return of(Array.from(torque!.data as Float32Array));
  };
  const slopes: number[] = [];
  for (const i of pixels.keys()) slopes.push(((await at(i, 0.01)) - (await at(i, -0.01))) / 0.02);
  return slopes;
}

const halfSquare = (numbers: readonly number[]) => numbers.reduce((sum, y) => sum + 0.5 * y * y, 0);

describe("vanilla-gradient", () => {
  it.each(["logits", "probabilities"] as const)(
    "of %s is the slope of half the squared probabilities",
    async (distribution) => {
      const output = distribution === "logits" ? logits : b.softmax(logits);
      const subject = subjectOf([x, q], output, [x, q].map(modalityOf), { distribution });
      const expected = (await differences((z) => halfSquare(slowSoftmax(z)))).map(Math.abs);
      const heatmap = Array.from({ length: 25 }, (_, i) => expected[i]! + expected[25 + i]!);
      for (const importance of [
        [1, 1, 1, 1],
        [0, 0, 1, 0],
      ])
        for (const depth of ["full", "heatmap"] as const) {
          const [out] = await explain(subject, feeds, { method: "vanilla-gradient", depth, importances: [importance] });
          expect(relativeError(out!["torquelens.heatmap.image"]!, heatmap)).toBeLessThan(5e-3);
          if (depth === "full") expect(relativeError(out!["torquelens.relevance.image"]!, expected)).toBeLessThan(5e-3);
        }
    },
  );

  it("of torques is the size of torque times gradient, weighted by importance", async () => {
    const alpha = [0.5, 1, 1.5, 0.2];
    const expected = new Float64Array(50);
    for (const [j, weight] of alpha.entries())
      (await differences((y) => halfSquare([y[j]!]))).forEach((slope, i) => {
        expected[i]! += weight * Math.abs(slope);
      });
    const [out] = await explain(subjectOf([x, q], logits), feeds, { method: "vanilla-gradient", importances: [alpha] });
    expect(relativeError(out!["torquelens.relevance.image"]!, expected)).toBeLessThan(5e-3);
  });
});
