import { applyNode } from "../graph/apply.js";
import { div, input, sub, tensor } from "../graph/build.js";
import { type Shape, sizeOf } from "../graph/shape.js";
import { substitute } from "../graph/substitute.js";
import type { Graph, TensorType, Value } from "../graph/value.js";
import { own } from "../own.js";
import type { Card, CardImage, CardSlice } from "./card-schema.js";
import { actionsOf, COMMAND, commandOf, PROBABILITIES } from "./command.js";
import { isSlices } from "./consistency.js";
import { sliceSize } from "./quantities.js";

/** The offset to subtract from a tensor and the scale to divide it by; both broadcast to it. */
interface Statistics {
  readonly mean: Value;
  readonly std: Value;
}

/** A graph, and its outputs that hold the explained values and, of actions, their probabilities. */
export interface Commanding {
  readonly graph: Graph;
  readonly command: string;
  readonly probabilities?: string;
  /** Of actions: true where their logits are explained, false where it is the probabilities themselves. */
  readonly areLogits?: boolean;
}

/**
 * A policy in physical units: normalisation that the card declares outside the model is added to the graph, before
 * the inputs (tensor = (value − mean) / std) and after the torques (torque = mean + std · output). So relevance is that
 * of the measured quantities, relative to their zero (methods.md §0.8). Where the explained values are not one of the
 * model's outputs as it is, they become an output of their own.
 * @param source of the card, for messages
 * @throws InputError for an output of actions that is not what the card says
 */
export function inPhysicalUnits(model: Graph, card: Card, source: string): Commanding {
  const graph = withNormalisation(model, card);
  const outputs = Object.fromEntries(graph.outputs);
  const actions = actionsOf(card, outputs, source);
  if (!actions) return commanding(graph, commandOf(card, outputs, Object.fromEntries(graph.inputs)));
  const { command, areLogits, probabilities } = actions;
  const more = new Map([...graph.outputs, [PROBABILITIES, probabilities]]);
  return { ...commanding({ ...graph, outputs: more }, command), probabilities: PROBABILITIES, areLogits };
}

function commanding(graph: Graph, value: Value): Commanding {
  for (const [command, output] of graph.outputs) if (output === value) return { graph, command };
  return { graph: { ...graph, outputs: new Map([...graph.outputs, [COMMAND, value]]) }, command: COMMAND };
}

function withNormalisation(graph: Graph, card: Card): Graph {
  const inputs = new Map(graph.inputs);
  const replaced = new Map<Value, Value>();
  for (const [name, value] of graph.inputs) {
    const physical = input(name, value.dtype, value.shape);
    const normalised = normalisedInput(name, physical, card);
    if (normalised === physical) continue;
    inputs.set(name, physical);
    replaced.set(value, normalised);
  }
  if (replaced.size === 0 && !card.torque?.mean && !card.torque?.std) return graph;
  const names = [...graph.outputs.keys()];
  const values = substitute([...graph.outputs.values()], replaced, { named: true });
  const outputs = new Map(names.map((name, i) => [name, values[i]!]));
  if (card.torque) outputs.set(card.torque.output, physicalTorque(outputs.get(card.torque.output)!, card.torque));
  return { ...graph, inputs, outputs };
}

/** A physical input as the model gets it: itself where the card declares no normalisation outside the model. */
export function normalisedInput(name: string, physical: Value, card: Card): Value {
  const found = statisticsOf(name, physical, card);
  return found ? div(sub(physical, found.mean), found.std) : physical;
}

/** The statistics of an input that is normalised outside the model; undefined where it is not. */
export function statisticsOf(name: string, type: TensorType, card: Card): Statistics | undefined {
  const entry = own(card.inputs, name);
  return entry && (isSlices(entry) ? ofSlices(entry, type) : ofImage(entry, type));
}

/** The model's torque output in N·m. */
export function physicalTorque(torque: Value, { output, mean, std }: NonNullable<Card["torque"]>): Value {
  const rows = [...torque.shape.slice(0, -1).map(() => 1), torque.shape.at(-1)!];
  const onJoints = (numbers: readonly number[]) => tensor(torque.dtype, rows, numbers);
  const named = (op: string, value: Value, numbers: readonly number[]) =>
    applyNode(op, [value, onJoints(numbers)], {}, { name: `${output}, ${op} of its normalisation` }).outputs[0]!;
  const scaled = std ? named("Mul", torque, std) : torque;
  return mean ? named("Add", scaled, mean) : scaled;
}

function ofImage({ mean, std, layout, frames = 1 }: CardImage, { dtype, shape }: TensorType): Statistics | undefined {
  if (!mean && !std) return undefined;
  const axis = layout.indexOf("C");
  const channels: Shape = shape.map((d, i) => (i === axis ? d : 1));
  const size = shape[axis]! / frames;
  const each = (numbers: readonly number[] | undefined, otherwise: number) =>
    tensor(
      dtype,
      channels,
      Array.from({ length: shape[axis]! }, (_, c) => numbers?.[c % size] ?? otherwise),
    );
  return { mean: each(mean, 0), std: each(std, 1) };
}

function ofSlices(slices: readonly CardSlice[], { dtype, shape }: TensorType): Statistics | undefined {
  if (slices.every(({ mean, std }) => !mean && !std)) return undefined;
  const [means, stds] = [new Float64Array(sizeOf(shape)), new Float64Array(sizeOf(shape)).fill(1)];
  for (const slice of slices)
    for (let i = 0; i < sliceSize(slice)!; i++) {
      means[slice.start + i] = slice.mean?.[i] ?? 0;
      stds[slice.start + i] = slice.std?.[i] ?? 1;
    }
  return { mean: tensor(dtype, shape, means), std: tensor(dtype, shape, stds) };
}
