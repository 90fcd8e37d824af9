/** Geometry of a convolution. */
interface Window {
  readonly kernel: number;
  readonly stride: number;
  /** Zeros on every side, default none. */
  readonly padding?: number;
}

/** What a place of a map sees: pixels of a map before it, its stride, and how far the first place reaches beyond the edge. */
export interface Field {
  readonly size: number;
  readonly stride: number;
  readonly padding: number;
}

/** The receptive field of a place behind some convolutions. */
export function fieldOf(convolutions: readonly Window[]): Field {
  let field: Field = { size: 1, stride: 1, padding: 0 };
  for (const { kernel, stride, padding = 0 } of convolutions) {
    field = {
      size: field.size + (kernel - 1) * field.stride,
      stride: field.stride * stride,
      padding: field.padding + padding * field.stride,
    };
  }
  return field;
}
