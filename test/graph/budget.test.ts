import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { type ModelText, modelBytes, type NodeText, valueInfo } from "./onnx-model.js";

const ints = (name: string, values: readonly number[]) => ({
  name,
  dims: [values.length],
  dataType: 7,
  int64Data: values,
});
const floats = (name: string, values: readonly number[], dims: readonly number[] = [values.length]) => ({
  name,
  dims,
  dataType: 1,
  floatData: values,
});
const x = valueInfo("x", "float32", [1, 3, 8, 8]);
const node = (op: string, inputs: readonly string[], rest: Partial<NodeText> = {}): NodeText => ({
  op,
  inputs,
  outputs: ["y"],
  ...rest,
});

/** What the file is refused with; its budget is a megabyte. */
function refusal(text: ModelText): string {
  const before = process.memoryUsage().rss;
  try {
    readModel(modelBytes({ inputs: [x], outputs: [valueInfo("y", "float32", [1])], ...text }), "m.onnx", {
      tensors: 1e6,
      constants: 1e6,
    });
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    return (error as Error).message;
  }
  return "";
}

const TENSORS = "the limit is 1 MB, a quarter of the memory";
const CONSTANTS = "the limit is 1 MB, for a file of this size";

describe("a model whose tensors need more than their budget is refused before they are made", () => {
  it.each<[string, ModelText, string]>([
    [
      "an input",
      { inputs: [valueInfo("x", "float32", [1, 100000, 100000])], nodes: [node("Relu", ["x"])] },
      `m.onnx: input "x": Input: with its output [1,100000,100000] all tensors need 40 GB; ${TENSORS}`,
    ],
    [
      "Expand",
      { initializers: [ints("s", [100, 3, 80, 8]), floats("v", [1])], nodes: [node("Expand", ["v", "s"])] },
      'm.onnx: node "y" (Expand): Expand: with its output [100,3,80,8] all constants that are computed need 1.54 MB',
    ],
    [
      "AveragePool with windows far larger than its input",
      {
        nodes: [
          node("AveragePool", ["x"], { attributes: { kernel_shape: [2000, 2000], pads: [1000, 1000, 1000, 1000] } }),
        ],
      },
      "AveragePool: windows of [2000,2000] at [9,9] places have 3.2e+8 elements together; the limit is 1e+8 a channel",
    ],
    [
      "Tile",
      { initializers: [ints("s", [1e4, 1, 1e4, 1])], nodes: [node("Tile", ["x", "s"])] },
      `[10000,3,80000,8] all tensors need 76.8 GB; ${TENSORS}`,
    ],
    [
      "Pad",
      { initializers: [ints("p", [0, 0, 1e6, 1e6, 0, 0, 0, 0])], nodes: [node("Pad", ["x", "p"])] },
      `all tensors need 12000 GB; ${TENSORS}`,
    ],
    [
      "Resize",
      {
        initializers: [floats("sc", [1, 1, 1e5, 1e5])],
        nodes: [node("Resize", ["x", "", "sc"], { attributes: { mode: "nearest" } })],
      },
      `all tensors need 7680 GB; ${TENSORS}`,
    ],
    [
      "Range without an end",
      {
        initializers: [floats("a", [0], []), floats("b", [1], []), floats("c", [0], [])],
        nodes: [node("Range", ["a", "b", "c"])],
      },
      "all tensors need Infinity GB",
    ],
    [
      "ConstantOfShape",
      { initializers: [ints("s", [5e9])], nodes: [node("ConstantOfShape", ["s"])] },
      `with its output [5000000000] all constants that are computed need 40 GB; ${CONSTANTS}`,
    ],
    [
      "many constants, each of which would do",
      {
        initializers: [ints("s", [50_000])],
        nodes: Array.from({ length: 9 }, (_, i) =>
          node("ConstantOfShape", ["s"], { outputs: [i < 8 ? `c${i}` : "y"] }),
        ),
      },
      `node "c2" (ConstantOfShape): ConstantOfShape: with its output [50000] all constants that are computed need 1.2 MB; ${CONSTANTS}`,
    ],
    [
      "constants of constants that are left to the runtime",
      {
        initializers: [ints("s", [200, 200])],
        nodes: [
          node("ConstantOfShape", ["s"], { outputs: ["c0"] }),
          ...Array.from({ length: 4 }, (_, i) =>
            node("MatMul", [`c${i}`, `c${i}`], { outputs: [i < 3 ? `c${i + 1}` : "y"] }),
          ),
        ],
      },
      `node "c3" (MatMul): MatMul: with its output [200,200] all constants that are computed need 1.28 MB; ${CONSTANTS}`,
    ],
    [
      "many tensors, each of which would do",
      {
        inputs: [valueInfo("x", "float32", [100_000])],
        nodes: Array.from({ length: 9 }, (_, i) =>
          node("Relu", [i === 0 ? "x" : `c${i - 1}`], { outputs: [i < 8 ? `c${i}` : "y"] }),
        ),
      },
      `node "c1" (Relu): Relu: with its output [100000] all tensors need 1.2 MB; ${TENSORS}`,
    ],
    [
      "a causal mask",
      {
        opset: 23,
        ir: 10,
        inputs: [valueInfo("q", "float32", [1, 1, 400, 1])],
        nodes: [node("Attention", ["q", "q", "q"], { attributes: { is_causal: 1 } })],
      },
      `with its output [400,400] all constants that are computed need 1.28 MB; ${CONSTANTS}`,
    ],
    [
      "a tensor without its data",
      { initializers: [floats("w", [], [100_000, 50_000])], nodes: [node("Add", ["x", "w"])] },
      'm.onnx: initializer "w": a float32 tensor of shape [100000,50000] has 0 elements of data',
    ],
    [
      "a sequence of many steps",
      {
        inputs: [valueInfo("x", "float32", [6000, 1, 1])],
        initializers: [floats("W", [1, 1, 1, 1], [1, 4, 1]), floats("R", [1, 1, 1, 1], [1, 4, 1])],
        nodes: [node("LSTM", ["x", "W", "R"], { attributes: { hidden_size: 1 } })],
      },
      'm.onnx: node "y" (LSTM): LSTM: 6000 steps; the limit is 5000',
    ],
    [
      "a tensor of many axes",
      {
        inputs: [valueInfo("x", "float32", [1])],
        initializers: [ints("s", new Array(100).fill(1))],
        nodes: [node("Reshape", ["x", "s"])],
      },
      "Reshape: a tensor of 100 axes; the limit is 64",
    ],
  ])("%s", (_, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it("and one that fits is read", () => {
    expect(refusal({ nodes: [node("Relu", ["x"])] })).toBe("");
  });
});
