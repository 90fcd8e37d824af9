import * as b from "#src/graph/build.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { randoms } from "../evaluate.js";
import { configuration, subjectOf } from "./subjects.js";

/** A ReLU network on explicit matrices in float64, element by element: what gradient methods are checked against. */
export interface Mlp {
  /** `weights[l][j][i]` takes unit i of layer l to unit j of layer l + 1. */
  readonly weights: readonly (readonly Float64Array[])[];
  readonly biases: readonly Float64Array[];
}

export function randomMlp(sizes: readonly number[], seed: number, bias = 0.3): Mlp {
  const weights = sizes
    .slice(1)
    .map((out, l) =>
      Array.from({ length: out }, (_, j) => Float64Array.from(randoms(sizes[l]!, 1000 * seed + 100 * l + j))),
    );
  const biases = sizes.slice(1).map((out, l) => Float64Array.from(randoms(out, 77 * seed + l, -bias, bias)));
  return { weights, biases };
}

/** The same network as a policy with one configuration input. */
export function policyOfMlp({ weights, biases }: Mlp): Subject {
  const x = configuration(weights[0]![0]!.length);
  const torque = weights.reduce((h, matrix, l) => {
    const rows = matrix.flatMap((row) => Array.from(row));
    const w = b.tensor("float32", [matrix.length, matrix[0]!.length], rows);
    const z = b.add(b.matmul(h, b.transpose(w, [1, 0])), b.tensor("float32", [1, matrix.length], biases[l]!));
    return l === weights.length - 1 ? z : b.relu(z);
  }, x);
  return subjectOf([x], torque);
}

/** What every layer reads, and the torques last. */
export function activations({ weights, biases }: Mlp, x: ArrayLike<number>): Float64Array[] {
  const all = [Float64Array.from(x)];
  weights.forEach((matrix, l) => {
    const z = matrix.map((row, j) => row.reduce((sum, w, i) => sum + w * all[l]![i]!, biases[l]![j]!));
    all.push(Float64Array.from(z, (value) => (l === weights.length - 1 ? value : Math.max(value, 0))));
  });
  return all;
}

/** What passes a ReLU, of what arrived there and the ReLU's output; what passes an edge, of weight × what arrived. */
export interface Gates {
  relu(g: number, y: number): number;
  edge?(g: number): number;
}

export const GATES = {
  gradient: { relu: (g, y) => (y > 0 ? g : 0) },
  guided: { relu: (g, y) => (y > 0 && g > 0 ? g : 0) },
  rectified: { relu: (g) => Math.max(g, 0) },
  edges: { relu: (g, y) => (y > 0 ? g : 0), edge: (g) => Math.max(g, 0) },
} as const satisfies Record<string, Gates>;

/** The (modified) gradient of sign_j τ_j for each torque; of its own sign by default. */
export function slowGradient(
  mlp: Mlp,
  x: ArrayLike<number>,
  { relu, edge = (g) => g }: Gates,
  given?: ArrayLike<number>,
): Float64Array[] {
  const all = activations(mlp, x);
  const torques = all.at(-1)!;
  const signs = given ?? torques.map(Math.sign);
  return Array.from(torques, (_, j) => {
    let g = torques.map((__, k) => (k === j ? signs[j]! : 0));
    for (let l = mlp.weights.length - 1; l >= 0; l--) {
      const matrix = mlp.weights[l]!;
      const passed = l === mlp.weights.length - 1 ? g : g.map((value, k) => relu(value, all[l + 1]![k]!));
      g = all[l]!.map((_, i) => matrix.reduce((sum, row, k) => sum + edge(row[i]! * passed[k]!), 0));
    }
    return g;
  });
}
