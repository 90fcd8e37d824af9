import {
  abs,
  add,
  cast,
  exp,
  greater,
  input,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  type Operand,
  square,
  sub,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { type StepModel, stepModel } from "../network/step-model.js";
import { type ActorCritic, observedInputs, valuesOf } from "./network.js";
import type { PpoSettings } from "./settings.js";

/** Weights of the loss's parts. */
export type LossWeights = Pick<PpoSettings, "entropy" | "value" | "valueClip">;

/** Samples of a rollout as graph inputs, all [B] but `actions` [B, width]; `clip` is a scalar. */
interface Samples {
  readonly actions: Value;
  /** Under the policy that acted. */
  readonly logProbability: Value;
  /** Normalised over the minibatch. */
  readonly advantage: Value;
  readonly returns: Value;
  /** Estimates by the network that acted; only read where the value loss is clipped. */
  readonly values: Value;
  readonly clip: Value;
}

function sampleInputs(batch: number, width: number): Samples {
  const row = (name: string): Value => input(name, "float32", [batch]);
  return {
    actions: input("actions", "float32", [batch, width]),
    logProbability: row("logProbability"),
    advantage: row("advantage"),
    returns: row("returns"),
    values: row("values"),
    clip: input("clip", "float32", []),
  };
}

const clamp = (x: Value, low: Operand, high: Operand): Value => minimum(maximum(x, low), high);

/**
 * The loss of proximal policy optimisation (Schulman et al. 2017, eq. 9), as Stable-Baselines3 weighs it: clipped
 * surrogate + value × mean squared error of the returns − entropy × mean entropy. `loss` is the sum; `kl` estimates the
 * divergence from the policy that acted, `clipped` is the part of the samples outside of the range.
 */
function ppoLoss(
  { policy, value, entropy }: { readonly policy: Value; readonly value: Value; readonly entropy: Value },
  samples: Samples,
  weights: LossWeights,
) {
  const { logProbability, advantage, returns, values, clip } = samples;
  const change = sub(policy, logProbability);
  const ratio = exp(change);
  const bounded = clamp(ratio, sub(1, clip), add(clip, 1));
  const surrogate = neg(mean(minimum(mul(ratio, advantage), mul(bounded, advantage))));
  const { valueClip } = weights;
  const estimate = valueClip === undefined ? value : add(values, clamp(sub(value, values), -valueClip, valueClip));
  const error = mean(square(sub(returns, estimate)));
  const loss = add(surrogate, sub(mul(error, weights.value), mul(entropy, weights.entropy)));
  const kl = mean(sub(sub(ratio, 1), change));
  const clipped = mean(cast(greater(abs(sub(ratio, 1)), clip), "float32"));
  return { loss, surrogate, error, entropy, kl, clipped };
}

/**
 * Forward pass, loss and gradients of a worker's part of a minibatch as one graph.
 * @param learned the parameters that have gradients, default all
 */
export function ppoStep(
  network: ActorCritic,
  batch: number,
  weights: LossWeights,
  learned: "whole" | "head" = "whole",
): StepModel {
  const { head, layout } = network;
  const observed = observedInputs(network, batch);
  const samples = sampleInputs(batch, head.width);
  const parameters = layout.inputs("whole");
  const { policy, value } = network.outputs(parameters, observed);
  const { logProbability, entropy } = head.likelihood(policy, samples.actions, parameters);
  const scalars = ppoLoss({ policy: logProbability, value, entropy }, samples, weights);
  const { values, ...others } = samples;
  const inputs = [...valuesOf(observed), ...Object.values(weights.valueClip === undefined ? others : samples)];
  return stepModel(layout, "whole", batch, parameters, inputs, scalars, 18, undefined, learned);
}
