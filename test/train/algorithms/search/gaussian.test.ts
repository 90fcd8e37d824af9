import { expect, test } from "vitest";
import { expectedDivergence, type LinearGaussian } from "#src/train/algorithms/search/gaussian.js";
import { randoms } from "../../../evaluate.js";

/** Mean over x of ∫ p ln(p/q) du on a fine grid, from the densities. */
function slowDivergence(p: LinearGaussian, q: LinearGaussian, states: readonly number[][], weights: readonly number[]) {
  const density = ({ covariance: [a, b, , d] }: LinearGaussian, u: number, v: number): number => {
    const determinant = a! * d! - b! * b!;
    return (
      Math.exp(-(d! * u * u - 2 * b! * u * v + a! * v * v) / (2 * determinant)) / (2 * Math.PI * Math.sqrt(determinant))
    );
  };
  const meanOf = ({ gain, offset }: LinearGaussian, x: readonly number[]): [number, number] =>
    [0, 1].map((j) => offset[j]! + x.reduce((sum, value, i) => sum + gain[j * x.length + i]! * value, 0)) as [
      number,
      number,
    ];
  const [step, reach] = [0.05, 8];
  let total = 0;
  states.forEach((x, index) => {
    const [pu, pv] = meanOf(p, x);
    const [qu, qv] = meanOf(q, x);
    let sum = 0;
    for (let u = -reach; u <= reach; u += step)
      for (let v = -reach; v <= reach; v += step) {
        const here = density(p, u, v);
        if (here > 1e-300) sum += here * (Math.log(here) - Math.log(density(q, u + pu - qu, v + pv - qv)));
      }
    total += weights[index]! * sum * step * step;
  });
  return total;
}

const p: LinearGaussian = {
  gain: Float64Array.from(randoms(6, 1)),
  offset: Float64Array.from(randoms(2, 2)),
  covariance: Float64Array.of(0.8, 0.3, 0.3, 0.5),
};
const q: LinearGaussian = {
  gain: Float64Array.from(randoms(6, 3)),
  offset: Float64Array.from(randoms(2, 4)),
  covariance: Float64Array.of(1.5, -0.4, -0.4, 1.1),
};
const mean = Float64Array.of(0.5, -0.2, 0.3);

test("the divergence at a known state is the integral of p ln(p/q)", () => {
  const x = { mean, covariance: new Float64Array(9) };
  expect(expectedDivergence(p, q, x)).toBeCloseTo(slowDivergence(p, q, [[...mean]], [1]), 6);
  expect(expectedDivergence(p, p, x)).toBeCloseTo(0, 12);
});

test("over uncertain states it is the mean: exact at the points that have their mean and covariance", () => {
  // x = mean ± √n σᵢ eᵢ with equal weights has the moments of N(mean, diag σ²); the divergence is quadratic in x.
  const sigmas = [0.3, 0.7, 0.2];
  const states = sigmas.flatMap((sigma, i) =>
    [1, -1].map((sign) => [...mean].map((value, k) => value + (k === i ? sign * Math.sqrt(3) * sigma : 0))),
  );
  const covariance = Float64Array.from({ length: 9 }, (_, at) => (at % 4 === 0 ? sigmas[at / 4]! ** 2 : 0));
  const slow = slowDivergence(p, q, states, Array(6).fill(1 / 6));
  expect(expectedDivergence(p, q, { mean, covariance })).toBeCloseTo(slow, 6);
});
