import { apply } from "../graph/apply.js";
import {
  concat,
  conv,
  div,
  matmul,
  matrixTranspose,
  mul,
  neg,
  reshape,
  scalar,
  split,
  sub,
  sum,
} from "../graph/build.js";
import { sizeOf } from "../graph/shape.js";
import type { Value } from "../graph/value.js";
import { convInputAdjoint, convWeightAdjoint, geometryOf } from "./convolution.js";
import { averagePoolAdjoint, maxPoolAdjoint } from "./pooling.js";
import { foldedRows, type GradientRule, type GradientTable, rowsOf } from "./rule.js";
import { sumToShape } from "./structural.js";

/** Rules of matrix products, convolutions, pools and the normalisation of inference. */

const matMul: GradientRule = (node, g, lead) => {
  const [a, b] = node.inputs as readonly [Value, Value];
  const left = a.shape.length > 1 ? a : reshape(a, [1, a.shape[0]!]);
  const right = b.shape.length > 1 ? b : reshape(b, [b.shape[0]!, 1]);
  const batch = g.shape.slice(0, g.shape.length - Number(a.shape.length > 1) - Number(b.shape.length > 1));
  const product = reshape(g, [...batch, left.shape.at(-2)!, right.shape.at(-1)!]);
  const rows = rowsOf(g, lead);
  return [
    () => reshape(sumToShape(matmul(product, matrixTranspose(right)), left.shape, lead), [...rows, ...a.shape]),
    () => reshape(sumToShape(matmul(matrixTranspose(left), product), right.shape, lead), [...rows, ...b.shape]),
  ];
};

const gemm: GradientRule = (node, g, lead) => {
  const [a, b, c] = node.inputs as readonly [Value, Value, Value | undefined];
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = node.attributes as Record<string, number | undefined>;
  const scaled = mul(g, alpha);
  const turn = (x: Value, turned: number) => (turned ? matrixTranspose(x) : x);
  return [
    () => turn(matmul(scaled, turn(b, 1 - transB)), transA),
    () => turn(matmul(turn(a, 1 - transA), scaled), transB),
    c && (() => sumToShape(mul(g, beta), c.shape, lead)),
  ];
};

/** The gradient of a bias [K]: what arrives at [N, K, …], summed. */
const channelSum = (g: Value, lead: number): Value =>
  sum(
    g,
    g.shape.flatMap((_, i) => (i < lead || i === lead + 1 ? [] : [i])),
  );

/** Takes a gradient row by row: weights have no batch axis to fold the rows into. */
function rowByRow(g: Value, lead: number, adjoint: (g: Value) => Value): Value {
  if (lead === 0) return adjoint(g);
  const rows = rowsOf(g, lead);
  const count = sizeOf(rows);
  const flat = reshape(g, [count, ...g.shape.slice(lead)]);
  const each = split(flat, 0, Array<number>(count).fill(1)).map((row) => {
    const y = adjoint(reshape(row, g.shape.slice(lead)));
    return reshape(y, [1, ...y.shape]);
  });
  const all = concat(each, 0);
  return reshape(all, [...rows, ...all.shape.slice(1)]);
}

const convolution: GradientRule = (node, g, lead) => {
  const [x, weight] = node.inputs as readonly [Value, Value];
  const geometry = geometryOf(node);
  return [
    () => foldedRows(g, lead, (y) => convInputAdjoint(y, weight, x.shape.slice(2), geometry)),
    () => rowByRow(g, lead, (y) => convWeightAdjoint(x, y, weight.shape.slice(2), geometry)),
    () => channelSum(g, lead),
  ];
};

/** A transposed convolution is the adjoint of a convolution, so its own gradients are convolutions again. */
const convTranspose: GradientRule = (node, g, lead) => {
  const [y, weight] = node.inputs as readonly [Value, Value];
  const geometry = geometryOf(node);
  return [
    () => foldedRows(g, lead, (x) => conv(x, weight, geometry)),
    () => rowByRow(g, lead, (x) => convWeightAdjoint(x, y, weight.shape.slice(2), geometry)),
    () => channelSum(g, lead),
  ];
};

/** y = (x − mean)/√(var + ε)·scale + bias with statistics that do not depend on x. */
const batchNorm: GradientRule = (node, g, lead) => {
  const [x, scale, , mean, variance] = node.inputs as readonly [Value, Value, Value, Value, Value];
  const channel = [scale.shape[0]!, ...x.shape.slice(2).map(() => 1)];
  const wide = (value: Value) => reshape(value, channel);
  const epsilon = (node.attributes.epsilon as number | undefined) ?? 1e-5;
  const shifted = apply("Add", [variance, scalar(epsilon, g.dtype)]);
  const deviation = apply("Sqrt", [shifted]);
  const slope = div(scale, deviation);
  const centred = () => sub(x, wide(mean));
  return [
    () => mul(g, wide(slope)),
    () => channelSum(mul(g, div(centred(), wide(deviation))), lead),
    () => channelSum(g, lead),
    () => neg(channelSum(mul(g, wide(slope)), lead)),
    () => channelSum(mul(g, mul(centred(), wide(mul(div(slope, shifted), -0.5)))), lead),
  ];
};

const averagePool: GradientRule = (node, g, lead) => [() => foldedRows(g, lead, (y) => averagePoolAdjoint(node, y))];

export const LINEAR_GRADIENTS: GradientTable = {
  MatMul: matMul,
  Gemm: gemm,
  Conv: convolution,
  ConvTranspose: convTranspose,
  BatchNormalization: batchNorm,
  MaxPool: (node, g, lead) => [() => foldedRows(g, lead, (y) => maxPoolAdjoint(node, y))],
  AveragePool: averagePool,
  GlobalAveragePool: averagePool,
};
