import { type Shape, sizeOf } from "../../graph/shape.js";
import type { Random } from "../../sim/random.js";
import { Layout } from "../network/parameters.js";
import { type ListeningSpec, placesOf, type RecurrentFusion, type TransformerFusion } from "./spec.js";

type Shapes = Record<string, Shape>;

const dense = (name: string, inputs: number, outputs: number): Shapes => ({
  [`${name}.weight`]: [inputs, outputs],
  [`${name}.bias`]: [outputs],
});

const norm = (name: string, width: number): Shapes => ({ [`${name}.scale`]: [width], [`${name}.bias`]: [width] });

/** Names and shapes of all parameters. */
export function listeningLayout(spec: ListeningSpec): Layout {
  const convolutions: Shapes = {};
  let { channels } = spec;
  spec.vision.forEach(({ filters, kernel }, i) => {
    convolutions[`conv${i + 1}.weight`] = [filters, channels, kernel, kernel];
    convolutions[`conv${i + 1}.bias`] = [filters];
    channels = filters;
  });
  Object.assign(convolutions, dense("detectors", channels, spec.kinds));
  const { fusion } = spec;
  const head = fusion.kind === "recurrent" ? recurrent(spec, fusion) : transformer(spec, fusion);
  return new Layout({ readout: {}, convolutions, head });
}

function recurrent(spec: ListeningSpec, fusion: RecurrentFusion): Shapes {
  const { vocabulary, actions } = spec;
  const { word, words, maps, filters, seen, action, core, residual } = fusion;
  const { places, features } = placesOf(spec);
  const joined = jointLength(fusion);
  const read = residual ? core : core + joined;
  return {
    "word.weight": [vocabulary, word],
    ...dense("words.forward", word + words, 4 * words),
    ...dense("words.backward", word + words, 4 * words),
    ...dense("listen", core, 2 * words),
    ...(filters ? dense("filters", 2 * words, maps * (features + 1)) : dense("maps", features, maps)),
    ...dense("seen", maps * places, seen),
    "action.weight": [actions, action],
    ...dense("core", joined + core, 4 * core),
    ...(residual ? dense("residual", joined, core) : {}),
    ...dense("policy", read, actions),
    ...dense("interact", read, spec.kinds + 1),
  };
}

/** Numbers of the features that an LSTM joins: words, image, previous action. */
const jointLength = ({ words, seen, action }: RecurrentFusion): number => 2 * words + seen + action;

function transformer(spec: ListeningSpec, fusion: TransformerFusion): Shapes {
  const { vocabulary, tokens, actions } = spec;
  const { width, inner, wordLayers, layers, past, normalised } = fusion;
  const { places, features } = placesOf(spec);
  const layerShapes = (name: string): Shapes => ({
    ...norm(`${name}.norm1`, width),
    ...dense(`${name}.attention`, width, 3 * width),
    ...dense(`${name}.out`, width, width),
    ...norm(`${name}.norm2`, width),
    ...dense(`${name}.inner`, width, inner),
    ...dense(`${name}.outer`, inner, width),
  });
  return {
    "word.weight": [vocabulary, width],
    "word.position": [tokens, width],
    ...(normalised ? { ...dense("word.own", width, width), ...norm("word.norm", width) } : {}),
    ...Object.assign({}, ...layerNames("words", wordLayers).map(layerShapes)),
    ...dense("cell", features, width),
    "cell.position": [places, width],
    ...(normalised ? norm("cell.norm", width) : {}),
    "action.weight": [actions, width],
    "action.position": [past + 1, width],
    ...(normalised ? norm("action.norm", width) : {}),
    ...(past > 0 ? { "frame.position": [past, width] } : {}),
    ...Object.assign({}, ...layerNames("joint", layers).map(layerShapes)),
    ...norm("end", width),
    ...dense("policy", width, actions),
    ...dense("interact", width, spec.merged ** 2),
  };
}

/** Names of a transformer's layers. */
export const layerNames = (what: "words" | "joint", count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${what}${i + 1}`);

/** State that the network carries from step to step, by name, without the batch. */
export function listeningState({ fusion, actions }: ListeningSpec): Readonly<Record<string, Shape>> {
  if (fusion.kind === "recurrent") return { hidden: [fusion.core], cell: [fusion.core] };
  const { past, width } = fusion;
  return past === 0 ? {} : { past_frames: [past, width], past_actions: [past, actions] };
}

/** Gain of the policy's output at the start: all actions are nearly equally likely. */
const POLICY_GAIN = 0.1;

/**
 * Normal weights: of variance 2 / inputs before a ReLU, 1 / inputs elsewhere, small ones of the policy's output; embeddings
 * and positions of deviation 0.1 (of words 1 where an LSTM reads them); zero biases, scales of 1.
 */
export function initialiseListening(spec: ListeningSpec, layout: Layout, vector: Float32Array, random: Random): void {
  vector.fill(0);
  const embedding = spec.fusion.kind === "recurrent" ? 1 : 0.1;
  for (const [name, { shape }] of layout.slots) {
    const numbers = layout.view(vector, name);
    const fill = (deviation: number): void => {
      for (let i = 0; i < numbers.length; i++) numbers[i] = deviation * random.normal();
    };
    if (name.endsWith(".scale")) numbers.fill(1);
    else if (name.endsWith(".position") || name === "word.weight" || name === "action.weight")
      fill(name.endsWith(".position") ? 0.1 : embedding);
    else if (name.endsWith(".weight")) {
      const fanIn = shape.length === 2 ? shape[0]! : sizeOf(shape.slice(1));
      const layer = name.slice(0, -".weight".length);
      fill(gainOf(layer) / Math.sqrt(fanIn));
    }
  }
}

const BEFORE_RELU = /^conv\d$|^maps$|^seen$|\.inner$/;

const gainOf = (layer: string): number =>
  layer === "policy" || layer === "interact" || layer === "detectors"
    ? POLICY_GAIN
    : BEFORE_RELU.test(layer)
      ? Math.SQRT2
      : 1;
