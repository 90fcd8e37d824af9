import { constant, input } from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { fieldOf } from "../attention/field.js";
import type { Layout } from "../network/parameters.js";
import { stateShapes } from "./layout.js";
import { policyHead, type QueryState, queryNetwork } from "./network.js";
import type { QuerySpec } from "./spec.js";

/** Names of a policy's tensors; those of the carried state are in `stateShapes`. */
export const QUERY_TENSORS = {
  image: "image",
  action: "previous_action",
  reward: "previous_reward",
  logits: "logits",
  attention: "attention",
} as const;

/** Name of the output that holds a carried input after a step. */
export const nextOf = (name: string): string => `${name}_next`;

/**
 * A policy of one step as graph inputs and outputs: `image` uint8 [1, C, H, W], `previous_action` [1, actions],
 * `previous_reward` [1, 1] and the carried state to `logits`, `attention` [1, queries, h, w] and the next state. The
 * pixels' 1/255 is part of the first convolution's weights.
 */
export function queryPolicy(
  spec: QuerySpec,
  layout: Layout,
  vector: Float32Array,
): { readonly inputs: ReadonlyMap<string, Value>; readonly outputs: ReadonlyMap<string, Value> } {
  const parameters = Object.fromEntries(
    [...layout.slots].map(([name, { shape }]) => {
      const numbers = Float64Array.from(layout.view(vector, name), (x) => (name === "conv1.weight" ? x / 255 : x));
      return [name, constant(Literal.from("float32", shape, numbers), name)];
    }),
  );
  const { image, action, reward, logits, attention } = QUERY_TENSORS;
  const floats = (name: string, shape: Shape): Value => input(name, "float32", [1, ...shape]);
  const carried = Object.fromEntries(
    Object.entries(stateShapes(spec)).map(([name, shape]) => [name, floats(name, shape)]),
  );
  const inputs = [
    input(image, "uint8", [1, spec.channels, spec.height, spec.width]),
    floats(action, [spec.actions]),
    floats(reward, [1]),
  ] as const;
  const found = queryNetwork(spec, parameters, {
    image: inputs[0],
    action: inputs[1],
    reward: inputs[2],
    keeps: undefined,
    state: stateOf(carried),
  });
  return {
    inputs: new Map([...inputs, ...Object.values(carried)].map((value) => [value.name!, value])),
    outputs: new Map([
      [logits, policyHead(parameters, found.hidden[0]!)],
      [attention, found.attention[0]!],
      ...Object.entries(carriedOf(found.state)).map(([name, value]) => [nextOf(name), value] as const),
    ]),
  };
}

/** State by the names of `stateShapes`, in their order. */
type Carried = Readonly<Record<string, Value>>;

export function stateOf(carried: Carried): QueryState {
  const [hidden, cell, coreHidden, coreCell] = ["vision_hidden", "vision_cell", "core_hidden", "core_cell"].map(
    (name) => own(carried, name)!,
  ) as [Value, Value, Value, Value];
  return { vision: { hidden, cell }, core: { hidden: coreHidden, cell: coreCell } };
}

export const carriedOf = ({ vision, core }: QueryState): Carried => ({
  vision_hidden: vision.hidden,
  vision_cell: vision.cell,
  core_hidden: core.hidden,
  core_cell: core.cell,
});

/** Geometry of a place on the image, down and across, as the card's key `attention` has it: that of the convolutions. */
export function placeGeometry({ convolutions }: QuerySpec) {
  const [rows, columns] = [0, 1].map((axis) =>
    fieldOf(convolutions.map(({ padding = [0, 0], ...geometry }) => ({ ...geometry, padding: padding[axis]! }))),
  ) as [ReturnType<typeof fieldOf>, ReturnType<typeof fieldOf>];
  const both = (key: keyof typeof rows): [number, number] => [rows[key], columns[key]];
  return { stride: both("stride"), field: both("size"), padding: both("padding") };
}
