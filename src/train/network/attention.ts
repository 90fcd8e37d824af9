import {
  concat,
  constant,
  expand,
  matmul,
  matrixTranspose,
  relu,
  reshape,
  slice,
  softmax,
  split,
} from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import type { ArmAttention, NetworkSpec, QueryAttention } from "../../sim/tasks/lesson.js";
import { spatialBasis } from "../attention/basis.js";
import { type Field, fieldOf } from "../attention/field.js";
import { type Attended, type Attention, attend, attentionShapes, type Layer } from "../attention/module.js";
import { linear, type Parameters } from "./linear.js";
import { grid } from "./positions.js";

type Saliency = Extract<ArmAttention, { kind: "fls" }>;

const moduleOf = ({ filters, kernel }: Saliency): Attention => ({ kind: "fls", after: [2], filters, kernel });

/** Shapes of the parameters of Free-Lunch Saliency on `channels` features. */
export function saliencyShapes(attention: Saliency, channels: number): Record<string, Shape> {
  const { hidden, places } = attentionShapes(moduleOf(attention), channels);
  return {
    "saliency1.weight": hidden,
    "saliency1.bias": [hidden[0]!],
    "saliency2.weight": places,
    "saliency2.bias": [places[0]!],
  };
}

/** Features [B, C, rows, columns] in the light of their own map. */
export function saliency(attention: Saliency, p: Parameters, features: Value): Attended {
  const layer = (name: string): Layer => ({ weight: own(p, `${name}.weight`)!, bias: own(p, `${name}.bias`)! });
  return attend(features, moduleOf(attention), layer("saliency1"), layer("saliency2"));
}

const keyLength = ({ keys, frequencies: [rows, columns] }: QueryAttention): number => keys + rows * columns;

/** Numbers that the answers to all queries hold beside their positions. */
export const answerNumbers = ({ attention, channels }: NetworkSpec): number =>
  attention?.kind === "query" ? answersOf(attention, channels[2]) : 0;

const answersOf = ({ queries, keys }: QueryAttention, channels: number): number => queries * (channels - keys);

/** Shapes of the query network's parameters; weights are [inputs, outputs]. */
export function queryShapes(attention: QueryAttention): Record<string, Shape> {
  const { queries, told, hidden } = attention;
  const asked = queries * keyLength(attention);
  return {
    "query1.weight": [told, hidden],
    "query1.bias": [hidden],
    "query2.weight": [hidden, asked],
    "query2.bias": [asked],
  };
}

/**
 * The answers to queries that follow from the configuration [B, n], of features [B, C, rows, columns].
 * @returns logits before the softmax over places and its weights [B, Q, rows, columns]; positions of all queries, then their
 * values, [B, 2Q + Q·(C − keys)]
 */
export function ask(
  attention: QueryAttention,
  p: Parameters,
  features: Value,
  configuration: Value,
): { readonly maps: Value; readonly attention: Value; readonly points: Value } {
  const [batch, channels, rows, columns] = features.shape as [number, number, number, number];
  const { queries, keys, told, frequencies } = attention;
  const cells = rows * columns;
  const [found, values] = split(reshape(features, [batch, channels, cells]), 1, [keys, channels - keys]) as [
    Value,
    Value,
  ];
  const basis = matrixTranspose(constant(spatialBasis([rows, columns], frequencies)));
  const places = concat([found, expand(basis, [batch, basis.shape[1]!, cells])], 1);
  const asked = linear(p, relu(linear(p, slice(configuration, 1, 0, told), "query1")), "query2");
  const logits = matmul(reshape(asked, [batch, queries, keyLength(attention)]), places);
  const weights = softmax(logits);
  const positions = reshape(matmul(weights, grid(rows, columns)), [batch, 2 * queries]);
  const answers = reshape(matmul(weights, matrixTranspose(values)), [batch, answersOf(attention, channels)]);
  const map = (x: Value): Value => reshape(x, [batch, queries, rows, columns]);
  return { maps: map(logits), attention: map(weights), points: concat([positions, answers], 1) };
}

/** What a place of a network's attention sees of the image; undefined of a network without attention. */
export function attentionField({ attention, kernels }: NetworkSpec): Field | undefined {
  if (attention === undefined) return undefined;
  const convolutions = kernels.map((kernel, i) =>
    i === 0 ? { kernel, stride: 2 } : { kernel, stride: 1, padding: (kernel - 1) / 2 },
  );
  return fieldOf(attention.kind === "fls" ? convolutions.slice(0, 2) : convolutions);
}
