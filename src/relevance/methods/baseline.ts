import { cast, constant, expand, full, mean, sub } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { isEmbedding, ofTokens } from "../rules/operator/gradient.js";
import { choice } from "./method-spec.js";

/** Observations to measure relevance from, for methods that compare two. */
const BASELINES = ["reference", "zero", "black", "white", "mean"] as const;
type Baseline = (typeof BASELINES)[number];

export const baseline = choice(
  BASELINES,
  "the observation to compare with: the card's reference (images zero), zero, or the image black, white or of its mean colour",
);

type Inputs = Attribution["inputs"];

/** Moves the relevance of embeddings to their tokens. */
export function ofInputs(arrived: Inputs): Inputs {
  const moved = Array.from(arrived, ([value, relevance]) =>
    value.node.op === "Input"
      ? ([value, relevance] as const)
      : ([value.node.inputs[1]!, { ...relevance, amount: ofTokens(value.node, relevance.amount) }] as const),
  );
  return new Map(moved);
}

/** A value's baseline b and the difference x − b. */
export interface Path {
  readonly start: Value;
  readonly difference: Value;
}

/** The values that differ between the baseline and the observation: the inputs, or the embeddings of tokens. */
export function pathsOf(network: Network, baseline: Baseline): Map<Value, Path> {
  const { analysis } = network.context;
  const paths = new Map<Value, Path>();
  for (const value of network.inputs) {
    const embeddings = (analysis.consumers.get(value) ?? []).filter((node) => isEmbedding(node, analysis));
    for (const [of, start] of embeddings.length > 0
      ? embeddings.map(({ outputs: [embedded] }) => [embedded!, full(embedded!.shape, 0)] as const)
      : [[value, startOf(value, network, baseline)] as const])
      paths.set(of, { start, difference: sub(cast(of, "float32"), start) });
  }
  return paths;
}

function startOf(value: Value, { subject, context }: Network, baseline: Baseline): Value {
  const image = subject.modalities.find(
    (m): m is SubjectImage => m.kind === "image" && subject.graph.inputs.get(m.input) === value,
  );
  const filled = (x: number) => full(value.shape, x);
  if (!image) {
    const reference = baseline === "zero" ? undefined : context.reference(value);
    return reference ? cast(constant(reference), "float32") : filled(0);
  }
  if (baseline === "black") return filled(image.range[0]);
  if (baseline === "white") return filled(image.range[1]);
  if (baseline !== "mean") return filled(0);
  return expand(mean(cast(value, "float32"), heightAndWidth(value.shape, image), true), value.shape);
}
