import * as z from "zod";
import { InputError } from "../../errors.js";
import {
  abs,
  add,
  div,
  mul,
  reduceMax,
  reshape,
  safeDivide,
  slice,
  sqrt,
  square,
  sum,
  tensor,
} from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution, Totals } from "../contract/attribution.js";
import { collapse, type Relevance, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SubjectValues } from "../contract/subject.js";
import { type Origin, Provenance } from "../network/provenance.js";
import { propagate } from "../pass/propagate.js";
import { inputTotal } from "../pass/totals.js";
import { gradient, timesInput } from "../rules/operator/gradient.js";
import { choice, method } from "./method-spec.js";

/** [rows, groups, n] attributions, zero outside the group, and the groups' sizes d → [rows, groups] (Jain et al. §3). */
const POOLS = {
  l2: (x: Value) => sqrt(sum(square(x), [2])),
  linf: (x: Value) => reduceMax(abs(x), [2]),
  l1: (x: Value) => sum(abs(x), [2]),
  "l1/d": (x: Value, d: Value) => div(sum(abs(x), [2]), d),
  "l2/d": (x: Value, d: Value) => div(sqrt(sum(square(x), [2])), d),
};
type Pool = keyof typeof POOLS;

/**
 * Multimodal attribution at the fusion tensor, where the modalities' features join (Jain et al.): gradient × input there,
 * pooled per modality, gives the shares. Relevance of the inputs is their own gradient × input.
 */
export const fusion = method({
  name: "fusion",
  title:
    "shares by gradient × input at the tensor where the modalities join, pooled per modality; relevance as gradient × input",
  cite: "Jain et al., MAEA: Multimodal Attribution for Embodied AI, NeurIPS 2022 workshops",
  conserves: false,
  linear: true,
  contrasts: true,
  options: {
    pool: choice(["l2", "linf", "l1", "l1/d", "l2/d"], "the norm that reduces a modality's d elements to one number"),
    tensor: z
      .string()
      .optional()
      .describe("name of the fusion tensor; default: the card's, else the Concat where all modalities meet"),
    mixed: choice(
      ["refuse", "image"],
      "elements that an image made together with others, as filters made of words do: refused, or counted as the image's",
    ),
  },
  make:
    ({ pool, tensor: name, mixed }) =>
    (network) => {
      const { analysis } = network.context;
      const provenance = new Provenance(network.subject, analysis);
      const tensor = name ?? network.subject.fusion;
      const joint = tensor === undefined ? meetingPoint(network, provenance) : tensorNamed(network, provenance, tensor);
      const pass = propagate(
        network,
        { seed: "sign", rows: [], operators: gradient, linear: true, relevanceOf: timesInput },
        new Set([...network.inputs, joint]),
      );
      const attributions = pass.inputs.get(joint);
      if (!attributions) throw new InputError(`fusion tensor "${tensor}": the torques do not depend on it`);
      const inputs = new Map([...pass.inputs].filter(([value]) => network.inputs.has(value)));
      const traced = [...provenance.origins(joint)].filter(([origin]) => origin.length > 0);
      const groups = mixed === "image" ? ofImages(traced) : traced;
      refuseMixedImages(groups, joint);
      return { ...pass, inputs, totals: totalsOf(network, inputs, groups, attributions, pool) };
    },
});

/** The first Concat that every modality reaches, from operands that not all of them reach. */
function meetingPoint({ subject, context: { analysis } }: Network, provenance: Provenance): Value {
  for (const node of analysis.order) {
    if (node.op !== "Concat") continue;
    const value = node.outputs[0]!;
    const all = subject.modalities.length;
    const isMeeting = node.inputs.every((operand) => reached(operand!, provenance).size < all);
    if (isMeeting && reached(value, provenance).size === all) return value;
  }
  throw new InputError(
    "method fusion: found no Concat where all modalities meet; name the tensor, as in fusion:tensor=NAME or fusion: NAME in the policy card",
  );
}

function tensorNamed({ context: { analysis } }: Network, provenance: Provenance, name: string): Value {
  const values = analysis.order.flatMap(({ outputs }) => outputs);
  const found = values.find((value) => value.name === name && analysis.isDependent(value));
  if (!found)
    throw new InputError(`fusion tensor "${name}": found no tensor of this name that depends on the observation`);
  const [only, ...others] = reached(found, provenance);
  if (others.length > 0) return found;
  throw new InputError(
    `fusion tensor "${name}": it depends on ${only!.name} alone, expected one where modalities have met`,
  );
}

const reached = (value: Value, provenance: Provenance) => new Set([...provenance.origins(value).keys()].flat());

type Group = readonly [origin: Origin, elements: readonly number[]];

/** Shares of configuration can be divided by their inputs; an image's part in a mixture cannot. */
function refuseMixedImages(groups: readonly Group[], joint: Value): void {
  const mixed = groups.find(([origin]) => origin.length > 1 && origin.some(({ kind }) => kind === "image"));
  if (!mixed) return;
  const names = mixed[0].map(({ name }) => name).join(" and ");
  throw new InputError(
    `fusion tensor "${joint.name ?? joint.node.label}": some elements depend on ${names} together, expected a tensor before they mix`,
  );
}

/** Groups where what one image made with others counts as its own (Jain et al.: MOCA's filtered features are vision). */
function ofImages(groups: readonly Group[]): Group[] {
  return groups.map(([origin, elements]) => {
    const images = origin.filter(({ kind }) => kind === "image");
    return [images.length === 1 ? images : origin, elements];
  });
}

function totalsOf(
  network: Network,
  inputs: Attribution["inputs"],
  groups: readonly Group[],
  attributions: Relevance,
  pool: Pool,
): Totals {
  const weighted = collapse(attributions, network.importance);
  const of = (relevance: Relevance, torquewise: boolean) => {
    const pooled = pooledGroups(relevance.amount, groups, pool);
    const parts = new Map<string, Value>();
    const total = (modality: SubjectValues) => inputTotal(network, inputs, modality, torquewise);
    groups.forEach(([origin], g) => {
      const group = slice(pooled, 1, g, g + 1);
      const shares =
        origin.length === 1
          ? [group]
          : splitBy(
              group,
              origin.map((m) => total(m as SubjectValues)),
            );
      origin.forEach((modality, i) => {
        const part = shares[i]!;
        const before = parts.get(modality.name);
        parts.set(modality.name, before ? add(before, part) : part);
      });
    });
    return new Map(Array.from(parts, ([name, value]) => [name, reshape(value, torquewise ? [-1] : [])]));
  };
  return { weighted: of(weighted, false), perTorque: of(attributions, true) };
}

/** Divides the share of a group of modalities in proportion to their own totals. */
function splitBy(group: Value, totals: readonly Value[]): readonly Value[] {
  const whole = totals.reduce(add);
  return totals.map((part) => safeDivide(mul(group, part), whole));
}

/** [rows, …] → [rows, groups]. */
function pooledGroups(amount: Value, groups: readonly Group[], pool: Pool): Value {
  const rows = rowsOf(amount);
  const size = sizeOf(amount.shape) / rows;
  const masks = new Float32Array(groups.length * size);
  groups.forEach(([, elements], g) => {
    for (const i of elements) masks[g * size + i] = 1;
  });
  const apart = mul(reshape(amount, [rows, 1, size]), tensor(amount.dtype, [1, groups.length, size], masks));
  const sizes = groups.map(([, elements]) => elements.length);
  return POOLS[pool](apart, tensor(amount.dtype, [1, groups.length], sizes));
}
