import { totalmem } from "node:os";
import { bytesText, LIMITS } from "../limits.js";
import { bytesPerElement } from "./dtype.js";
import { type Shape, ShapeError, sizeOf } from "./shape.js";
import type { Node, TensorType, Value } from "./value.js";

/** What the tensors of a model may take while it is read, bytes. */
export interface Budget {
  /** All tensors together, whether they are held at the same time or not. */
  readonly tensors: number;
  /** All constants that are computed from other constants, 8 bytes an element: they are computed as float64. */
  readonly constants: number;
}

/** Parts of the machine's memory that a model's tensors may take: the relevance pass needs some times as much. */
const PART = 1 / 4;
/** Bytes of computed constants for each byte of the file: weights of 8 bits that go through four steps. */
const PER_FILE_BYTE = 32;
/** Most axes of a tensor. */
const MOST_AXES = 64;

/** Memory that this process may use, bytes. */
function memory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** The budget of a model whose file has this many bytes. */
export const budgetFor = (fileBytes: number): Budget => ({
  tensors: PART * memory(),
  constants: LIMITS.constants + PER_FILE_BYTE * fileBytes,
});

/** All of a model need more than its budget: the file is refused, whatever of it is needed. */
export class BudgetError extends ShapeError {}

/** What is counted while a model is read; reading is synchronous. */
let counting:
  | {
      readonly budget: Budget;
      tensors: number;
      constants: number;
      /** Constants that the runtime computes: their nodes are not evaluated here. */
      readonly unevaluated: Set<Value>;
    }
  | undefined;

/** Runs `work` while every tensor that is made counts towards a budget. */
export function within<Result>(budget: Budget, work: () => Result): Result {
  const before = counting;
  counting = { budget, tensors: 0, constants: 0, unevaluated: new Set() };
  try {
    return work();
  } finally {
    counting = before;
  }
}

/** Counts tensors before they are made. @throws BudgetError where all of a model need more than its budget */
export function countTensors(op: string, types: readonly TensorType[]): void {
  if (!counting) return;
  for (const { shape, dtype } of types) {
    if (shape.length > MOST_AXES)
      throw new ShapeError(`${op}: a tensor of ${shape.length} axes; the limit is ${MOST_AXES}`);
    counting.tensors += sizeOf(shape) * bytesPerElement(dtype);
    // What is not a number is refused too.
    if (!(counting.tensors <= counting.budget.tensors)) throw tooMuch(op, shape, "tensors", counting);
  }
}

/** Counts the outputs of a node on constants before they are computed. @throws BudgetError as `countTensors` */
export function countConstants({ op, inputs, outputs }: Node): void {
  if (!counting) return;
  const { unevaluated } = counting;
  if (!inputs.every((value) => value === undefined || value.literal || unevaluated.has(value))) return;
  for (const output of outputs) {
    unevaluated.add(output);
    countConstant(op, output.shape);
  }
}

export function countConstant(op: string, shape: Shape): void {
  if (!counting) return;
  counting.constants += 8 * sizeOf(shape);
  if (!(counting.constants <= counting.budget.constants)) throw tooMuch(op, shape, "constants", counting);
}

function tooMuch(
  op: string,
  shape: Shape,
  what: keyof Budget,
  { budget, [what]: needed }: NonNullable<typeof counting>,
): BudgetError {
  const all = { tensors: "all tensors", constants: "all constants that are computed" }[what];
  const of = { tensors: "a quarter of the memory", constants: "for a file of this size" }[what];
  const limit = `the limit is ${bytesText(budget[what])}, ${of}`;
  return new BudgetError(`${op}: with its output [${shape}] ${all} need ${bytesText(needed)}; ${limit}`);
}
