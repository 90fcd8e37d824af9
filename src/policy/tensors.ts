/** A model's input or output, as much of it as a card can be checked against. */
export interface Tensor {
  readonly name: string;
  /** A symbolic batch is 1. */
  readonly shape: readonly number[];
  /** `float32`, `uint8`, … */
  readonly dtype: string;
}

/** The declared inputs and outputs of a model. */
export interface Tensors {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Number of elements of a shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** `uint8 [1, 64, 80, 3]` */
export const tensorText = (tensor: Tensor): string => `${tensor.dtype} [${tensor.shape.join(", ")}]`;

/** Height, width and channels of a rank 4 image tensor. */
export function axesOf(
  shape: readonly number[],
  layout: "NHWC" | "NCHW",
): { height: number; width: number; channels: number } {
  const [, a = 0, b = 0, c = 0] = shape;
  return layout === "NHWC" ? { height: a, width: b, channels: c } : { channels: a, height: b, width: c };
}
