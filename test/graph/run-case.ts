import type * as ort from "onnxruntime-node";
import { SINCE } from "./cases/all.js";
import type { NodeCase } from "./cases/operands.js";
import { feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** Runs one node by onnxruntime; its results by output. */
export async function oracle(op: string, { inputs, attributes, outputs }: NodeCase): Promise<ort.Tensor[]> {
  const given = inputs.flatMap((operand, i) => (operand ? [{ ...operand, name: `x${i}` }] : []));
  const fed = given.filter(({ constant }) => !constant);
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const bytes = modelBytes({
    opset: SINCE[op],
    nodes: [{ op, inputs: inputs.map((operand, i) => (operand ? `x${i}` : "")), outputs: names, attributes }],
    inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
    outputs: names.map((name) => valueInfo(name)),
    initializers: given
      .filter((x) => x.constant)
      .map(({ name, dtype, shape, values }) => initializer(name, dtype, shape, values)),
  });
  const feeds = Object.fromEntries(fed.map(({ name, dtype, shape, values }) => [name, feed(dtype, shape, values)]));
  const results = await runModel(bytes, feeds);
  return names.map((name) => results[name]!);
}
