import fc from "fast-check";
import {
  about,
  axesOf,
  axisOf,
  type CaseAttributes,
  extent,
  ints,
  type NodeCase,
  node,
  oneOf,
  type Shape,
  shapeOf,
  tensor,
  together,
} from "./operands.js";

const axesAndForm = (shape: Shape) =>
  fc
    .record({ axes: axesOf(shape), keep: oneOf(0, 1), noop: oneOf(0, 1), given: fc.boolean() })
    .map(({ axes, keep, noop, given }) => ({
      inputs: given ? [ints(axes)] : [],
      attributes: { keepdims: keep, noop_with_empty_axes: noop },
    }));

const reduction = about(0, 4, ["float32"], axesAndForm);
const positiveReduction = reduction.map((given) => ({
  ...given,
  inputs: given.inputs.map((x, i) => (i === 0 ? { ...x!, values: x!.values.map((v) => Math.abs(v) + 0.1) } : x)),
}));

const position = about(1, 4, ["float32"], (shape) =>
  fc
    .tuple(axisOf(shape), oneOf(0, 1), oneOf(0, 1))
    .map(([axis, keepdims, last]) => ({ attributes: { axis, keepdims, select_last_index: last } })),
);

/** Kernel, strides, dilations and pads of a sliding window, and an input that it fits. */
const windows = (rank: number) =>
  fc
    .array(
      fc.record({
        kernel: fc.integer({ min: 1, max: 3 }),
        stride: fc.integer({ min: 1, max: 3 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        begin: fc.nat(2),
        end: fc.nat(2),
        surplus: fc.nat(5),
      }),
      { minLength: rank, maxLength: rank },
    )
    .map((axes) => {
      const pads = axes.map(
        ({ kernel, begin, end }) => [Math.min(begin, kernel - 1), Math.min(end, kernel - 1)] as const,
      );
      const all = {
        kernel: axes.map(({ kernel }) => kernel),
        strides: axes.map(({ stride }) => stride),
        dilations: axes.map(({ dilation }) => dilation),
        pads: [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)],
      };
      const spatial = axes.map(({ kernel, dilation, surplus }) => (kernel - 1) * dilation + 1 + surplus);
      return { ...all, spatial };
    });

const autoPad = oneOf("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID");

const convolution = fc
  .record({
    rank: fc.integer({ min: 1, max: 3 }),
    batch: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 3 }),
    into: fc.integer({ min: 1, max: 2 }),
    out: fc.integer({ min: 1, max: 2 }),
    biased: fc.boolean(),
    auto: autoPad,
  })
  .chain(({ rank, batch, group, into, out, biased, auto }) =>
    windows(rank).chain(({ kernel, strides, dilations, pads, spatial }) =>
      fc
        .tuple(tensor([batch, group * into, ...spatial]), tensor([group * out, into, ...kernel]), tensor([group * out]))
        .map(([x, w, b]) => {
          const steps = { strides, group, kernel_shape: kernel };
          // onnxruntime's SAME padding knows no dilation.
          const padding: CaseAttributes = auto === "NOTSET" ? { pads, dilations } : { auto_pad: auto };
          return node(biased ? [x, w, b] : [x, w], { ...steps, ...padding });
        }),
    ),
  );

const transposedConvolution = fc
  .record({
    group: fc.integer({ min: 1, max: 2 }),
    into: fc.integer({ min: 1, max: 2 }),
    out: fc.integer({ min: 1, max: 2 }),
    extra: fc.nat(2),
  })
  .chain(({ group, into, out, extra }) =>
    windows(2).chain(({ kernel, strides, dilations, spatial }) =>
      fc.tuple(tensor([1, group * into, ...spatial]), tensor([group * into, out, ...kernel])).map(([x, w]) =>
        node([x, w], {
          strides,
          dilations,
          group,
          output_padding: strides.map((s) => Math.min(extra, s - 1)),
          pads: kernel.flatMap(() => [0, 0]),
        }),
      ),
    ),
  );

const pool = (outputs: number, own: CaseAttributes, dilates: boolean) =>
  fc.record({ rank: fc.integer({ min: 1, max: 2 }), ceil: oneOf(0, 1), auto: autoPad }).chain(({ rank, ceil, auto }) =>
    windows(rank).chain(({ kernel, strides: steps, dilations, pads, spatial }) =>
      tensor([1, 2, ...spatial]).map((x) => {
        const padding: CaseAttributes =
          auto === "NOTSET" ? { pads, ...(dilates && { dilations }) } : { auto_pad: auto };
        // onnxruntime refuses SAME padding where a stride leaves elements out.
        const strides = auto.startsWith("SAME") ? steps.map((s, i) => Math.min(s, kernel[i]!)) : steps;
        return node(
          [x],
          { kernel_shape: kernel, strides, ceil_mode: auto === "NOTSET" ? ceil : 0, ...padding, ...own },
          outputs,
        );
      }),
    ),
  );

const matMul = fc
  .record({ batch: together(2), m: extent, k: extent, n: extent, left: fc.boolean(), right: fc.boolean() })
  .chain(({ batch, m, k, n, left, right }) =>
    fc.tuple(tensor(left ? [k] : [...batch[0]!, m, k]), tensor(right ? [k] : [...batch[1]!, k, n])),
  )
  .map((inputs) => node(inputs));

const gemm = fc
  .record({ m: extent, k: extent, n: extent, transA: oneOf(0, 1), transB: oneOf(0, 1), bias: fc.nat(4) })
  .chain(({ m, k, n, transA, transB, bias }) => {
    const biases: Shape[] = [[], [n], [m, n], [1, n], [m, 1]];
    return fc
      .tuple(tensor(transA ? [k, m] : [m, k]), tensor(transB ? [n, k] : [k, n]), tensor(biases[bias]!))
      .map((inputs) =>
        node(bias === 0 ? inputs.slice(0, 2) : inputs, { transA, transB, alpha: { float: 0.5 }, beta: { float: 2 } }),
      );
  });

export const LINEAR_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ReduceSumSquare: reduction,
  ReduceLogSum: positiveReduction,
  ReduceLogSumExp: reduction,
  ArgMax: position,
  ArgMin: position,
  Conv: convolution,
  ConvTranspose: transposedConvolution,
  MatMul: matMul,
  Gemm: gemm,
  MaxPool: oneOf(1, 2).chain((outputs) => pool(outputs, {}, true)),
  AveragePool: oneOf(0, 1).chain((include) => pool(1, { count_include_pad: include }, false)),
  GlobalAveragePool: shapeOf(1, 3).chain((spatial) => tensor([2, 3, ...spatial]).map((x) => node([x]))),
};
