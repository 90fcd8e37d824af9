import {
  abs,
  add,
  concat,
  matmul,
  mul,
  reshape,
  safeDivide,
  scalar,
  slice,
  sub,
  sum,
  zeros,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { type Attribution, CONSTANTS } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import { type Subject, type SubjectModality, startsOf } from "../contract/subject.js";
import type { InputRelevance } from "./input-relevance.js";
import { conserved } from "./seed.js";

/**
 * Shares are measured at the same places for every depth and for each torque alike: a modality of numbers at its
 * elements, an image where its features join the rest of the network. Relevance that is nowhere below zero and is
 * conserved adds up to the same in the pixels; of signed relevance, pixels would count how much of it cancels. A method
 * that knows relevance of inputs alone is measured there. Constants are measured at their own elements.
 */

/** What the shares are of, in their order: the modalities, and `constants` where constants take a part. */
export const sharers = ({ modalities }: Subject, { constants }: Attribution): readonly string[] => [
  ...modalities.map(({ name }) => name),
  ...(constants ? [CONSTANTS] : []),
];

/** Each sharer's part of Σ|R| of the α-weighted sum, [M]. */
export function shares(relevance: InputRelevance): Value {
  const { modalities } = relevance.network.subject;
  const { constants } = relevance.attribution;
  const parts = [
    ...modalities.map((modality) => part(modality, relevance)),
    ...(constants ? [placesTotal(constants, relevance.network, abs)] : []),
  ];
  const totals = concat(
    parts.map((total) => reshape(total, [1])),
    0,
  );
  return safeDivide(totals, sum(totals, [0], true));
}

/** Each sharer's part of Σ|R_j| of each torque, [J, M]. */
export function torqueShares(relevance: InputRelevance): Value {
  const { subject, torques } = relevance.network;
  const { constants } = relevance.attribution;
  const parts = [
    ...subject.modalities.map((modality) => torquePart(modality, relevance)),
    ...(constants ? [rowTotals(constants)] : []),
  ];
  const totals = concat(
    parts.map((rows) => reshape(rows, [torques, 1])),
    1,
  );
  return safeDivide(totals, sum(totals, [1], true));
}

/** Relevance that was not followed as a part of Σ|α τ|. */
export const omitted = ({ network }: InputRelevance, amount: Value): Value =>
  safeDivide(amount, sum(abs(mul(reshape(conserved(network), [network.torques]), network.importance))));

/**
 * |ΣR_in − Σα|τ|| / Σ|α τ|, 0 where there is nothing to conserve. Relevance that was not followed counts. Some α are below
 * zero in a contrast of torques.
 */
export function residual(relevance: InputRelevance): Value {
  const { importance, torques, subject, depth } = relevance.network;
  const { joined, constants, absorbed = [] } = relevance.attribution;
  const each = mul(reshape(conserved(relevance.network), [torques]), importance);
  const parts = subject.modalities.map((modality) => {
    if (depth === "shares" && joined.has(modality.name)) return joinedTotal(modality, relevance, (r) => r);
    const elements = relevance.elements(modality);
    return elements ? sum(elements) : scalar(0);
  });
  if (constants) parts.push(placesTotal(constants, relevance.network, (r) => r));
  if (depth !== "shares") parts.push(...absorbed.map((r) => sum(relevance.weighted(r))));
  const left = relevance.attribution.omitted;
  if (left) parts.push(left.sum);
  return safeDivide(abs(sub(parts.reduce(add), sum(each))), sum(abs(each)));
}

/** The method's own total of a modality, or Σ|R| where shares are measured. */
function part(modality: SubjectModality, relevance: InputRelevance): Value {
  const { totals } = relevance.attribution;
  if (totals) return totals.weighted.get(modality.name) ?? scalar(0);
  if (relevance.attribution.joined.has(modality.name)) return joinedTotal(modality, relevance, abs);
  const elements = relevance.elements(modality);
  return elements ? sum(abs(elements)) : scalar(0);
}

/** Σ of the α-weighted relevance where an image's features join the rest, of an image that does. */
const joinedTotal = ({ name }: SubjectModality, relevance: InputRelevance, of: (r: Value) => Value): Value =>
  placesTotal(relevance.attribution.joined.get(name)!, relevance.network, of);

/** Σ of the α-weighted relevance of each torque at these places, [J, n] each. */
function placesTotal(places: readonly Value[], network: Network, of: (r: Value) => Value): Value {
  const importance = reshape(network.importance, [1, network.torques]);
  return places.map((rows) => sum(of(matmul(importance, rows)))).reduce(add);
}

/** Σ|R_j| of each torque at these places, [J]. */
const rowTotals = (places: readonly Value[]): Value => places.map((rows) => sum(abs(rows), [1])).reduce(add);

/** The method's own totals of a modality, or Σ|R_j| where shares are measured, [J]. */
function torquePart(modality: SubjectModality, relevance: InputRelevance): Value {
  const { attribution, network } = relevance;
  const { torques } = network;
  const { totals } = attribution;
  if (totals) return totals.perTorque.get(modality.name) ?? zeros([torques]);
  const joined = attribution.joined.get(modality.name);
  if (joined) return rowTotals(joined);
  const rows = relevance.rows(relevance.tensorOf(modality));
  if (modality.kind === "image") return sum(abs(rows), [1]);
  return startsOf(modality)
    .map((start) => sum(abs(slice(rows, 1, start, start + modality.size)), [1]))
    .reduce(add);
}
