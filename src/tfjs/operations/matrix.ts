import { apply } from "../../graph/apply.js";
import { add, cast, int64, matmul, matrixTranspose, mean, reduceMax, softmax, sum } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { settled } from "../settled.js";
import { fused } from "./convolution.js";
import type { Operation, OperationBuilder, OperationTable } from "./operation.js";

const turned = (x: Value, isTransposed: boolean) => (isTransposed ? settled(matrixTranspose(x)) : x);

const product = (operation: Operation, keys: readonly [string, string]) =>
  matmul(turned(operation.input(0), operation.flag(keys[0])), turned(operation.input(1), operation.flag(keys[1])));

const OF_TWO = ["transpose_a", "transpose_b"] as const;
const OF_BATCHES = ["adj_x", "adj_y"] as const;

const reduction =
  (f: (x: Value, axes: readonly number[], keepdims: boolean) => Value): OperationBuilder =>
  (operation) =>
    f(operation.input(0), operation.axes(1), operation.flag("keep_dims"));

const extreme =
  (op: "ReduceMin" | "ReduceProd") =>
  (x: Value, axes: readonly number[], keepdims: boolean): Value =>
    axes.length === 0 ? x : apply(op, [x, int64(axes)], { keepdims: Number(keepdims) });

const index =
  (op: "ArgMax" | "ArgMin"): OperationBuilder =>
  (operation) => {
    const [axis] = operation.axes(1) as [number];
    return cast(apply(op, [operation.input(0)], { axis, keepdims: 0 }), "int32");
  };

/** Matrix products, and operations over whole axes. */
export const MATRIX: OperationTable = {
  MatMul: (operation) => product(operation, OF_TWO),
  _FusedMatMul: (operation) =>
    fused(operation, (bias) => {
      const value = product(operation, OF_TWO);
      return bias ? add(value, bias) : value;
    }),
  BatchMatMul: (operation) => product(operation, OF_BATCHES),
  BatchMatMulV2: (operation) => product(operation, OF_BATCHES),
  Softmax: (operation) => softmax(operation.input(0), -1),
  LogSoftmax: (operation) => apply("LogSoftmax", [operation.input(0)], { axis: -1 }),
  Mean: reduction(mean),
  Sum: reduction(sum),
  Max: reduction(reduceMax),
  Min: reduction(extreme("ReduceMin")),
  Prod: reduction(extreme("ReduceProd")),
  ArgMax: index("ArgMax"),
  ArgMin: index("ArgMin"),
};
