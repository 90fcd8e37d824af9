import { InputError } from "../../errors.js";
import { abs, matmul, mul, reshape, sum, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SubjectImage } from "../contract/subject.js";
import { type TokenOrigin, TokenOrigins } from "../network/token-origins.js";
import { type Attention, attentionOf } from "../patterns/attention.js";
import { type Attended, mapToPixels } from "./attended.js";
import { headMean, type Rollout, rollout } from "./rollout.js";

/** Attention over tokens: where it ends, and how its queries mix the first tokens. */
export interface Tokens {
  readonly kind: "tokens";
  readonly output: Value;
  readonly mixing: Rollout;
}

const layersOf = ({ context: { analysis } }: Network): Attention[] =>
  analysis.order.flatMap((node) => attentionOf(node, analysis) ?? []);

/** The rollout of all attention layers, where there are some. */
export function allTokens(network: Network): Tokens | undefined {
  const layers = layersOf(network);
  const last = layers.at(-1);
  return last && { kind: "tokens", output: last.node.outputs[0]!, mixing: rollout(layers) };
}

/** The attention layer whose node or tensor has this name. */
export function namedTokens(network: Network, has: (value: Value) => boolean): Tokens | undefined {
  const layers = layersOf(network);
  const layer = layers.find(({ node, weights, softmax }) =>
    [node, weights.node, softmax].some((n) => n.outputs.some(has)),
  );
  if (!layer) return undefined;
  const origin = layers.find(({ values }) => values.shape.at(-2) === layer.values.shape.at(-2))!;
  return {
    kind: "tokens",
    output: layer.node.outputs[0]!,
    mixing: { mixing: headMean(layer), values: origin.values },
  };
}

/** Gradient × output of the attention by query, passed on to the first tokens, and to their origins. */
export function attendedThroughTokens({ output, mixing }: Tokens, pass: Attribution, network: Network): Attended {
  const arrived = pass.inputs.get(output);
  if (!arrived) throw new InputError(`attention "${output.node.label}": the torques do not depend on it`);
  const [queries, features] = output.shape.slice(-2) as [number, number];
  const rows = rowsOf(arrived.amount);
  const heads = sizeOf(output.shape) / (queries * features);
  const contributions = reshape(mul(arrived.amount, output), [rows, heads, queries, features]);
  const byQuery = sum(abs(sum(contributions, [3])), [1]);
  const byToken = matmul(byQuery, mixing.mixing);
  const origins = new TokenOrigins(network.context, network.subject.modalities).of(mixing.values);
  const lost = origins.filter((origin) => !origin).length;
  if (lost === origins.length)
    throw new InputError(
      `attention "${output.node.label}": each of its ${lost} tokens is learned or mixes inputs (as an image with memory), ` +
        "so no input's relevance can be told; expected tokens that come from one input",
    );
  const loses = `${lost} of ${origins.length} tokens are learned or mix inputs: their relevance is lost`;
  const rule = { node: output.node.label, op: output.node.op, rule: "attention", ...(lost > 0 && { loses }) };
  return { images: ofCells(byToken, origins, network), values: ofElements(byToken, origins, network), rule };
}

/** [rows, tokens] → pixels of each image, through the cells of its map. */
function ofCells(byToken: Value, origins: readonly (TokenOrigin | undefined)[], network: Network) {
  const cells = origins.flatMap((origin, token) => (origin?.kind === "cell" ? [{ ...origin, token }] : []));
  const images = new Map<SubjectImage, Value>();
  for (const image of new Set(cells.map((cell) => cell.image))) {
    const own = cells.filter((cell) => cell.image === image);
    const { map } = own[0]!;
    const [h, w] = map.shape.slice(2) as [number, number];
    const place = new Float32Array(origins.length * h * w);
    for (const { token, cell } of own) place[token * h * w + cell] = 1;
    const byCell = matmul(byToken, tensor("float32", [origins.length, h * w], place));
    images.set(image, mapToPixels(reshape(byCell, [-1, h, w]), map, image, network));
  }
  return images;
}

/** [rows, tokens] → elements of configuration, equal parts to the elements that a token was made of. */
function ofElements(
  byToken: Value,
  origins: readonly (TokenOrigin | undefined)[],
  { subject }: Network,
): Attended["values"] {
  const made = origins.flatMap((origin, token) =>
    origin?.kind === "values" ? [{ token, modalities: origin.modalities }] : [],
  );
  const values = new Map<Value, { amount: Value; elements: Set<number> }>();
  for (const name of new Set(made.flatMap(({ modalities }) => modalities.map(({ input }) => input)))) {
    const input = subject.graph.inputs.get(name)!;
    const n = sizeOf(input.shape);
    const parts = new Float32Array(origins.length * n);
    const elements = new Set<number>();
    for (const { token, modalities } of made) {
      const whole = modalities.reduce((count, { size }) => count + size, 0);
      for (const { start, size } of modalities.filter((m) => m.input === name))
        for (let i = start; i < start + size; i++) {
          parts[token * n + i] = 1 / whole;
          elements.add(i);
        }
    }
    values.set(input, { amount: matmul(byToken, tensor("float32", [origins.length, n], parts)), elements });
  }
  return values;
}
