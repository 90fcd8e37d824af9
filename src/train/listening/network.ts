import { applyNode } from "../../graph/apply.js";
import {
  add,
  concat,
  div,
  equal,
  logicalNot,
  matmul,
  mean,
  relu,
  reshape,
  scalar,
  sigmoid,
  slice,
  softmax,
  split,
  transpose,
  where,
  zeros,
} from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { linear, type Parameters } from "../network/linear.js";
import { type Cell, lstmStep } from "../network/lstm.js";
import { type Convolve, convolution } from "../pixels/layers.js";
import { bidirectional, embed, forEachStep, linearRows, normalise, stepsOf, transformerLayer } from "./layers.js";
import { layerNames } from "./layout.js";
import { type ListeningSpec, PADDING, placesOf, type RecurrentFusion, type TransformerFusion } from "./spec.js";

/** What the network gets over T steps of B episodes; rows are in the order of the steps. */
export interface ListeningInputs {
  /** Bytes or floats [T·B, C, H, W]; the factor on them is part of the first convolution's weights. */
  readonly image: Value;
  /** Tokens, int64 [B, L]. */
  readonly instruction: Value;
  /** 1 for the action taken before, [T·B, actions]; zeros at an episode's first step. */
  readonly previous: Value;
  /** Before the first step, [B, …] each: `listeningState`. */
  readonly state: Readonly<Record<string, Value>>;
}

/** A modality's elements along an axis of the value where the modalities' features join. */
export interface JointPart {
  readonly modality: "language" | "image" | "previous_action";
  readonly from: number;
  readonly to: number;
}

export interface ListeningOutputs {
  /** Logits of the actions [T·B, actions]. */
  readonly actions: Value;
  /** Logits of the cells to interact with, [T·B, 1, h, w]. */
  readonly mask: Value;
  /** After the last step. */
  readonly state: Readonly<Record<string, Value>>;
  /** The words' embeddings, [B, L, n]. */
  readonly embedded: Value;
  /** The values where the modalities' features join, of each step or of all together, with their parts along axis 1. */
  readonly joint: { readonly values: readonly Value[]; readonly parts: readonly JointPart[] };
}

/** Score of what is not to be attended to. */
const NEVER = -1e9;

/** The network over some steps. */
export function listeningNetwork(
  spec: ListeningSpec,
  p: Parameters,
  inputs: ListeningInputs,
  convolve: Convolve = convolution,
): ListeningOutputs {
  const seen = vision(spec, p, inputs.image, convolve);
  const { fusion } = spec;
  return fusion.kind === "recurrent"
    ? recurrent(spec, fusion, p, inputs, seen)
    : transformer(spec, fusion, p, inputs, seen);
}

/** What the convolutions tell of the image, as numbers from 0 to 1. */
interface Vision {
  /** Detectors of each of the mask's cells, [N, h · w, kinds], and of each place, cell by cell, [N, places, features]. */
  readonly cells: Value;
  readonly places: Value;
}

/** Sums of the detectors before their sigmoids, [N, h · w, kinds]. */
export function detectorSums(spec: ListeningSpec, p: Parameters, image: Value, convolve: Convolve): Value {
  let x = image;
  for (const [i, geometry] of spec.vision.entries()) {
    const layer = { weight: own(p, `conv${i + 1}.weight`)!, bias: own(p, `conv${i + 1}.bias`)! };
    x = relu(convolve(x, layer, geometry));
  }
  const [count, channels] = x.shape as [number, number];
  const cells = spec.mask.height * spec.mask.width;
  return linearRows(p, transpose(reshape(x, [count, channels, cells]), [0, 2, 1]), "detectors");
}

function vision(spec: ListeningSpec, p: Parameters, image: Value, convolve: Convolve): Vision {
  const cells = sigmoid(detectorSums(spec, p, image, convolve));
  const { rows, columns, places, features } = placesOf(spec);
  const { merged, kinds } = spec;
  const parted = transpose(reshape(cells, [-1, rows, merged, columns, merged, kinds]), [0, 1, 3, 2, 4, 5]);
  return { cells, places: reshape(parted, [-1, places, features]) };
}

function recurrent(
  spec: ListeningSpec,
  fusion: RecurrentFusion,
  p: Parameters,
  { instruction, previous, state }: ListeningInputs,
  seen: Vision,
): ListeningOutputs {
  const { words, maps, filters, residual, seen: length, action } = fusion;
  const [batch, tokens] = instruction.shape as [number, number];
  const steps = previous.shape[0]! / batch;
  const embedded = embed(p, "word", instruction);
  const isWord = split(instruction, 1, Array<number>(tokens).fill(1)).map(isToken);
  const heard = bidirectional(p, embedded, isWord, words);
  const keys = transpose(heard, [0, 2, 1]);
  const bias = reshape(scoresOf(instruction), [batch, 1, tokens]);
  const acted = stepsOf(matmul(previous, own(p, "action.weight")!), steps);
  const { places } = placesOf(spec);
  const look = (mixed: Value): Value => relu(linear(p, reshape(relu(mixed), [mixed.shape[0]!, maps * places]), "seen"));
  const features = filters
    ? stepsOf(transpose(seen.places, [0, 2, 1]), steps)
    : stepsOf(look(linearRows(p, seen.places, "maps")), steps);

  let core: Cell = { hidden: own(state, "hidden")!, cell: own(state, "cell")! };
  const joints: Value[] = [];
  const read = features.map((shown, t) => {
    const query = reshape(linear(p, core.hidden, "listen"), [batch, 1, 2 * words]);
    const weights = softmax(add(div(matmul(query, keys), Math.sqrt(2 * words)), bias));
    const attended = reshape(matmul(weights, heard), [batch, 2 * words]);
    const image = filters ? look(filtered(shown, reshape(linear(p, attended, "filters"), [batch, maps, -1]))) : shown;
    const joint = joined([attended, image, acted[t]!], steps);
    joints.push(joint);
    core = lstmStep(core.cell, linear(p, concat([joint, core.hidden], 1), "core"));
    return residual ? add(core.hidden, linear(p, joint, "residual")) : concat([core.hidden, joint], 1);
  });
  const all = concat(read, 0);
  const ends = [0, 2 * words, 2 * words + length, 2 * words + length + action] as const;
  return {
    actions: linear(p, all, "policy"),
    mask: maskByQuery(spec, linear(p, all, "interact"), seen.cells),
    state: { hidden: core.hidden, cell: core.cell },
    embedded,
    joint: {
      values: joints,
      parts: (["language", "image", "previous_action"] as const).map((modality, i) => ({
        modality,
        from: ends[i]!,
        to: ends[i + 1]!,
      })),
    },
  };
}

/** Maps [B, maps, places] of features [B, n, places] by filters and their thresholds, [B, maps, n + 1]. */
function filtered(features: Value, filters: Value): Value {
  const [weights, thresholds] = split(filters, 2, [features.shape[1]!, 1]) as [Value, Value];
  return add(matmul(weights, features), thresholds);
}

/** Logits of the cells, [N, 1, h, w]: detectors · query + bias, from query and bias [N, kinds + 1]. */
function maskByQuery({ kinds, mask }: ListeningSpec, asked: Value, cells: Value): Value {
  const count = cells.shape[0]!;
  const [query, bias] = split(asked, 1, [kinds, 1]) as [Value, Value];
  const scores = add(matmul(cells, reshape(query, [count, kinds, 1])), reshape(bias, [count, 1, 1]));
  return reshape(scores, [count, 1, mask.height, mask.width]);
}

/** Name of the tensor where the modalities' features join, in a policy of one step. */
export const JOINT = "joint";

const joined = (values: readonly Value[], steps: number): Value =>
  applyNode("Concat", values, { axis: 1 }, steps === 1 ? { outputNames: [JOINT] } : {}).outputs[0]!;

const isToken = (tokens: Value): Value => logicalNot(equal(tokens, scalar(PADDING, "int64")));

/** What is added to the scores of words, [B, L]: padding is never attended to. */
const scoresOf = (instruction: Value): Value => where(isToken(instruction), scalar(0), scalar(NEVER));

function transformer(
  spec: ListeningSpec,
  fusion: TransformerFusion,
  p: Parameters,
  { instruction, previous, state }: ListeningInputs,
  seen: Vision,
): ListeningOutputs {
  const { heads, wordLayers, layers, width, past, normalised } = fusion;
  const [batch, tokens] = instruction.shape as [number, number];
  const count = previous.shape[0]!;
  const steps = count / batch;
  const normed = (x: Value, name: string): Value => (normalised ? normalise(p, x, name) : x);
  const placed = (x: Value, name: string): Value => add(x, own(p, `${name}.position`)!);

  const embedded = embed(p, "word", instruction);
  const wordBias = reshape(scoresOf(instruction), [batch, 1, 1, tokens]);
  const told = normalised ? normed(linearRows(p, embedded, "word.own"), "word.norm") : embedded;
  const words = layerNames("words", wordLayers).reduce(
    (x, name) => transformerLayer(p, x, name, heads, wordBias),
    placed(told, "word"),
  );
  const cells = normed(linearRows(p, seen.places, "cell"), "cell.norm");
  const places = cells.shape[1]!;
  const actionTokens = (actions: Value): Value => {
    const [rows, many, kinds] = actions.shape as [number, number, number];
    const found = matmul(reshape(actions, [rows * many, kinds]), own(p, "action.weight")!);
    return normed(reshape(found, [rows, many, width]), "action.norm");
  };
  const taken = reshape(previous, [count, 1, previous.shape[1]!]);
  const remembered = past === 0 ? undefined : memory(fusion, steps, state, mean(cells, [1], true), taken);
  const acted = placed(actionTokens(remembered ? concat([taken, remembered.actions], 1) : taken), "action");
  const groups: readonly (readonly [JointPart["modality"], Value])[] = [
    ["language", forEachStep(words, steps)],
    ["image", placed(cells, "cell")],
    ["previous_action", acted],
    ...(remembered ? [["image", placed(remembered.frames, "frame")] as const] : []),
  ];
  const joint = joined(
    groups.map(([, group]) => group),
    steps,
  );
  const all = joint.shape[1]!;
  const bias = concat([forEachStep(wordBias, steps), zeros([count, 1, 1, all - tokens])], 3);
  const behind = layerNames("joint", layers).reduce((x, name) => transformerLayer(p, x, name, heads, bias), joint);
  const end = normalise(p, behind, "end");
  const now = tokens + places;
  let from = 0;
  return {
    actions: linear(p, reshape(slice(end, 1, now, now + 1), [count, width]), "policy"),
    mask: maskOfPlaces(spec, linearRows(p, slice(end, 1, tokens, now), "interact")),
    state: remembered?.state ?? {},
    embedded,
    joint: {
      values: [joint],
      parts: groups.map(([modality, group]) => {
        const to = from + group.shape[1]!;
        const part = { modality, from, to };
        from = to;
        return part;
      }),
    },
  };
}

/** Frames and actions before each step, [T · B, k, n], the oldest first, and those before the step that comes next. */
function memory(
  { past }: TransformerFusion,
  steps: number,
  state: Readonly<Record<string, Value>>,
  frames: Value,
  actions: Value,
) {
  const windows = (name: string, now: Value) => {
    const track = concat([own(state, name)!, ...stepsOf(now, steps)], 1);
    const before = Array.from({ length: steps }, (_, t) => slice(track, 1, t, t + past));
    return { before: concat(before, 0), after: slice(track, 1, steps, steps + past) };
  };
  const seen = windows("past_frames", frames);
  const done = windows("past_actions", actions);
  return {
    frames: seen.before,
    actions: done.before,
    state: { past_frames: seen.after, past_actions: done.after },
  };
}

/** Logits of the mask's cells, [N, 1, h, w], from those of each place's cells, [N, places, n]. */
function maskOfPlaces({ mask, merged, kinds }: ListeningSpec, logits: Value): Value {
  const { rows, columns } = placesOf({ mask, merged, kinds });
  const parted = transpose(reshape(logits, [-1, rows, columns, merged, merged]), [0, 1, 3, 2, 4]);
  return reshape(parted, [-1, 1, mask.height, mask.width]);
}
