/** Operators that hand on every element of their input as it is, but for its place and type. */
export const MOVES: readonly string[] = [
  "Identity",
  "Dropout",
  "Cast",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
];
