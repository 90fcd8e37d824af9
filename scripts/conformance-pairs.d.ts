/** A method and a network with a reference. */
export interface Pair {
  readonly network: string;
  /** The method's name and options. */
  readonly spec: string;
  /** Implementation that computed the reference. */
  readonly source: string;
  /** True where the method is in the table. */
  readonly exists: boolean;
}

export interface Measured {
  /** Largest difference over the largest value of its tensor; NaN if a tensor is missing or not finite. */
  readonly error: number;
  /** Output with that error. */
  readonly at: string;
  /** |ΣR − Σα|τ|| / Σα|τ|. */
  readonly residual: number;
}

export function pairs(): readonly Pair[];
export function measure(network: string, spec: string): Promise<Measured>;
