import {
  cast,
  concat,
  constant,
  conv,
  expand,
  matmul,
  matrixTranspose,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  softmax,
  split,
  transpose,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { spatialBasis } from "../attention/basis.js";
import { linear, type Parameters } from "../network/linear.js";
import { type Cell, lstmStep } from "../network/lstm.js";
import { type Convolve, convolution } from "../pixels/layers.js";
import { queryNames } from "./layout.js";
import { basisChannels, keyLength, placesOf, type QuerySpec, valueLength } from "./spec.js";

/** What is carried from step to step: of the convolutional LSTM [B, C, h, w], and of the LSTM [B, n]. */
export interface QueryState {
  readonly vision: Cell;
  readonly core: Cell;
}

/** What the network gets over T steps of B episodes; rows are in the order of the steps. */
export interface QueryInputs {
  /** Bytes [T·B, C, H, W]; the factor on them is part of the first convolution's weights. */
  readonly image: Value;
  /** The action taken before, [T·B, actions], and its reward, [T·B, 1]; zeros at an episode's first step. */
  readonly action: Value;
  readonly reward: Value;
  /** 0 where a step is the first of its episode, else 1, [T, B]; undefined where none but the first step can be. */
  readonly keeps: Value | undefined;
  readonly state: QueryState;
}

/** What the network computes of each step, in order. */
interface QueryOutputs {
  /** The LSTM's hidden states, [B, n] each: what policy and value read. */
  readonly hidden: readonly Value[];
  /** Maps of attention, [B, queries, h, w] each. */
  readonly attention: readonly Value[];
  readonly state: QueryState;
}

/**
 * The network of Mott et al. (2019) over some steps: keys and values from a convolutional LSTM on the image, queries from
 * the LSTM's last hidden state, a softmax over places, and the answers with the queries, last reward and action into the
 * LSTM.
 * @param convolve how convolutions are computed that have as much padding on every side; default ordinary operators
 */
export function queryNetwork(
  spec: QuerySpec,
  p: Parameters,
  { image, ...inputs }: QueryInputs,
  convolve: Convolve = convolution,
): QueryOutputs {
  const { action, reward, keeps, state } = inputs;
  const batch = state.core.hidden.shape[0]!;
  const steps = image.shape[0]! / batch;
  const each = (x: Value): readonly Value[] =>
    steps === 1 ? [x] : split(x, 0, Array<number>(steps).fill(x.shape[0]! / steps));
  const kept = keeps && each(keeps).map((row) => reshape(row, [batch, 1]));
  const maps = each(convolutions(spec, p, image, convolve));
  let { vision, core } = state;
  const seen = maps.map((map, t) => {
    vision = memoryStep(spec, p, map, resetWhere(vision, kept?.[t]));
    return vision.hidden;
  });
  const [keys, values] = keysAndValues(spec, concat(seen, 0)).map(each) as [readonly Value[], readonly Value[]];
  const told = each(concat([minimum(maximum(reward, -1), 1), action], 1));
  const hidden: Value[] = [];
  const attention = keys.map((key, t) => {
    core = resetWhere(core, kept?.[t]);
    const queries = reshape(queryLayers(spec, p, core.hidden), [batch, spec.queries, keyLength(spec)]);
    const weights = softmax(matmul(queries, key));
    const answers = reshape(matmul(weights, values[t]!), [batch, spec.queries * valueLength(spec)]);
    const flat = reshape(queries, [batch, spec.queries * keyLength(spec)]);
    const answer = linear(p, relu(linear(p, concat([answers, flat, told[t]!], 1), "answer1")), "answer2");
    core = lstmStep(core.cell, linear(p, concat([answer, core.hidden], 1), "core"));
    hidden.push(core.hidden);
    return reshape(weights, [batch, spec.queries, ...placesOf(spec)]);
  });
  return { hidden, attention, state: { vision, core } };
}

function convolutions(spec: QuerySpec, p: Parameters, image: Value, convolve: Convolve): Value {
  return spec.convolutions.reduce((x, { padding: [down, across] = [0, 0], ...geometry }, i) => {
    const layer = { weight: own(p, `conv${i + 1}.weight`)!, bias: own(p, `conv${i + 1}.bias`)! };
    if (down === across) return relu(convolve(x, layer, { ...geometry, padding: down }));
    const strides = [geometry.stride, geometry.stride];
    return relu(conv(cast(x, "float32"), layer.weight, { strides, pads: [down, across, down, across] }, layer.bias));
  }, image);
}

/** A step of the convolutional LSTM (Shi et al. 2015, without peepholes). */
function memoryStep({ memoryKernel }: QuerySpec, p: Parameters, x: Value, { hidden, cell }: Cell): Cell {
  const pads = Array<number>(4).fill((memoryKernel - 1) / 2);
  return lstmStep(cell, conv(concat([x, hidden], 1), own(p, "memory.weight")!, { pads }, own(p, "memory.bias")!));
}

function resetWhere({ hidden, cell }: Cell, keep: Value | undefined): Cell {
  if (keep === undefined) return { hidden, cell };
  const factor = (x: Value): Value => mul(x, reshape(keep, [keep.shape[0]!, ...x.shape.slice(1).map(() => 1)]));
  return { hidden: factor(hidden), cell: factor(cell) };
}

/** Keys [N, keys, places] and values [N, places, values] of maps [N, C, h, w], with the spatial basis behind both. */
function keysAndValues(spec: QuerySpec, maps: Value): [keys: Value, values: Value] {
  const [count, channels, rows, columns] = maps.shape as [number, number, number, number];
  const places = rows * columns;
  const all = transpose(reshape(maps, [count, channels, places]), [0, 2, 1]);
  const basis = expand(constant(spatialBasis([rows, columns], spec.frequencies)), [count, places, basisChannels(spec)]);
  const [keys, values] = split(all, 2, [spec.keys, channels - spec.keys]) as [Value, Value];
  return [matrixTranspose(concat([keys, basis], 2)), concat([values, basis], 2)];
}

/** Queries, [B, queries · numbers of a key]. */
function queryLayers(spec: QuerySpec, p: Parameters, hidden: Value): Value {
  return queryNames(spec).reduce((x, name, i) => linear(p, i === 0 ? x : relu(x), name), hidden);
}

/** The policy's outputs, [N, outputs], from hidden states of the LSTM, [N, n]. */
export const policyHead = (p: Parameters, hidden: Value): Value => linear(p, hidden, "policy");

/** Values, [N]. */
export const valueHead = (p: Parameters, hidden: Value): Value =>
  reshape(linear(p, hidden, "value"), [hidden.shape[0]!]);
