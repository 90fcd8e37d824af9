import {
  add,
  cast,
  concat,
  exp,
  greater,
  input,
  mean,
  mul,
  neg,
  reshape,
  square,
  sub,
  tensor,
} from "../../graph/build.js";
import { writeModel } from "../../graph/onnx-write.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { DEVIATION } from "../network/deviation.js";
import { sharedGradients } from "../network/shared-gradients.js";
import type { StepModel } from "../network/step-model.js";
import { nextOf } from "../query/export.js";
import { type Agent, seenInputs, valuesOf } from "./network.js";
import type { VtraceSettings } from "./settings.js";
import { vtraceTargets } from "./targets.js";

/** What the loss depends on. */
export type LossSettings = Pick<VtraceSettings, "unroll" | "gamma" | "rho" | "trace" | "entropy" | "value">;

/**
 * Forward pass over a worker's trajectories, V-trace targets, loss and all gradients as one graph. The loss is a sum over
 * steps and episodes: −A·log π(a|x) + value · ½(v − V)² − entropy · H, with advantages A and targets v as constants; its
 * gradients are of this sum, the scalars are means.
 */
export function vtraceStep(agent: Agent, batch: number, settings: LossSettings): StepModel {
  const { head, layout } = agent;
  const { unroll: steps, gamma } = settings;
  const count = steps * batch;
  const seen = seenInputs(agent, steps + 1, batch);
  const parameters = layout.inputs("whole");
  const actions = input("actions", "float32", [count, head.width]);
  const row = (name: string): Value => input(name, "float32", [steps, batch]);
  const [behaviour, rewards, goesOn] = [row("logProbability"), row("rewards"), row("goesOn")];

  const { policy, value, last } = agent.unroll(parameters, seen);
  const { logProbability, entropy } = head.likelihood(policy, actions, parameters);
  const logRatio = sub(reshape(logProbability, [steps, batch]), behaviour);
  const values = reshape(value, [steps, batch]);
  const discounts = mul(goesOn, gamma);
  const { targets, advantages } = vtraceTargets({ logRatio, rewards, discounts, values, last }, settings);

  // Targets and advantages count as constants: what they depend on is in the seed alone, which is not differentiated.
  const error = sub(values, targets);
  const outputs = concat([logProbability, value, reshape(entropy, [1])], 0);
  const slopes = [neg(advantages), mul(error, settings.value)].map((slope) => reshape(slope, [count]));
  const seed = concat([...slopes, tensor("float32", [1], [-settings.entropy * count])], 0);
  const names = layout.names("whole");
  const given = names.map((name) => own(parameters, name)!);
  const found = sharedGradients(outputs, given, seed);

  const surrogate = neg(mean(mul(advantages, reshape(logProbability, [steps, batch]))));
  const squares = mean(square(error));
  const ratio = exp(logRatio);
  const scalars = {
    loss: add(surrogate, sub(mul(squares, 0.5 * settings.value), mul(entropy, settings.entropy))),
    surrogate,
    error: squares,
    entropy,
    kl: mean(sub(sub(ratio, 1), logRatio)),
    clipped: mean(cast(greater(ratio, settings.rho), "float32")),
  };
  const inputs = [...given, ...valuesOf(seen), actions, behaviour, rewards, goesOn];
  const bytes = writeModel({
    name: "vtrace-step",
    inputs: new Map(inputs.map((value) => [value.name!, value])),
    outputs: new Map([...Object.entries(scalars), ...names.map((name, i) => [`gradient.${name}`, found[i]!] as const)]),
    metadata: new Map(),
    opset: 18,
  });
  return { bytes, group: "whole", learned: "whole", batch, scalars: Object.keys(scalars) };
}

/** The network that acts: parameters, what is seen and the carried state in; policy, value and the next state out. */
export function actingModel(agent: Agent, batch: number): Uint8Array {
  const seen = seenInputs(agent, 1, batch);
  const parameters = agent.layout.inputs("whole");
  const { policy, value, carried } = agent.act(parameters, seen);
  const used = Object.entries(parameters).filter(([name]) => name !== DEVIATION);
  return writeModel({
    name: "acting",
    inputs: new Map([...used, ...valuesOf(seen).map((input) => [input.name!, input] as const)]),
    outputs: new Map([
      ["policy", policy],
      ["value", value],
      ...Object.entries(carried).map(([name, next]) => [nextOf(name), next] as const),
    ]),
    metadata: new Map(),
    opset: 18,
  });
}
