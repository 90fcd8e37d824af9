import * as z from "zod";
import { InputError } from "../../errors.js";
import { add, mul, reshape, tensor } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { type Relevance, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { isMap } from "../network/weighting-maps.js";
import { propagate } from "../pass/propagate.js";
import { gradient, timesInput } from "../rules/operator/gradient.js";
import type { Attended } from "./attended.js";
import { allMaps, attendedThroughMaps, type Maps } from "./attention-maps.js";
import { allTokens, attendedThroughTokens, namedTokens, type Tokens } from "./attention-tokens.js";
import { method } from "./method-spec.js";

/**
 * Attention. Tokens: gradient × output of the last attention, by query, passed on to the first tokens by
 * rollout, then to the origins of the tokens. Maps [1, 1, h, w] that features are multiplied by: the sum of
 * gradient × map, in proportion to the map. Each cell goes evenly to the pixels it sees. Inputs without attention get
 * gradient × input.
 */
export const attention = method({
  name: "attention",
  title: "what attention layers look at, rolled out to the tokens and brought back to pixels",
  cite: "Abnar & Zuidema, Quantifying Attention Flow in Transformers, ACL 2020; Nikulin et al., Free-Lunch Saliency via Attention in Atari Agents, 2019",
  conserves: false,
  linear: false,
  contrasts: false,
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
      const attended =
        found.kind === "tokens"
          ? attendedThroughTokens(found, pass, network)
          : attendedThroughMaps(found, pass, network);
      return {
        ...pass,
        pixels: new Map(Array.from(attended.images, ([{ name }, amount]) => [name, [{ amount, perTorque: true }]])),
        joined: new Map([...pass.joined, ...joinedPixels(attended)]),
        inputs: inputsOf(network, pass, attended),
        rules: [...pass.rules, attended.rule],
      };
    },
});

/** Attention counts as the image's share whole. */
const joinedPixels = ({ images }: Attended) =>
  Array.from(images, ([{ name }, amount]) => {
    const rows = rowsOf(amount);
    return [name, [reshape(amount, [rows, sizeOf(amount.shape) / rows])]] as const;
  });

function allOf(network: Network): Tokens | Maps {
  const found = allTokens(network) ?? allMaps(network);
  if (found) return found;
  throw new InputError(
    "method attention: the network has none: found no softmax that mixes values, and no map [1, 1, h, w] of an image multiplied onto features",
  );
}

function named(network: Network, name: string): Tokens | Maps {
  const { context } = network;
  const has = (value: Value) => value.name === name || value.node.name === name;
  const tokens = namedTokens(network, has);
  if (tokens) return tokens;
  const map = context.analysis.order.flatMap(({ outputs }) => outputs).find(has);
  const image = map && context.onlyImage(map.node);
  if (!map) throw new InputError(`attention layer "${name}": found no node and no tensor of this name`);
  if (!image || !isMap(map))
    throw new InputError(
      `attention layer "${name}": it is [${map.shape}], expected an attention or a map [1, 1, h, w] of one image`,
    );
  return { kind: "maps", maps: [{ image, map }] };
}

/** Relevance of inputs that are no image: attention for elements that are attended to, else gradient × input. */
function inputsOf({ subject, context }: Network, pass: Attribution, attended: Attended): Map<Value, Relevance> {
  const inputs = new Map<Value, Relevance>();
  const seen = new Set(Array.from(attended.images.keys(), ({ input }) => subject.graph.inputs.get(input)!));
  for (const input of subject.graph.inputs.values()) {
    const arrived = pass.inputs.get(input);
    const own = attended.values.get(input);
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
