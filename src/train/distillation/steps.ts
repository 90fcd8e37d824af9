import { input, reshape, tensor } from "../../graph/build.js";
import { writeModel } from "../../graph/onnx-write.js";
import { type Shape, sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { isSlices } from "../../policy/consistency.js";
import type { Policy } from "../../policy/policy.js";
import { type StepModel, stepModel } from "../network/step-model.js";
import { answersOf, distance, inputGradients, type OutputKind, regulariser } from "./losses.js";
import type { Yardstick } from "./recipe.js";
import type { ColumnType } from "./states.js";
import { imagesOf, type Student } from "./student.js";

/** Name of the teacher's answers among a state's tensors. */
export const ANSWERS = "torquelens.answers";
/** Name of an image's mask among a state's tensors. */
export const maskName = (image: string): string => `torquelens.mask.${image}`;

/** What a policy's outputs are: those that are no action of a choice are numbers. */
export function outputKindOf({ outputs: [first] }: Policy): OutputKind {
  if (first?.kind === "action_logit") return "logits";
  return first?.kind === "action_probability" ? "probabilities" : "numbers";
}

/** Limits, 1 where the card gives none. */
const limitsOf = ({ outputs }: Policy): Value =>
  tensor(
    "float32",
    [1, outputs.length],
    outputs.map(({ limit }) => limit ?? 1),
  );

const rowOf = (outputs: Value): Value => reshape(outputs, [1, sizeOf(outputs.shape)]);

/** The tensors of a state that is answered as the teacher does: the policy's inputs and the teacher's answers. */
export const answeredColumns = (policy: Policy): ColumnType[] => [
  ...inputColumns(policy),
  { name: ANSWERS, dtype: "float32", shape: [1, policy.outputs.length] },
];

/** The tensors of a state with saliency maps: the policy's inputs, and of each image which pixels are penalised. */
export const mappedColumns = (policy: Policy): ColumnType[] => [
  ...inputColumns(policy),
  ...imagesOf(policy).map(({ input }) => ({
    name: maskName(input),
    dtype: "float32" as const,
    shape: maskShape(policy, input),
  })),
];

const inputColumns = ({ graph }: Policy): ColumnType[] =>
  Array.from(graph.inputs, ([name, { dtype, shape }]) => ({ name, dtype, shape }));

/** An image's shape with its height and width alone. */
function maskShape({ card, graph }: Policy, name: string): Shape {
  const image = own(card.inputs, name)!;
  if (isSlices(image)) throw new RangeError(`${name} is no image`);
  return graph.inputs.get(name)!.shape.map((d, axis) => ("HW".includes(image.layout[axis]!) ? d : 1));
}

/** A step of Eq. 4 on as many of `states` at once as the network allows: all, or one. */
export function regulariserStep(student: Student, kind: OutputKind, yardstick: Yardstick, states: number): StepModel {
  const { layout, policy } = student;
  const parameters = layout.inputs("whole");
  const graph = student.graph(parameters, states);
  if (!graph) return regulariserStep(student, kind, yardstick, 1);
  const { inputs, images, outputs } = graph;
  const masks = imagesOf(policy).map(({ input: name }) => {
    const [d, ...rest] = maskShape(policy, name);
    return input(maskName(name), "float32", [states * d!, ...rest]);
  });
  const answers = answersOf(kind, outputs, limitsOf(policy));
  const loss = regulariser(inputGradients(answers, images), masks, yardstick, states);
  return stepModel(layout, "whole", states, parameters, [...inputs, ...masks], { loss }, policy.graph.opset);
}

/** A step of the distance from the teacher, Eq. 5's second term, on as many of `states` at once as the network allows. */
export function distanceStep(student: Student, kind: OutputKind, states: number): StepModel {
  const { layout, policy } = student;
  const parameters = layout.inputs("whole");
  const graph = student.graph(parameters, states);
  if (!graph) return distanceStep(student, kind, 1);
  const { inputs, outputs } = graph;
  const answers = input(ANSWERS, "float32", [states, policy.outputs.length]);
  const loss = distance(kind, outputs, answers, limitsOf(policy));
  return stepModel(layout, "whole", states, parameters, [...inputs, answers], { loss }, policy.graph.opset);
}

/** The policy's inputs to its `ANSWERS`. */
export function answerModel(policy: Policy, kind: OutputKind): Uint8Array {
  const { graph, command } = policy;
  const answers = answersOf(kind, rowOf(graph.outputs.get(command)!), limitsOf(policy));
  return writeModel({ ...graph, outputs: new Map([[ANSWERS, answers]]), metadata: new Map() });
}
