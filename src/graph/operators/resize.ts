import { normalizeAxis, ShapeError } from "../shape.js";
import type { Inference, OperatorSpec } from "./spec.js";

/** One axis of a Resize; `scale` is output over input, as used for coordinates. */
export interface ResizedAxis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** The numbers of a literal input; PyTorch passes an empty tensor for an input that is left out. */
function given(node: Inference, i: number, what: string): readonly number[] | undefined {
  if (!node.inputs[i]) return undefined;
  const numbers = node.ints(i, what);
  return numbers.length > 0 ? numbers : undefined;
}

/** The axes that a Resize changes, from its scales or sizes. */
export function resizedAxes(node: Inference): ResizedAxis[] {
  const shape = node.shape(0);
  const axes = node
    .intsAttribute(
      "axes",
      shape.map((_, i) => i),
    )
    .map((axis) => normalizeAxis("Resize", axis, shape));
  const scales = given(node, 2, "scales");
  const sizes = given(node, 3, "sizes");
  const numbers = sizes ?? scales;
  if (!numbers || numbers.length !== axes.length || numbers.some((n) => n <= 0))
    throw new ShapeError(`Resize: scales [${scales ?? ""}] and sizes [${sizes ?? ""}] do not fit shape [${shape}]`);
  const policy = node.string("keep_aspect_ratio_policy", "stretch");
  const ratios = axes.map((axis, i) => Math.fround(sizes ? sizes[i]! / shape[axis]! : scales![i]!));
  const common = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return axes.map((axis, i) => {
    const from = shape[axis]!;
    if (sizes && policy === "stretch") return { axis, from, to: sizes[i]!, scale: sizes[i]! / from };
    const scale = sizes ? common : ratios[i]!;
    const to = (sizes ? Math.round : Math.floor)(Math.fround(from * scale));
    if (to < 1) throw new ShapeError(`Resize: axis ${axis} of shape [${shape}] by ${scale} has no elements left`);
    // onnxruntime infers shapes in float64 and computes them in float32.
    if (!sizes && to !== Math.floor(from * scale))
      throw new ShapeError(
        `Resize: axis ${axis} of shape [${shape}] by ${scale} has ${to - 1} or ${to} elements, depending on rounding; expected sizes`,
      );
    return { axis, from, to, scale };
  });
}

const MODES = new Set(["nearest", "linear", "cubic"]);

export const RESIZE: Record<string, OperatorSpec> = {
  Resize: {
    inputs: [1, 4],
    attributes: {
      antialias: "int",
      axes: "ints",
      coordinate_transformation_mode: "string",
      cubic_coeff_a: "float",
      exclude_outside: "int",
      extrapolation_value: "float",
      keep_aspect_ratio_policy: "string",
      mode: "string",
      nearest_mode: "string",
    },
    infer: (node) => {
      const mode = node.string("mode", "nearest");
      if (!MODES.has(mode)) throw new ShapeError(`Resize: mode ${mode} is unknown`);
      const shape = [...node.shape(0)];
      for (const { axis, to } of resizedAxes(node)) shape[axis] = to;
      return node.typed(shape);
    },
  },
};
