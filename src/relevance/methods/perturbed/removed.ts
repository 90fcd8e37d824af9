import { abs, add, cast, constant, mul, reshape, sub, sum, tensor, transpose } from "../../../graph/build.js";
import { sizeOf } from "../../../graph/shape.js";
import type { Value } from "../../../graph/value.js";
import type { Attribution, Totals } from "../../contract/attribution.js";
import type { Network } from "../../contract/facts.js";
import { type SubjectImage, type SubjectModality, startsOf } from "../../contract/subject.js";
import { Changes, rowsAt } from "./changed.js";
import { type Fill, Picture } from "./picture.js";
import { change, type Score } from "./scores.js";

/** Outputs before and after a change, compared by a score, [rows, J]. */
export function scored(network: Network, score: Score, after: Value): Value {
  const { torques } = network;
  return score({
    before: reshape(network.commanded, [1, torques]),
    after,
    signs: reshape(network.signs, [1, torques]),
  });
}

/**
 * Relevance of configuration by leaving elements out: the score of each torque where one element takes its reference.
 */
export function elementsLeftOut(network: Network, score: Score): Attribution["inputs"] {
  const { subject, torques } = network;
  const names = new Set(subject.modalities.flatMap((m) => (m.kind === "values" ? [m.input] : [])));
  return new Map(
    [...names].map((name) => {
      const input = subject.graph.inputs.get(name)!;
      const size = sizeOf(input.shape);
      const changes = new Changes(network, input);
      const one = tensor("float32", [size, size], identity(size));
      const each = changes.each(size, ({ numbers, rows }) => {
        const changed = withReference(network, input, rowsAt(one, numbers));
        return scored(network, score, changes.outputs(reshape(changed, [rows, ...changes.shape]), rows));
      });
      return [input, { amount: reshape(transpose(each, [1, 0]), [torques, ...input.shape]), perTorque: true }];
    }),
  );
}

/**
 * Totals of the modalities by leaving each out as a whole: |Δ| of each torque where configuration takes its reference
 * and an image its filling. Shares are these in percent.
 */
export function modalitiesLeftOut(network: Network, fill: Fill): Totals {
  const each = new Map<string, Value>(
    network.subject.modalities.map((modality) => [modality.name, reshape(leftOut(network, modality, fill), [-1])]),
  );
  const weighted = (change: Value) => sum(mul(change, network.importance));
  // Of a contrast between torques some weights are below zero: a share is the size of what is left.
  return {
    perTorque: each,
    weighted: new Map(Array.from(each, ([name, change]) => [name, abs(weighted(change))])),
  };
}

/** |Δ| of each torque without a modality, [1, J]. */
function leftOut(network: Network, modality: SubjectModality, fill: Fill): Value {
  const [changes, without] =
    modality.kind === "image" ? imageLeftOut(network, modality, fill) : valuesLeftOut(network, modality);
  return scored(network, change(network), changes.outputs(without, 1));
}

function imageLeftOut(network: Network, image: SubjectImage, fill: Fill): [Changes, Value] {
  const picture = new Picture(network, image);
  return [picture.changes, picture.filled(fill)];
}

function valuesLeftOut(network: Network, modality: Exclude<SubjectModality, SubjectImage>): [Changes, Value] {
  const input = network.subject.graph.inputs.get(modality.input)!;
  const changes = new Changes(network, input);
  const size = sizeOf(input.shape);
  const all = new Float32Array(size);
  for (const start of startsOf(modality)) all.fill(1, start, start + modality.size);
  const changed = withReference(network, input, tensor("float32", [1, size], all));
  return [changes, reshape(changed, [1, ...changes.shape])];
}

/** The input's elements with the reference where `mask`, [rows, n], is 1. */
function withReference({ context }: Network, input: Value, mask: Value): Value {
  const x = reshape(cast(input, "float32"), [1, sizeOf(input.shape)]);
  const reference = context.reference(input);
  const towards = reference ? sub(reshape(cast(constant(reference), "float32"), x.shape), x) : mul(x, -1);
  return add(x, mul(towards, mask));
}

const identity = (size: number) => Float32Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0));
