import { normalizeAxis, ShapeError, sameShape } from "../shape.js";
import type { TensorType } from "../value.js";
import type { Inference, OperatorSpec } from "./spec.js";

function gather(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const axis = normalizeAxis("Gather", node.int("axis", 0), shape);
  const extent = shape[axis]!;
  for (const index of node.inputs[1]?.literal?.numbers() ?? [])
    if (index < -extent || index >= extent)
      throw new ShapeError(`Gather: index ${index} is out of range for axis ${axis} of shape [${shape}]`);
  return node.typed([...shape.slice(0, axis), ...node.shape(1), ...shape.slice(axis + 1)]);
}

/** Refuses indices that do not lie in the data: the same rank, and no extent larger outside the axis. */
function alongAxis(node: Inference): void {
  const [data, indices] = [node.shape(0), node.shape(1)];
  const axis = normalizeAxis(node.op, node.int("axis", 0), data);
  if (indices.length !== data.length || indices.some((d, i) => i !== axis && d > data[i]!))
    throw new ShapeError(`${node.op}: indices [${indices}] do not fit shape [${data}] along axis ${axis}`);
}

/** Data, indices of tuples [batch…, …picked, depth], and the shape that each tuple picks from the data. */
function tuples(node: Inference, batch = 0) {
  const [data, indices] = [node.shape(0), node.shape(1)];
  const depth = indices.at(-1) ?? 0;
  const fits = indices.length > batch && batch + depth <= data.length && depth > 0;
  if (!fits || data.slice(0, batch).some((d, i) => d !== indices[i]))
    throw new ShapeError(`${node.op}: indices [${indices}] do not fit shape [${data}] with ${batch} batch axes`);
  return [...indices.slice(0, -1), ...data.slice(batch + depth)];
}

function scatterND(node: Inference): TensorType[] {
  const expected = tuples(node);
  if (!sameShape(expected, node.shape(2)))
    throw new ShapeError(`ScatterND: updates [${node.shape(2)}] do not fit, expected [${expected}]`);
  return node.same();
}

function topK(node: Inference): TensorType[] {
  const shape = node.shape(0);
  const axis = normalizeAxis("TopK", node.int("axis", -1), shape);
  const k = node.literal(1, "the number of elements").scalar();
  if (k < 0 || k > shape[axis]!)
    throw new ShapeError(`TopK: ${k} elements are not in axis ${axis} of shape [${shape}]`);
  const top = shape.map((d, i) => (i === axis ? k : d));
  return [...node.typed(top), { dtype: "int64", shape: top }];
}

/** A new axis of `depth` elements, on at the index and off elsewhere. */
function oneHot(node: Inference): TensorType[] {
  const indices = node.shape(0);
  const depth = node.literal(1, "the depth").scalar();
  const at = normalizeAxis("OneHot", node.int("axis", -1), [...indices, depth]);
  if (node.shape(2).length !== 1 || node.shape(2)[0] !== 2)
    throw new ShapeError(`OneHot: values [${node.shape(2)}] are not two, off and on`);
  return node.typed([...indices.slice(0, at), depth, ...indices.slice(at)], 2);
}

/** From start to limit, the limit excluded; the length is known only for constants. */
function range(node: Inference): TensorType[] {
  node.sameType();
  const [start, limit, step] = ["start", "limit", "step"].map((what, i) => node.literal(i, what).scalar());
  return node.typed([Math.max(0, Math.ceil((limit! - start!) / step!))]);
}

/** Indices of a constant's elements that are not zero, [rank, count]. */
function nonZero(node: Inference): TensorType[] {
  const count = node
    .literal(0, "what is searched for non-zero elements")
    .numbers()
    .filter((x) => x !== 0).length;
  return [{ dtype: "int64", shape: [node.shape(0).length, count] }];
}

function cumSum(node: Inference): TensorType[] {
  normalizeAxis("CumSum", node.literal(1, "the axis").scalar(), node.shape(0));
  return node.same();
}

export const INDEXING: Record<string, OperatorSpec> = {
  Gather: { inputs: [2, 2], attributes: { axis: "int" }, infer: gather },
  GatherElements: {
    inputs: [2, 2],
    attributes: { axis: "int" },
    infer: (node) => {
      alongAxis(node);
      return node.typed(node.shape(1));
    },
  },
  ScatterElements: {
    inputs: [3, 3],
    attributes: { axis: "int", reduction: "string" },
    infer: (node) => {
      alongAxis(node);
      if (!sameShape(node.shape(1), node.shape(2)))
        throw new ShapeError(`ScatterElements: indices [${node.shape(1)}] do not fit updates [${node.shape(2)}]`);
      return node.same();
    },
  },
  GatherND: {
    inputs: [2, 2],
    attributes: { batch_dims: "int" },
    infer: (node) => node.typed(tuples(node, node.int("batch_dims", 0))),
  },
  ScatterND: { inputs: [3, 3], attributes: { reduction: "string" }, infer: scatterND },
  TopK: { inputs: [2, 2], attributes: { axis: "int", largest: "int", sorted: "int" }, infer: topK },
  OneHot: { inputs: [3, 3], attributes: { axis: "int" }, infer: oneHot },
  Range: { inputs: [3, 3], infer: range },
  NonZero: { inputs: [1, 1], infer: nonZero },
  CumSum: { inputs: [2, 2], attributes: { exclusive: "int", reverse: "int" }, infer: cumSum },
};
