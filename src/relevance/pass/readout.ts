import { cast, expand, maximum, reduceMax, reshape, scalar, zeros } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { featurePoints } from "./feature-points.js";
import { InputRelevance } from "./input-relevance.js";
import { omitted, residual, shares, torqueShares } from "./shares.js";

type Outputs = [name: string, value: Value][];

/**
 * The compiled model's outputs: `torquelens.relevance.<input>` (shape of the input, α-weighted sum over torques; of an
 * image only at depth `full`; equal parts to the channels where a method gives pixels only),
 * `torquelens.heatmap.<input>` [H, W], `torquelens.feature_points.<input>` [K, 2] where the policy has a soft-argmax,
 * `torquelens.torque_relevance.<input>` [J, n] for inputs that are no image, `torquelens.torque_heatmap.<input>` [J, H,
 * W] where compiled per torque, `torquelens.shares` [M] and `torquelens.torque_shares` [J, M] of `sharers`, `torquelens.residual`
 * (scalar), `torquelens.empty_pool` [J] (1 where Eq. 1 found no contribution of the torque's sign) and, where some relevance
 * need not be followed to the pixels, `torquelens.omitted` (scalar: the part of Σα|τ| that was not).
 */
export function readout(network: Network, attribution: Attribution): Outputs {
  const relevance = new InputRelevance(network, attribution);
  const { modalities } = network.subject;
  const outputs: Outputs = [];
  for (const name of new Set(modalities.map((modality) => modality.input))) {
    const image = modalities.find((m): m is SubjectImage => m.kind === "image" && m.input === name);
    outputs.push(...(image ? imageOutputs(image, relevance) : valueOutputs(name, relevance)));
  }
  outputs.push(
    ["torquelens.shares", shares(relevance)],
    ["torquelens.torque_shares", torqueShares(relevance)],
    ["torquelens.residual", residual(relevance)],
    ["torquelens.empty_pool", emptyPool(network, attribution)],
  );
  if (attribution.omitted) outputs.push(["torquelens.omitted", omitted(relevance, attribution.omitted.size)]);
  return outputs;
}

function imageOutputs(image: SubjectImage, relevance: InputRelevance): Outputs {
  const { attribution, network } = relevance;
  const { depth } = network;
  if (depth === "shares") return [];
  const target = relevance.tensorOf(image);
  const pixels = relevance.pixelsOf(image);
  const outputs: Outputs = [];
  if (depth === "full")
    outputs.push([`torquelens.relevance.${image.input}`, relevance.ofImage(image) ?? zeros(target.shape)]);
  const [h, w] = heightAndWidth(target.shape, image).map((axis) => target.shape[axis]!) as [number, number];
  const heatmap = pixels ? reshape(relevance.weighted(pixels), [h, w]) : zeros([h, w]);
  outputs.push([`torquelens.heatmap.${image.input}`, heatmap]);
  const points = featurePoints(image, network.context);
  if (points) outputs.push([`torquelens.feature_points.${image.input}`, points]);
  const each = attribution.torquePixels?.get(image.name) ?? (pixels?.perTorque ? pixels.amount : undefined);
  if (depth === "per-torque" && each) outputs.push([`torquelens.torque_heatmap.${image.input}`, each]);
  return outputs;
}

function valueOutputs(name: string, relevance: InputRelevance): Outputs {
  const { attribution, network } = relevance;
  const target = network.subject.graph.inputs.get(name)!;
  const arrived = attribution.inputs.get(target);
  const weighted = arrived && reshape(relevance.weighted(arrived), target.shape);
  return [
    [`torquelens.relevance.${name}`, weighted ?? zeros(target.shape)],
    [`torquelens.torque_relevance.${name}`, relevance.rows(target)],
  ];
}

function emptyPool({ torques }: Network, { emptyPools }: Attribution): Value {
  const rows = emptyPools.map((pool) => reduceMax(reshape(cast(pool, "float32"), [torques, -1]), [1]));
  return rows.length > 0 ? rows.reduce(maximum) : expand(scalar(0), [torques]);
}
