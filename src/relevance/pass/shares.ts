import { abs, add, concat, mul, reshape, safeDivide, scalar, slice, sub, sum, zeros } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Joined } from "../contract/attribution.js";
import { type SubjectModality, startsOf } from "../contract/subject.js";
import type { InputRelevance } from "./input-relevance.js";
import { conserved } from "./seed.js";

/** Each modality's part of Σ|R| of the α-weighted sum, [M]. */
export function shares(relevance: InputRelevance): Value {
  const { modalities } = relevance.network.subject;
  const totals = concat(
    modalities.map((modality) => reshape(part(modality, relevance), [1])),
    0,
  );
  return safeDivide(totals, sum(totals, [0], true));
}

/** Each modality's part of Σ|R_j| of each torque, [J, M]. */
export function torqueShares(relevance: InputRelevance): Value {
  const { subject, torques } = relevance.network;
  const totals = concat(
    subject.modalities.map((modality) => reshape(torquePart(modality, relevance), [torques, 1])),
    1,
  );
  return safeDivide(totals, sum(totals, [1], true));
}

/** |ΣR_in − Σα|τ|| / Σ|α τ|, 0 where there is nothing to conserve. Some α are below zero in a contrast of torques. */
export function residual(relevance: InputRelevance): Value {
  const { importance, torques, subject } = relevance.network;
  const each = mul(reshape(conserved(relevance.network), [torques]), importance);
  const parts = subject.modalities.map((modality) => {
    const elements = relevance.elements(modality);
    return elements ? sum(elements) : weightedAtJoin(modality, "sum", relevance);
  });
  return safeDivide(abs(sub(parts.reduce(add), sum(each))), sum(abs(each)));
}

/** The method's own total of a modality, or Σ|R| of its elements. */
function part(modality: SubjectModality, relevance: InputRelevance): Value {
  const { totals } = relevance.attribution;
  if (totals) return totals.weighted.get(modality.name) ?? scalar(0);
  const elements = relevance.elements(modality);
  return elements ? sum(abs(elements)) : weightedAtJoin(modality, "size", relevance);
}

/** The method's own totals of a modality, or Σ|R_j| of its elements, [J]. */
function torquePart(modality: SubjectModality, relevance: InputRelevance): Value {
  const { totals } = relevance.attribution;
  if (totals) return totals.perTorque.get(modality.name) ?? zeros([relevance.network.torques]);
  return torqueTotal(modality, relevance);
}

/** Σα_j|R_j| or Σα_jR_j of an image where its features join, which is all that depth `shares` follows. */
function weightedAtJoin({ name }: SubjectModality, what: keyof Joined, relevance: InputRelevance): Value {
  const { attribution, network } = relevance;
  const joined = attribution.joined.get(name);
  if (!joined || network.depth !== "shares") return scalar(0);
  return sum(mul(joined.map((at) => at[what]).reduce(add), network.importance));
}

/** Σ|R_j| of a modality for each torque, [J]; an image's where its features join, else of its pixels. */
function torqueTotal(modality: SubjectModality, relevance: InputRelevance): Value {
  const { attribution, network } = relevance;
  const { torques } = network;
  const joined = attribution.joined.get(modality.name);
  if (joined) return joined.map(({ size }) => size).reduce(add);
  const target = relevance.tensorOf(modality);
  if (modality.kind === "values")
    return startsOf(modality)
      .map((start) => sum(abs(slice(relevance.rows(target), 1, start, start + modality.size)), [1]))
      .reduce(add);
  if (attribution.inputs.has(target)) return sum(abs(relevance.rows(target)), [1]);
  const pixels = relevance.pixelsOf(modality);
  return pixels?.perTorque
    ? sum(abs(reshape(pixels.amount, [torques, sizeOf(pixels.amount.shape) / torques])), [1])
    : zeros([torques]);
}
