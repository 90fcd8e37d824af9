/** A method and a network that there is a reference for. */
export interface Pair {
  readonly network: string;
  /** The method's string. */
  readonly spec: string;
  /** Whose numbers they are. */
  readonly source: string;
  /** Whether the method is in the table. */
  readonly exists: boolean;
}

export interface Measured {
  /** Largest difference over the largest value of its tensor; NaN where a tensor is missing or not finite. */
  readonly error: number;
  /** Output in which it is. */
  readonly at: string;
  /** |ΣR − Σα|τ|| / Σα|τ|. */
  readonly residual: number;
}

export function pairs(): readonly Pair[];
export function measure(network: string, spec: string): Promise<Measured>;
