import type { Shape } from "../../graph/shape.js";
import type { Random } from "../../sim/random.js";
import { DEVIATION, FIRST_DEVIATION } from "../network/deviation.js";
import { Layout } from "../network/parameters.js";
import { keyLength, placesOf, type QuerySpec, valueLength } from "./spec.js";

/** State that the network carries from step to step, by name, without the batch: of its convolutional LSTM and its LSTM. */
export function stateShapes(spec: QuerySpec): Readonly<Record<string, Shape>> {
  const map = [spec.memory, ...placesOf(spec)];
  return { vision_hidden: map, vision_cell: map, core_hidden: [spec.core], core_cell: [spec.core] };
}

/** Names and shapes of all parameters; those of the vision network come first. Gates are input, forget, output, candidate. */
export function queryLayout(spec: QuerySpec, outputs: number, extra: Readonly<Record<string, Shape>> = {}): Layout {
  const { convolutions, memory, memoryKernel: kernel, queries, queryHidden, answer, core, actions } = spec;
  const vision: Record<string, Shape> = {};
  let { channels } = spec;
  for (const [i, { filters, kernel }] of convolutions.entries()) {
    vision[`conv${i + 1}.weight`] = [filters, channels, kernel, kernel];
    vision[`conv${i + 1}.bias`] = [filters];
    channels = filters;
  }
  vision["memory.weight"] = [4 * memory, channels + memory, kernel, kernel];
  vision["memory.bias"] = [4 * memory];
  const asked = queries * keyLength(spec);
  const told = queries * valueLength(spec) + asked + 1 + actions;
  const sizes = [core, ...queryHidden, asked];
  const head = Object.assign(
    {},
    ...queryNames(spec).map((name, i) => dense(name, sizes[i]!, sizes[i + 1]!)),
    dense("answer1", told, answer[0]),
    dense("answer2", answer[0], answer[1]),
    dense("core", answer[1] + core, 4 * core),
    dense("policy", core, outputs),
    dense("value", core, 1),
    extra,
  ) as Record<string, Shape>;
  return new Layout({ readout: {}, convolutions: vision, head });
}

/** Names of the query network's layers. */
export const queryNames = ({ queryHidden }: QuerySpec): string[] =>
  Array.from({ length: queryHidden.length + 1 }, (_, i) => `query${i + 1}`);

const dense = (name: string, inputs: number, outputs: number): Record<string, Shape> => ({
  [`${name}.weight`]: [inputs, outputs],
  [`${name}.bias`]: [outputs],
});

/** Gain of the policy's output at the start: all actions are nearly equally likely. */
const POLICY_GAIN = 0.01;

/** Normal weights: of variance 2 / inputs before a ReLU, 1 / inputs elsewhere, small ones of the policy's output; zero biases. */
export function initialiseQuery(spec: QuerySpec, layout: Layout, vector: Float32Array, random: Random): void {
  const names = queryNames(spec);
  const beforeRelu = new Set([...spec.convolutions.map((_, i) => `conv${i + 1}`), ...names.slice(0, -1), "answer1"]);
  vector.fill(0);
  for (const [name, { shape }] of layout.slots) {
    if (name === DEVIATION) layout.view(vector, name).fill(FIRST_DEVIATION);
    if (!name.endsWith(".weight")) continue;
    const layer = name.slice(0, -".weight".length);
    const fanIn = shape.length === 2 ? shape[0]! : shape.slice(1).reduce((a, b) => a * b, 1);
    const gain = layer === "policy" ? POLICY_GAIN : beforeRelu.has(layer) ? Math.SQRT2 : 1;
    const weight = layout.view(vector, name);
    for (let i = 0; i < weight.length; i++) weight[i] = (gain / Math.sqrt(fanIn)) * random.normal();
  }
}
