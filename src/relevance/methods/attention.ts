import * as z from "zod";
import { InputError } from "../../errors.js";
import { abs, add, matmul, mul, reshape, safeDivide, sum, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { type Relevance, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { receptiveField, toPixels } from "../network/receptive-field.js";
import { type TokenOrigin, TokenOrigins } from "../network/token-origins.js";
import { propagate } from "../pass/propagate.js";
import { type Attention, attentionOf } from "../patterns/attention.js";
import { gradient, timesInput } from "../rules/operator/gradient.js";
import { method } from "./method-spec.js";
import { headMean, type Rollout, rollout } from "./rollout.js";

/**
 * What a policy attends to. Tokens: gradient × output of the last attention, by query, handed to the first tokens by
 * rollout, then to what the tokens were made of. Maps [1, 1, h, w] that features are multiplied with: gradient × map in
 * all, by the map. Cells go back to pixels evenly over what they see. Inputs behind no attention get gradient × input.
 */
export const attention = method({
  name: "attention",
  title: "what attention layers look at, rolled out to the tokens and brought back to pixels",
  cite: "Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020; Nikulin et al., Free-Lunch Saliency via Attention in Atari Agents, 2019",
  conserves: false,
  linear: false,
  options: {
    layer: z
      .string()
      .optional()
      .describe("name of one attention's node or tensor, in place of the rollout of all; or of a map [1, 1, h, w]"),
  },
  make:
    ({ layer }) =>
    (network) => {
      const found = layer === undefined ? allOf(network) : named(network, layer);
      const targets = found.kind === "tokens" ? [found.output] : found.maps.map(({ map }) => map);
      const pass = propagate(
        network.depth === "per-torque" ? network : network.at("full"),
        { seed: "sign", rows: [], operators: gradient, linear: false },
        new Set([...network.inputs, ...targets]),
      );
      const looked = found.kind === "tokens" ? ofTokens(found, pass, network) : ofMaps(found, pass, network);
      return {
        ...pass,
        pixels: new Map(Array.from(looked.images, ([{ name }, amount]) => [name, [{ amount, perTorque: true }]])),
        joined: new Map(),
        inputs: inputsOf(network, pass, looked),
        rules: [...pass.rules, looked.rule],
      };
    },
});

/** Attention over tokens: where it ends, and how its queries mix the first tokens. */
interface Tokens {
  readonly kind: "tokens";
  readonly output: Value;
  readonly mixing: Rollout;
}

interface Maps {
  readonly kind: "maps";
  readonly maps: readonly { readonly image: SubjectImage; readonly map: Value }[];
}

/** What was looked at: pixels [rows, H, W] of images, and elements [rows, n] of other inputs. */
interface Looked {
  readonly images: ReadonlyMap<SubjectImage, Value>;
  readonly values: ReadonlyMap<Value, { readonly amount: Value; readonly elements: ReadonlySet<number> }>;
  readonly rule: Attribution["rules"][number];
}

const layersOf = ({ context: { analysis } }: Network): Attention[] =>
  analysis.order.flatMap((node) => attentionOf(node, analysis) ?? []);

function allOf(network: Network): Tokens | Maps {
  const layers = layersOf(network);
  if (layers.length > 0) return { kind: "tokens", output: layers.at(-1)!.node.outputs[0]!, mixing: rollout(layers) };
  const maps = new Map(weightingMaps(network).map(({ image, map }) => [image, map]));
  if (maps.size === 0)
    throw new InputError(
      "method attention: the network has none: found no softmax that mixes values, and no map [1, 1, h, w] of an image multiplied onto features",
    );
  return { kind: "maps", maps: Array.from(maps, ([image, map]) => ({ image, map })) };
}

/** Maps [1, 1, h, w] of one image that weight features [1, C, h, w], in the order of the network. */
function weightingMaps({ context }: Network) {
  return context.analysis.order.flatMap((node) => {
    const [a, b] = node.inputs;
    if (node.op !== "Mul" || !a || !b) return [];
    const map = [a, b].find(isMap);
    const features = map === a ? b : a;
    const image = map && context.onlyImage(map.node);
    const weights = features.shape.length === 4 && features.shape[1]! > 1 && context.analysis.isDependent(features);
    return map && image && weights ? [{ image, map }] : [];
  });
}

const isMap = ({ shape }: Value) => shape.length === 4 && shape[0] === 1 && shape[1] === 1 && sizeOf(shape) > 1;

function named(network: Network, name: string): Tokens | Maps {
  const { context } = network;
  const has = (value: Value) => value.name === name || value.node.name === name;
  const layers = layersOf(network);
  const at = layers.findIndex(({ node, weights, softmax }) =>
    [node, weights.node, softmax].some((n) => n.outputs.some(has)),
  );
  const layer = layers[at];
  if (layer) {
    const origin = layers.find(({ values }) => values.shape.at(-2) === layer.values.shape.at(-2))!;
    return {
      kind: "tokens",
      output: layer.node.outputs[0]!,
      mixing: { mixing: headMean(layer), values: origin.values },
    };
  }
  const map = context.analysis.order.flatMap(({ outputs }) => outputs).find(has);
  const image = map && context.onlyImage(map.node);
  if (!map) throw new InputError(`attention layer "${name}": found no node and no tensor of this name`);
  if (!image || !isMap(map))
    throw new InputError(
      `attention layer "${name}": it is [${map.shape}], expected an attention or a map [1, 1, h, w] of one image`,
    );
  return { kind: "maps", maps: [{ image, map }] };
}

function ofTokens({ output, mixing }: Tokens, pass: Attribution, network: Network): Looked {
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
  const loses = `${lost} of ${origins.length} tokens are learned or mix inputs: what they have is lost`;
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
    images.set(image, ofMap(reshape(byCell, [-1, h, w]), map, image, network));
  }
  return images;
}

/** [rows, tokens] → elements of configuration, equal parts to those that a token was made of. */
function ofElements(
  byToken: Value,
  origins: readonly (TokenOrigin | undefined)[],
  { subject }: Network,
): Looked["values"] {
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

function ofMaps({ maps }: Maps, pass: Attribution, network: Network): Looked {
  const images = new Map<SubjectImage, Value>();
  for (const { image, map } of maps) {
    const arrived = pass.inputs.get(map);
    if (!arrived) throw new InputError(`attention "${map.name ?? map.node.label}": the torques do not depend on it`);
    const rows = rowsOf(arrived.amount);
    const total = sum(abs(mul(arrived.amount, map)), [1, 2, 3, 4]);
    const part = abs(map);
    const shared = mul(reshape(total, [rows, 1, 1]), reshape(safeDivide(part, sum(part)), [1, ...map.shape.slice(2)]));
    images.set(image, ofMap(shared, map, image, network));
  }
  const { node } = maps.at(-1)!.map;
  return { images, values: new Map(), rule: { node: node.label, op: node.op, rule: "attention" } };
}

/** [rows, h, w] → [rows, H, W]. */
function ofMap(amount: Value, map: Value, image: SubjectImage, { context, subject }: Network): Value {
  const field = receptiveField(map, context.analysis);
  if (!field)
    throw new InputError(
      `method attention: map "${map.name ?? map.node.label}" sees more of ${image.name} than windows: expected convolutions and pools alone between them`,
    );
  const { shape } = subject.graph.inputs.get(image.input)!;
  const [height, width] = heightAndWidth(shape, image).map((axis) => shape[axis]!) as [number, number];
  return toPixels(amount, field, height, width);
}

/** Inputs that were not looked at through attention have gradient × input; elements that were have what was seen. */
function inputsOf({ subject, context }: Network, pass: Attribution, looked: Looked): Map<Value, Relevance> {
  const inputs = new Map<Value, Relevance>();
  const seen = new Set(Array.from(looked.images.keys(), ({ input }) => subject.graph.inputs.get(input)!));
  for (const input of subject.graph.inputs.values()) {
    const arrived = pass.inputs.get(input);
    const own = looked.values.get(input);
    if (seen.has(input) || (!arrived && !own)) continue;
    const shaped = (amount: Value) => reshape(amount, [rowsOf(amount), ...input.shape]);
    const outside = tensor(
      "float32",
      [1, ...input.shape],
      Float32Array.from({ length: sizeOf(input.shape) }, (_, i) => Number(!own?.elements.has(i))),
    );
    const direct = arrived && mul(timesInput(input, arrived.amount, context), outside);
    const amount = own && direct ? add(shaped(own.amount), direct) : own ? shaped(own.amount) : direct!;
    inputs.set(input, { amount, perTorque: true });
  }
  return inputs;
}
