import { gradients } from "../../backward/gradients.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { Parameters } from "./linear.js";
import type { Group, Layout } from "./parameters.js";

/** A loss and its gradients as one ONNX model: parameters and a batch in, `loss` and `gradient.<parameter>` out. */
export interface StepModel {
  readonly bytes: Uint8Array;
  /** The parameters that the loss is computed from. */
  readonly group: Group;
  /** Those of them that have gradients. */
  readonly learned: Group;
  /** Samples of one worker's step. */
  readonly batch: number;
  /** Names of the scalar outputs to watch, `loss` first. */
  readonly scalars: readonly string[];
}

/**
 * Appends the gradients of `scalars.loss` with respect to the parameters of a group and writes the model.
 * @param opset of the graph's operators
 * @param slopesOf computes the gradients, by default `gradients`
 * @param learned the parameters that have gradients, a part of the group, default all of it
 */
export function stepModel(
  layout: Layout,
  group: Group,
  batch: number,
  parameters: Parameters,
  inputs: readonly Value[],
  scalars: Readonly<{ loss: Value } & Record<string, Value>>,
  opset = 18,
  slopesOf: (of: Value, wrt: readonly Value[]) => Value[] = gradients,
  learned = group,
): StepModel {
  const names = layout.names(learned);
  const slopes = slopesOf(
    scalars.loss,
    names.map((name) => own(parameters, name)!),
  );
  const allInputs = [...layout.names(group).map((name) => own(parameters, name)!), ...inputs];
  const bytes = writeModel({
    name: `${group}-step`,
    inputs: new Map(allInputs.map((value) => [value.name!, value])),
    outputs: new Map([
      ...Object.entries(scalars),
      ...names.map((name, i) => [`gradient.${name}`, slopes[i]!] as const),
    ]),
    metadata: new Map(),
    opset,
  });
  return { bytes, group, learned, batch, scalars: Object.keys(scalars) };
}
