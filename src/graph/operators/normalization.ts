import { normalizeAxis, type Shape, ShapeError, sameShape, sizeOf } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

/** Refuses parameters that are not one per channel. */
function perChannel(node: Inference, parameters: readonly number[], channels = node.shape(0)[1]): void {
  for (const i of parameters)
    if (node.shape(i).length !== 1 || node.shape(i)[0] !== channels)
      throw new ShapeError(`${node.op}: input [${node.shape(0)}] does not fit parameters [${node.shape(i)}]`);
  node.sameType();
}

/** Refuses a scale or bias that does not broadcast to the normalised axes, from `axis` on. */
function overLastAxes(node: Inference, parameters: readonly number[]): Shape {
  const shape = node.shape(0);
  const axis = normalizeAxis(node.op, node.int("axis", -1), shape);
  const tail = shape.slice(axis);
  for (const i of parameters) {
    if (!node.inputs[i]) continue;
    const given = node.shape(i);
    const padded = [...Array<number>(Math.max(0, tail.length - given.length)).fill(1), ...given];
    if (padded.length !== tail.length || padded.some((d, k) => d !== 1 && d !== tail[k]))
      throw new ShapeError(`${node.op}: parameters [${given}] do not fit axes [${tail}] of shape [${shape}]`);
  }
  node.sameType();
  return shape.map((d, i) => (i < axis ? d : 1));
}

function groupNormalization(node: Inference): TensorType[] {
  const [, channels = 0] = node.shape(0);
  const groups = node.int("num_groups", 0);
  if (groups < 1 || channels % groups !== 0)
    throw new ShapeError(`GroupNormalization: ${groups} groups do not fit shape [${node.shape(0)}]`);
  // One scale per group in opsets 18 to 20, one per channel from 21 on.
  const perGroup = sameShape(node.shape(1), [groups]);
  perChannel(node, [1, 2], perGroup ? groups : channels);
  return node.same();
}

export const NORMALIZATION: Record<string, OperatorSpec> = {
  BatchNormalization: {
    inputs: [5, 5],
    attributes: { epsilon: "float", momentum: "float", training_mode: "int", spatial: "int" },
    infer: (node) => {
      if (node.int("training_mode", 0) === 1)
        throw new ShapeError("BatchNormalization: training mode is not inference");
      perChannel(node, [1, 2, 3, 4]);
      return node.same();
    },
  },
  LayerNormalization: {
    inputs: [2, 3],
    attributes: { axis: "int", epsilon: "float", stash_type: "int" },
    infer: (node) => {
      const statistics: TensorType = { dtype: "float32", shape: overLastAxes(node, [1, 2]) };
      return [...node.same(), statistics, statistics].slice(0, node.outputCount ?? 1);
    },
  },
  RMSNormalization: {
    inputs: [2, 2],
    attributes: { axis: "int", epsilon: "float", stash_type: "int" },
    infer: (node) => {
      overLastAxes(node, [1]);
      return node.same();
    },
  },
  GroupNormalization: {
    inputs: [3, 3],
    attributes: { epsilon: "float", num_groups: "int", stash_type: "int" },
    infer: groupNormalization,
  },
  InstanceNormalization: {
    inputs: [3, 3],
    attributes: { epsilon: "float" },
    infer: (node) => {
      if (sizeOf(node.shape(0).slice(2)) === 0 || node.shape(0).length < 3)
        throw new ShapeError(`InstanceNormalization: input [${node.shape(0)}] has no spatial axes`);
      perChannel(node, [1, 2]);
      return node.same();
    },
  },
};
