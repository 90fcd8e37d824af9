import { ShapeError } from "../graph/shape.js";

/** True for an error of shapes or numbers that do not fit each other, which the file is to blame for. */
export const isMisfit = (error: unknown): error is Error => error instanceof ShapeError || error instanceof RangeError;
