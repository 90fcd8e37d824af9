import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import { type Graph, topologicalOrder } from "#src/graph/value.js";
import { initializer, type ModelText, modelBytes, runModel, valueInfo } from "./onnx-model.js";

const read = (text: ModelText): Graph => readModel(modelBytes(text), "p.onnx");

/** x [1, 2] → Relu → y, and what a test changes of it. */
const relu = (changes: ModelText = {}): ModelText => ({
  nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"], name: "relu" }],
  inputs: [valueInfo("x", "float32", [1, 2])],
  outputs: [valueInfo("y", "float32", [1, 2])],
  ...changes,
});

const graphAttribute = (name: string) => ({
  [name]: { g: { node: [], name: "branch", output: [valueInfo("y")] }, type: ATTRIBUTE_TYPE.graph },
});

const REFUSED: Readonly<Record<string, readonly [text: ModelText, message: string]>> = {
  "IR version 14": [relu({ ir: 14 }), "p.onnx: IR version 14; supported up to 13"],
  "operator set 8": [relu({ opset: 8 }), "p.onnx: operator set 8; supported are 9 to 26"],
  "operator set 27": [relu({ opset: 27 }), "p.onnx: operator set 27; supported are 9 to 26"],
  "no operator set": [relu({ model: { opsetImport: [] } }), "p.onnx: operator set 0; supported are 9 to 26"],
  "only a custom operator set": [
    relu({ model: { opsetImport: [{ domain: "com.example", version: 18 }] } }),
    "p.onnx: operator set 0; supported are 9 to 26",
  ],
  "no outputs": [relu({ outputs: [] }), "p.onnx: not an ONNX file (no graph with outputs in"],
  "sparse initializers": [
    relu({ graph: { sparseInitializer: [{}] } }),
    "p.onnx: sparse initializers are not supported",
  ],
  "external data": [
    relu({
      initializers: [
        {
          dims: [2],
          dataType: 1,
          name: "w",
          dataLocation: 1,
          externalData: [
            { key: "location", value: "weights.bin" },
            { key: "offset", value: "0" },
          ],
        },
      ],
    }),
    'p.onnx: initializer "w": its data is stored outside the model, in weights.bin; load the policy by its path, or save it with all data inside',
  ],
  "external data of a Constant": [
    relu({
      nodes: [
        {
          op: "Constant",
          inputs: [],
          outputs: ["c"],
          name: "const",
          attributes: { value: { t: { dims: [2], dataType: 1, dataLocation: 1 }, type: ATTRIBUTE_TYPE.tensor } },
        },
      ],
    }),
    'p.onnx: node "const" (Constant): its data is stored outside the model, in another file; load the policy by its path, or save it with all data inside',
  ],
  "a symbolic height": [
    relu({ inputs: [valueInfo("x", "float32", ["batch", 3, "height", 8])] }),
    'p.onnx: input "x" axis 2 is "height"; only the batch (axis 0) may be symbolic',
  ],
  "an unknown extent": [
    relu({ inputs: [valueInfo("x", "float32", [1, 0])] }),
    'p.onnx: input "x" axis 1 is unknown; only the batch (axis 0) may be symbolic',
  ],
  "an input of unknown rank": [
    relu({ inputs: [valueInfo("x", "float32")] }),
    'p.onnx: input "x" is not a tensor of known rank and type',
  ],
  "an input of text": [
    relu({ inputs: [valueInfo("x", 8, [1])] }),
    'p.onnx: input "x" is not a tensor of known rank and type',
  ],
  "an input that is a sequence": [
    relu({ inputs: [{ name: "x", type: { sequenceType: {} } }] }),
    'p.onnx: input "x" is not a tensor of known rank and type',
  ],
  "an input listed twice": [
    relu({ inputs: [valueInfo("x", "float32", [2]), valueInfo("x", "float32", [2])] }),
    'p.onnx: input "x": the name "x" is taken already',
  ],
  "an initializer listed twice": [
    relu({ initializers: [initializer("w", "float32", [1], [1]), initializer("w", "float32", [1], [2])] }),
    'p.onnx: initializer "w": the name "w" is taken already',
  ],
  "two nodes that make one name": [
    relu({
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["y"], name: "a" },
        { op: "Tanh", inputs: ["x"], outputs: ["y"], name: "b" },
      ],
    }),
    'p.onnx: node "b" (Tanh): the name "y" is taken already',
  ],
  "a node that makes an input's name": [
    relu({ nodes: [{ op: "Relu", inputs: ["x"], outputs: ["x"], name: "a" }] }),
    'p.onnx: node "a" (Relu): the name "x" is taken already',
  ],
  "an output that nothing makes": [relu({ outputs: [valueInfo("z")] }), 'p.onnx: output "z" is made by no node'],
  "an input that nothing makes": [
    relu({ nodes: [{ op: "Add", inputs: ["x", "w"], outputs: ["y"], name: "sum" }] }),
    'p.onnx: node "sum" (Add): input "w" is made by no node',
  ],
  "a cycle": [
    relu({
      nodes: [
        { op: "Add", inputs: ["x", "b"], outputs: ["a"], name: "first" },
        { op: "Relu", inputs: ["a"], outputs: ["b"], name: "second" },
        { op: "Relu", inputs: ["b"], outputs: ["y"] },
      ],
    }),
    'p.onnx: nodes "first" (Add) → "second" (Relu) → "first" (Add) form a cycle, each needs the output of the next',
  ],
  "a long cycle": [
    relu({
      nodes: Array.from({ length: 20_000 }, (_, i) => ({
        op: "Relu",
        inputs: [`t${(i + 1) % 20_000}`],
        outputs: [`t${i}`],
        name: `n${i}`,
      })),
    }),
    'p.onnx: nodes "n0" (Relu) → "n1" (Relu) → "n2" (Relu) → 19996 more → "n19999" (Relu) → "n0" (Relu) form a cycle',
  ],
  "a node that needs itself": [
    relu({ nodes: [{ op: "Add", inputs: ["x", "y"], outputs: ["y"], name: "again" }] }),
    'p.onnx: nodes "again" (Add) → "again" (Add) form a cycle',
  ],
  "an operator called like a property of every object": [
    relu({ nodes: [{ op: "constructor", inputs: ["x"], outputs: ["y"], name: "n" }] }),
    'p.onnx: node "n" (constructor): operator constructor is not supported',
  ],
  "a softmax over several axes, as before operator set 13": [
    relu({
      opset: 11,
      nodes: [{ op: "Softmax", inputs: ["x"], outputs: ["y"], name: "soft", attributes: { axis: 0 } }],
    }),
    'p.onnx: node "soft" (Softmax): Softmax: over the axes from 0 on of [1,2] at once, as before opset 13,',
  ],
  "an initializer given twice": [
    relu({ initializers: [initializer("w", "float32", [1], [1]), initializer("w", "float32", [1], [2])] }),
    'p.onnx: initializer "w": the name "w" is taken already',
  ],
  "an initializer with an element that is no number": [
    relu({ initializers: [initializer("w", "float32", [2, 3], [1, 2, 3, 4, Number.NaN, Number.NaN])] }),
    'p.onnx: initializer "w": element [1,1] is NaN; the file is damaged or the training diverged',
  ],
  "a float64 initializer with an element that is no number": [
    relu({ initializers: [initializer("w", "float64", [2], [0, Number.NaN])] }),
    'p.onnx: initializer "w": element [1] is NaN',
  ],
  "an infinite weight": [
    relu({
      nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"], name: "dense" }],
      initializers: [initializer("w", "float32", [2, 1], [1, Number.NEGATIVE_INFINITY])],
    }),
    'p.onnx: initializer "w": element [1,0] is -Infinity, a weight of node "dense" (MatMul)',
  ],
  If: [
    relu({
      nodes: [
        {
          op: "If",
          inputs: ["x"],
          outputs: ["y"],
          name: "choice",
          attributes: { ...graphAttribute("then_branch"), ...graphAttribute("else_branch") },
        },
      ],
    }),
    'p.onnx: node "choice" (If): its condition is not known beforehand; nearest that is read: a condition that is known',
  ],
  Loop: [
    relu({
      nodes: [
        { op: "Loop", inputs: ["x", "", "x"], outputs: ["h"], name: "again", attributes: graphAttribute("body") },
        { op: "Relu", inputs: ["h"], outputs: ["y"], name: "after" },
      ],
    }),
    'p.onnx: node "again" (Loop): operator Loop is not supported; it feeds "after" (Relu); nearest that is read: its steps written out',
  ],
  "a function that calls itself": [
    relu({
      nodes: [{ op: "Again", inputs: ["x"], outputs: ["y"], domain: "local" }],
      model: {
        functions: [
          {
            name: "Again",
            domain: "local",
            input: ["a"],
            output: ["b"],
            node: [{ input: ["a"], output: ["b"], opType: "Again", domain: "local" }],
          },
        ],
      },
    }),
    "p.onnx: function Again calls itself",
  ],
  "a custom domain": [
    relu({ nodes: [{ op: "GroupNorm", inputs: ["x"], outputs: ["y"], name: "norm", domain: "com.microsoft" }] }),
    'p.onnx: node "norm" (GroupNorm): operator GroupNorm of domain com.microsoft is not supported; it feeds output "y"; ' +
      "nearest that is read: GroupNormalization",
  ],
  "a standard operator's name in a custom domain": [
    relu({ nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"], domain: "mine" }] }),
    'p.onnx: node "y" (Relu): operator Relu of domain mine is not supported; it feeds output "y"',
  ],
  "a function of the model": [
    relu({
      nodes: [{ op: "Swish", inputs: ["x"], outputs: ["y"], name: "act", domain: "local" }],
      model: { functions: [{ name: "Swish", domain: "local" }] },
    }),
    'p.onnx: node "act" (Swish): function Swish of domain local is not supported; it feeds output "y"',
  ],
  "an attribute that is a graph": [
    relu({ nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"], name: "r", attributes: graphAttribute("body") }] }),
    'p.onnx: node "r" (Relu): attribute body of type 5 is not supported',
  ],
  "shapes that do not fit": [
    relu({
      nodes: [{ op: "Add", inputs: ["x", "w"], outputs: ["y"], name: "sum" }],
      initializers: [initializer("w", "float32", [3], [1, 2, 3])],
    }),
    'p.onnx: node "sum" (Add): Add: shapes [1,2] and [3] do not broadcast',
  ],
  "a shape computed at run time": [
    relu({
      nodes: [
        { op: "Cast", inputs: ["x"], outputs: ["s"], attributes: { to: 7 } },
        { op: "Reshape", inputs: ["x", "s"], outputs: ["y"], name: "r" },
      ],
    }),
    'p.onnx: node "r" (Reshape): Reshape: target shape must be a constant, it is computed at run time',
  ],
  "a division of whole numbers by zero": [
    relu({
      nodes: [{ op: "Div", inputs: ["a", "b"], outputs: ["y"], name: "d" }],
      initializers: [initializer("a", "int64", [1], [1]), initializer("b", "int64", [1], [0])],
    }),
    'p.onnx: node "d" (Div): Div: a whole number is divided by 0',
  ],
  "a division that overflows": [
    relu({
      nodes: [{ op: "Div", inputs: ["a", "b"], outputs: ["y"], name: "d" }],
      initializers: [initializer("a", "int32", [1], [-(2 ** 31)]), initializer("b", "int32", [1], [-1])],
    }),
    'p.onnx: node "d" (Div): Div: -2147483648 is divided by -1, which no int32 can hold',
  ],
  "a constant larger than memory": [
    relu({
      nodes: [{ op: "ConstantOfShape", inputs: ["s"], outputs: ["y"], name: "c" }],
      initializers: [initializer("s", "int64", [2], [2 ** 30, 2 ** 30])],
    }),
    'p.onnx: node "c" (ConstantOfShape): ConstantOfShape: ',
  ],
  "an optional output that is not supported": [
    relu({ nodes: [{ op: "Dropout", inputs: ["x"], outputs: ["y", "mask"], name: "drop" }] }),
    'p.onnx: node "drop" (Dropout): output 1 ("mask") is not supported',
  ],
  "a name with line breaks": [
    relu({ outputs: [valueInfo("z\r\n\u0007z")] }),
    'p.onnx: output "z z" is made by no node',
  ],
};

describe("models that can be read", () => {
  it("with their nodes in any order", async () => {
    const text = relu({
      nodes: [
        { op: "Relu", inputs: ["b"], outputs: ["y"] },
        { op: "Neg", inputs: ["a"], outputs: ["b"] },
        { op: "Add", inputs: ["x", "x"], outputs: ["a"] },
      ],
    });
    expect(topologicalOrder(read(text).outputs.values()).map(({ op }) => op)).toEqual(["Input", "Add", "Neg", "Relu"]);
  });

  it("with weights under several names, which stay one", () => {
    const text = relu({
      nodes: [
        { op: "Identity", inputs: ["w"], outputs: ["v"] },
        { op: "Add", inputs: ["x", "v"], outputs: ["a"] },
        { op: "Add", inputs: ["a", "w"], outputs: ["y"] },
      ],
      outputs: [valueInfo("y"), valueInfo("v")],
      initializers: [initializer("w", "float32", [2], [1, 2])],
    });
    const graph = read(text);
    const weights = new Set(topologicalOrder(graph.outputs.values()).filter(({ literal }) => literal));
    expect(weights.size).toBe(1);
    expect([...graph.outputs.keys()]).toEqual(["y", "v"]);
  });

  it("with infinities that are masks", () => {
    const text = relu({
      nodes: [{ op: "Add", inputs: ["x", "m"], outputs: ["y"] }],
      initializers: [initializer("m", "float32", [2], [0, Number.NEGATIVE_INFINITY])],
    });
    expect(read(text).outputs.size).toBe(1);
  });
});

describe("models that cannot be read are refused in one line", () => {
  it.each(Object.entries(REFUSED))("%s", (_, [text, message]) => {
    let error: unknown;
    try {
      read(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).not.toMatch(/\n/);
    expect((error as Error).message).toContain(message);
  });
});

describe("reading", () => {
  it("takes IR 10 with operator set 21, and a symbolic or unknown batch as 1", () => {
    const graph = read(relu({ ir: 10, opset: 21, inputs: [valueInfo("x", "float32", ["N", 2])] }));
    expect(graph.opset).toBe(21);
    expect(graph.inputs.get("x")!.shape).toEqual([1, 2]);
    expect(graph.outputs.get("y")!.shape).toEqual([1, 2]);
    expect(read(relu({ inputs: [valueInfo("x", "float32", [-1, 2])] })).inputs.get("x")!.shape).toEqual([1, 2]);
  });

  it("takes initializers listed among the inputs (IR 3) as constants", () => {
    const text = relu({
      ir: 3,
      nodes: [{ op: "Add", inputs: ["x", "w"], outputs: ["y"] }],
      inputs: [valueInfo("x", "float32", [1, 2]), valueInfo("w", "float32", [2])],
      initializers: [initializer("w", "float32", [2], [3, 4])],
    });
    const graph = read(text);
    expect([...graph.inputs.keys()]).toEqual(["x"]);
    expect(Array.from(graph.outputs.get("y")!.node.inputs[1]!.literal!.numbers())).toEqual([3, 4]);
  });

  it("takes the domain ai.onnx as the standard one, of operators and of the operator set", () => {
    const nodes = [{ op: "Relu", inputs: ["x"], outputs: ["y"], domain: "ai.onnx" }];
    const graph = read(relu({ nodes, model: { opsetImport: [{ domain: "ai.onnx", version: 17 }] } }));
    expect(graph.outputs.get("y")!.node.op).toBe("Relu");
    expect(graph.opset).toBe(17);
  });

  it("keeps metadata, names and unknown fields out of the way", () => {
    const graph = read(relu({ model: { metadataProps: [{ key: "author", value: "me" }], producerName: "other" } }));
    expect([...graph.metadata]).toEqual([["author", "me"]]);
    expect(graph.outputs.get("y")!.node.name).toBe("relu");
  });

  it("folds shape chains to what onnxruntime computes", async () => {
    const text: ModelText = {
      nodes: [
        { op: "Shape", inputs: ["x"], outputs: ["s"] },
        { op: "Constant", inputs: [], outputs: ["i"], attributes: { value_int: 0 } },
        { op: "Gather", inputs: ["s", "i"], outputs: ["n"], attributes: { axis: 0 } },
        { op: "Constant", inputs: [], outputs: ["a"], attributes: { value_ints: [0] } },
        { op: "Unsqueeze", inputs: ["n", "a"], outputs: ["u"] },
        { op: "Constant", inputs: [], outputs: ["rest"], attributes: { value_ints: [-1] } },
        { op: "Concat", inputs: ["u", "rest"], outputs: ["t"], attributes: { axis: 0 } },
        { op: "Reshape", inputs: ["x", "t"], outputs: ["y"] },
      ],
      inputs: [valueInfo("x", "float32", ["batch", 3, 2])],
      outputs: [valueInfo("y"), valueInfo("t")],
    };
    const graph = read(text);
    expect(graph.outputs.get("y")!.shape).toEqual([1, 6]);
    expect(Array.from(graph.outputs.get("t")!.literal!.numbers())).toEqual([1, -1]);
    const { Tensor } = await import("onnxruntime-node");
    const out = await runModel(modelBytes(text), { x: new Tensor("float32", new Float32Array(6), [1, 3, 2]) });
    expect(out.y!.dims).toEqual([1, 6]);
  });

  it("folds a root that is a whole number into a shape, and leaves others to the runtime", () => {
    const rooted = (number: number) =>
      read({
        nodes: [
          { op: "Pow", inputs: ["number", "half"], outputs: ["root"] },
          { op: "Cast", inputs: ["root"], outputs: ["whole"], attributes: { to: 7 } },
          { op: "Reshape", inputs: ["x", "whole"], outputs: ["y"] },
        ],
        inputs: [valueInfo("x", "float32", [2, 2])],
        outputs: [valueInfo("y")],
        initializers: [initializer("number", "float32", [1], [number]), initializer("half", "float32", [], [0.5])],
      });
    expect(rooted(16).outputs.get("y")!.shape).toEqual([4]);
    expect(() => rooted(17)).toThrow("target shape must be a constant, it is computed at run time");
  });

  it("keeps an open slice end open through folding", () => {
    const graph = read({
      nodes: [
        { op: "Concat", inputs: ["most"], outputs: ["end"], attributes: { axis: 0 } },
        { op: "Slice", inputs: ["x", "start", "end"], outputs: ["y"] },
      ],
      inputs: [valueInfo("x", "float32", [5])],
      outputs: [valueInfo("y")],
      initializers: [
        initializer("start", "int64", [1], [1]),
        { dims: [1], dataType: 7, name: "most", rawData: new Uint8Array([255, 255, 255, 255, 255, 255, 255, 127]) },
      ],
    });
    expect(graph.outputs.get("y")!.shape).toEqual([4]);
  });

  it("reads the forms of operator set 13: axes as attributes, parts by their number", () => {
    const graph = read({
      opset: 13,
      nodes: [
        { op: "ReduceMean", inputs: ["x"], outputs: ["m"], attributes: { axes: [2], keepdims: 0 } },
        { op: "Split", inputs: ["m"], outputs: ["a", "b"], attributes: { axis: 1 } },
        { op: "Sub", inputs: ["a", "b"], outputs: ["y"] },
      ],
      inputs: [valueInfo("x", "float32", [1, 4, 3])],
      outputs: [valueInfo("y")],
    });
    expect(graph.outputs.get("y")!.shape).toEqual([1, 2]);
  });
});
