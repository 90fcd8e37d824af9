import { apply } from "../../graph/apply.js";
import { add, constant, div, input, maximum, mul, neg, reshape, scalar, sub, sum } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { Parameters } from "../network/linear.js";
import type { Layout } from "../network/parameters.js";
import { sharedGradients } from "../network/shared-gradients.js";
import { type StepModel, stepModel } from "../network/step-model.js";
import { fastConvolution } from "../pixels/layers.js";
import { nextOf } from "../query/export.js";
import { listeningState } from "./layout.js";
import { detectorSums, listeningNetwork } from "./network.js";
import type { ListeningSpec } from "./spec.js";

/** Part of the mask's cross entropy in the loss, beside that of the actions. */
const MASK_WEIGHT = 0.1;

/**
 * A training step on the expert's answers to whole episodes, all of `steps` steps: the loss is the mean cross entropy of
 * the action over the steps that there are, and of the mask over those at which the expert interacts. Feeds, rows in the
 * order of the steps: `image` uint8 [T·B, C, H, W], `instruction` int64 [B, L], `previous_action` [T·B, actions],
 * `expert` [T·B, actions] (1 for the expert's action, zeros behind an episode's end), `cells` [T·B, h·w] (1 for the
 * object's cells) and `interacts` [T·B] (1 where the expert interacts).
 * @param seen the convolutions' parameters, which stay as they are
 */
export function imitationStep(
  spec: ListeningSpec,
  layout: Layout,
  seen: Parameters,
  steps: number,
  batch: number,
): StepModel {
  const rows = steps * batch;
  const cells = spec.mask.height * spec.mask.width;
  const image = input("image", "uint8", [rows, spec.channels, spec.height, spec.width]);
  const instruction = input("instruction", "int64", [batch, spec.tokens]);
  const floats = (name: string, ...shape: number[]): Value => input(name, "float32", shape);
  const previous = floats("previous_action", rows, spec.actions);
  const expert = floats("expert", rows, spec.actions);
  const wanted = floats("cells", rows, cells);
  const interacts = floats("interacts", rows);
  const beginning = Object.fromEntries(
    Object.entries(listeningState(spec)).map(([name, shape]) => [name, zerosOf([batch, ...shape])]),
  );
  const parameters = layout.inputs("head");
  const { actions, mask } = listeningNetwork(
    spec,
    ofBytes({ ...seen, ...parameters }),
    { image, instruction, previous, state: beginning },
    fastConvolution,
  );
  const { action, right, interaction } = losses({
    actions,
    mask: reshape(mask, [rows, cells]),
    expert,
    wanted,
    interacts,
  });
  const scalars = { loss: add(action, mul(interaction, MASK_WEIGHT)), action, mask: interaction, right };
  const inputs = [image, instruction, previous, expert, wanted, interacts];
  return stepModel(layout, "head", batch, parameters, inputs, scalars, 18, (of, wrt) =>
    sharedGradients(of, wrt, scalar(1)),
  );
}

/** The bytes' 1/255, as part of the first convolution's weights. */
const ofBytes = (p: Parameters): Parameters => ({ ...p, "conv1.weight": mul(own(p, "conv1.weight")!, 1 / 255) });

const zerosOf = (shape: readonly number[]): Value =>
  constant(Literal.from("float32", shape, new Float64Array(shape.reduce((a, b) => a * b, 1))));

interface Answers {
  /** Logits [N, actions] and [N, cells]. */
  readonly actions: Value;
  readonly mask: Value;
  readonly expert: Value;
  readonly wanted: Value;
  readonly interacts: Value;
}

/** Mean cross entropies of action and mask, and the part of the steps at which the expert's action is the likeliest. */
function losses({ actions, mask, expert, wanted, interacts }: Answers) {
  const count = sum(expert);
  const logits = apply("LogSoftmax", [actions], { axis: -1 });
  const action = div(neg(sum(mul(expert, logits))), maximum(count, 1));
  // −log of the probability of each cell's label, summed over the cells.
  const each = sum(sub(apply("Softplus", [mask]), mul(wanted, mask)), [1], false);
  const interaction = div(sum(mul(interacts, each)), maximum(sum(interacts), 1));
  const best = apply("ReduceMax", [actions, int64s([1])], { keepdims: 1 });
  const isBest = apply("Cast", [apply("GreaterOrEqual", [actions, best])], { to: 1 });
  return { action, interaction, right: div(sum(mul(expert, isBest)), maximum(count, 1)) };
}

const int64s = (values: readonly number[]): Value => constant(Literal.from("int64", [values.length], values));

/**
 * A training step of the convolutions and their detectors. Feeds: `image` uint8 [N, C, H, W] and `kinds` [N, h·w, kinds],
 * the part of each of the mask's cells that shows each kind. The loss is the cross entropy of all detectors, summed over
 * the kinds and averaged over the cells.
 */
export function visionStep(spec: ListeningSpec, layout: Layout, batch: number): StepModel {
  const parameters = layout.inputs("vision");
  const image = input("image", "uint8", [batch, spec.channels, spec.height, spec.width]);
  const wanted = input("kinds", "float32", [batch, spec.mask.height * spec.mask.width, spec.kinds]);
  const sums = detectorSums(spec, ofBytes(parameters), image, fastConvolution);
  const all = sum(sub(apply("Softplus", [sums]), mul(wanted, sums)));
  const loss = div(all, batch * spec.mask.height * spec.mask.width);
  return stepModel(layout, "vision", batch, parameters, [image, wanted], { loss });
}

/** The convolutions' parameters as constants. */
export const visionConstants = (layout: Layout, vector: Float32Array): Parameters =>
  Object.fromEntries(
    [...layout.slots].flatMap(([name, { part, shape }]) =>
      part === "convolutions"
        ? [[name, constant(Literal.from("float32", shape, layout.view(vector, name)), name)]]
        : [],
    ),
  );

/**
 * The network that acts, in B episodes at once: the head's parameters, what is seen and heard and the carried state in;
 * `actions` [B, actions], `mask` [B, 1, h, w] and the next state out.
 */
export function actingModel(spec: ListeningSpec, layout: Layout, seen: Parameters, batch: number): Uint8Array {
  const parameters = layout.inputs("head");
  const image = input("image", "uint8", [batch, spec.channels, spec.height, spec.width]);
  const instruction = input("instruction", "int64", [batch, spec.tokens]);
  const previous = input("previous_action", "float32", [batch, spec.actions]);
  const state = Object.fromEntries(
    Object.entries(listeningState(spec)).map(([name, shape]) => [name, input(name, "float32", [batch, ...shape])]),
  );
  const found = listeningNetwork(
    spec,
    ofBytes({ ...seen, ...parameters }),
    { image, instruction, previous, state },
    fastConvolution,
  );
  const inputs = [...Object.values(parameters), image, instruction, previous, ...Object.values(state)];
  return writeModel({
    name: "acting",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map([
      ["actions", found.actions],
      ["mask", found.mask],
      ...Object.entries(found.state).map(([name, value]) => [nextOf(name), value] as const),
    ]),
    metadata: new Map(),
    opset: 18,
  });
}
