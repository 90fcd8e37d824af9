import { expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { plainSession } from "../plain-session.js";
import { initializer, type ModelText, modelBytes, valueInfo } from "./onnx-model.js";

/** Torques, and a value whose head needs what is not read. */
const text = (changes: Partial<ModelText> = {}): ModelText => ({
  nodes: [
    { op: "MatMul", name: "trunk", inputs: ["x", "w"], outputs: ["hidden"] },
    { op: "Tanh", inputs: ["hidden"], outputs: ["torque"] },
    { op: "Hardmax", name: "critic", inputs: ["hidden"], outputs: ["best"] },
    { op: "Mul", name: "doubled", inputs: ["best", "two"], outputs: ["value"] },
    { op: "Det", name: "unused", inputs: ["w"], outputs: ["nothing"] },
  ],
  inputs: [valueInfo("x", "float32", [1, 2])],
  outputs: [valueInfo("torque", "float32", [1, 2]), valueInfo("value", "float32", [1, 2])],
  initializers: [initializer("w", "float32", [2, 2], [1, 2, 3, 4]), initializer("two", "float32", [], [2])],
  ...changes,
});
const read = (changes?: Partial<ModelText>) => readModel(modelBytes(text(changes)), "p.onnx");
const REASON =
  'p.onnx: node "critic" (Hardmax): operator Hardmax is not supported; it feeds "doubled" (Mul); nearest that is read: ArgMax and OneHot';

it("reads the outputs that do not need what cannot be read", async () => {
  const graph = read();
  expect([...graph.outputs.keys()]).toEqual(["torque"]);
  expect([...graph.unread!]).toEqual([["value", REASON]]);
  const x = { dtype: "float32", shape: [1, 2], data: Float32Array.of(0.3, -0.2) } as const;
  const [file, ours] = await Promise.all([modelBytes(text()), writeModel(graph)].map(plainSession));
  const [theirs, mine] = [await file!.run({ x }), await ours!.run({ x })];
  expect(mine.torque!.data).toEqual(theirs.torque!.data);
  await Promise.all([file!.release(), ours!.release()]);
});

it("says nothing of a file that is read whole", () => {
  expect(read({ nodes: text().nodes!.slice(0, 2), outputs: [valueInfo("torque", "float32", [1, 2])] }).unread).toBe(
    undefined,
  );
});

it("refuses a file none of whose outputs can be read, by the first reason", () => {
  expect(() => read({ outputs: [valueInfo("value"), valueInfo("nothing")] })).toThrow(REASON);
  expect(() => read({ outputs: [valueInfo("nothing")] })).toThrow('node "unused" (Det)');
});

it("names an output that depends on it through a branch, and reads a branch beside it", () => {
  const branch = (op: string) => ({
    name: "b",
    node: [{ opType: op, input: ["hidden"], output: ["chosen"] }],
    output: [{ name: "chosen" }],
  });
  const choosing = (op: string): Partial<ModelText> => ({
    nodes: [
      ...text().nodes!.slice(0, 3),
      {
        op: "If",
        name: "choice",
        inputs: ["yes"],
        outputs: ["value"],
        attributes: { then_branch: { g: branch(op), type: 5 }, else_branch: { g: branch("Neg"), type: 5 } },
      },
    ],
    initializers: [initializer("w", "float32", [2, 2], [1, 2, 3, 4]), initializer("yes", "bool", [], [1])],
  });
  expect([...read(choosing("Hardmax")).unread!.keys()]).toEqual(["value"]);
  expect([...read(choosing("Abs")).outputs.keys()]).toEqual(["torque", "value"]);
});

it("refuses a file that needs more than its budget, though no output needs what takes it", () => {
  const large = {
    nodes: [
      ...text().nodes!.slice(0, 2),
      { op: "ConstantOfShape", name: "large", inputs: ["shape"], outputs: ["all"] },
    ],
    outputs: [valueInfo("torque", "float32", [1, 2])],
    initializers: [initializer("w", "float32", [2, 2], [1, 2, 3, 4]), initializer("shape", "int64", [1], [1000])],
  };
  const bytes = modelBytes(text(large));
  expect([...readModel(bytes, "p.onnx", { tensors: 1e6, constants: 1e6 }).outputs.keys()]).toEqual(["torque"]);
  expect(() => readModel(bytes, "p.onnx", { tensors: 1e6, constants: 1e3 })).toThrow(
    'p.onnx: node "large" (ConstantOfShape): ConstantOfShape: with its output [1000] all constants',
  );
});
