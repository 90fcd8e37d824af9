import { own } from "../../own.js";
import { matmul, slice } from "../build.js";
import { ShapeError } from "../shape.js";
import type { Value } from "../value.js";
import { attention } from "./attention.js";
import type { Lowering, UnloweredNode } from "./lowering.js";
import { number, type Operands, plus } from "./microsoft-parts.js";

/** Attention as onnxruntime's optimiser writes it. */

/** Refuses operands that change the result in ways that are not written out. */
function refuse({ op, inputs }: UnloweredNode, what: Readonly<Record<number, string>>): void {
  for (const [at, name] of Object.entries(what))
    if (inputs[Number(at)]) throw new ShapeError(`${op}: ${name} (input ${at}) is not supported`);
}

/** Parts of the last axis, of equal size. */
export const parts = (x: Value, count: number): readonly Value[] => {
  const axis = x.shape.length - 1;
  const size = x.shape[axis]! / count;
  return Array.from({ length: count }, (_, i) => slice(x, axis, i * size, (i + 1) * size));
};

/** Attention of opset 23 with the same number of heads on all sides; `mask` is added to the scores. */
export function attended(node: UnloweredNode, [q, k, v]: readonly Value[], mask: Value | undefined): Value {
  const { attributes } = node;
  const heads = number(attributes, "num_heads", 0);
  const scale = number(attributes, "scale", 0);
  const options = {
    q_num_heads: heads,
    kv_num_heads: heads,
    is_causal: number(attributes, "unidirectional", 0),
    ...(scale !== 0 && { scale }),
  };
  return attention({ op: node.op, inputs: [q, k, v, mask], attributes: options })[0]!;
}

export const multiHead: Lowering = (node) => {
  refuse(node, { 4: "a padding mask", 6: "past keys", 7: "past values" });
  const [q, k, v, bias, , mask] = node.inputs as Operands;
  if (!k || !v || [q, k, v].some(({ shape }) => shape.length !== 3))
    throw new ShapeError(`${node.op}: expected query, key and value of three axes`);
  const sizes = [q, k, v].map(({ shape }) => shape[2]!);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const biased = [q, k, v].map((x, i) => plus(x, bias && slice(bias, 0, starts[i]!, starts[i]! + sizes[i]!)));
  return [attended(node, biased, mask)];
};

/** Queries, keys and values by one product from the same tokens. */
export const packed: Lowering = (node) => {
  refuse(node, { 3: "a mask by index", 4: "past keys", 6: "a past length" });
  if (own(node.attributes, "qkv_hidden_sizes")) throw new ShapeError(`${node.op}: qkv_hidden_sizes is not supported`);
  if (number(node.attributes, "do_rotary", 0)) throw new ShapeError(`${node.op}: do_rotary is not supported`);
  const [x, weight, bias, , , mask] = node.inputs as Operands;
  return [attended(node, parts(plus(matmul(x, weight!), bias), 3), mask)];
};
