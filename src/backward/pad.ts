import { add, padAxis, slice, sum } from "../graph/build.js";
import { normalizeAxis } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";
import { own } from "../own.js";
import { inferenceOf } from "./rule.js";

const backwards = (x: Value, axis: number) => slice(x, axis, -1, Number.MIN_SAFE_INTEGER, -1);

/** The gradient of an axis of `extent` elements from its padding: `head` and `tail` arrived there, zeros by default. */
type Returns = (head: Value, tail: Value, axis: number, extent: number) => readonly Value[];

const placed = (x: Value, axis: number, at: number, extent: number) =>
  padAxis(x, axis, at, extent - at - x.shape[axis]!);

/** By mode: the elements that the padding copies, in order. */
const RETURNS: Readonly<Record<string, Returns>> = {
  edge: (head, tail, axis, extent) => [
    placed(sum(head, [axis], true), axis, 0, extent),
    placed(sum(tail, [axis], true), axis, extent - 1, extent),
  ],
  reflect: (head, tail, axis, extent) => [
    placed(backwards(head, axis), axis, 1, extent),
    placed(backwards(tail, axis), axis, extent - 1 - tail.shape[axis]!, extent),
  ],
  wrap: (head, tail, axis, extent) => [
    placed(head, axis, extent - head.shape[axis]!, extent),
    placed(tail, axis, 0, extent),
  ],
};

/** The adjoint of Pad: what arrives in the padding goes to the elements it copies; constant padding copies none. */
export function padAdjoint(node: Node, g: Value, lead: number): Value {
  const mode = (node.attributes.mode as string | undefined) ?? "constant";
  const inference = inferenceOf(node);
  const { shape } = node.inputs[0]!;
  const pads = inference.ints(1, "pads");
  const axes = node.inputs[3]
    ? inference.ints(3, "axes").map((a) => normalizeAxis("Pad", a, shape))
    : shape.map((_, i) => i);
  return axes.reduce((value, bare, i) => {
    const axis = bare + lead;
    const [before, after] = [pads[i]!, pads[i + axes.length]!];
    const end = value.shape[axis]!;
    const kept = slice(value, axis, Math.max(before, 0), end - Math.max(after, 0));
    const center = padAxis(kept, axis, Math.max(-before, 0), Math.max(-after, 0)); // Negative pads cut.
    if (mode === "constant" || (before === 0 && after === 0)) return center;
    const most = mode === "edge" ? Number.POSITIVE_INFINITY : shape[bare]! - Number(mode === "reflect");
    if (Math.min(before, after) < 0 || Math.max(before, after) > most)
      throw new RangeError(`node "${node.label}": Pad of mode ${mode} by [${pads}] has no gradient`);
    const [head, tail] = [slice(value, axis, 0, before), slice(value, axis, end - after, end)];
    const returned = own(RETURNS, mode)!(head, tail, axis, shape[bare]!);
    return returned.filter((_, k) => [before, after][k]! > 0).reduce(add, center);
  }, g);
}
