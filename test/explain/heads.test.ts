import { expect, it } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { compile } from "#src/relevance/compile.js";
import { float32 } from "#src/runtime/session.js";
import { randoms } from "../evaluate.js";
import { initializer, modelBytes, valueInfo } from "../graph/onnx-model.js";
import { plainSession } from "../plain-session.js";
import { modalityOf, subjectOf } from "../relevance/subjects.js";

/** A policy with a value head, an output that nobody reads, one that is listed twice, and parts that lead nowhere. */
const file = modelBytes({
  nodes: [
    { op: "Gemm", inputs: ["state", "w", "b"], outputs: ["h"] },
    { op: "Relu", inputs: ["h"], outputs: ["features"] },
    { op: "Split", inputs: ["features"], outputs: ["mine", "nobodys"], attributes: { axis: 1, num_outputs: 2 } },
    { op: "MatMul", inputs: ["mine", "head"], outputs: ["torque"] },
    { op: "MatMul", inputs: ["features", "critic"], outputs: ["value"] },
    { op: "TopK", inputs: ["features", "two"], outputs: ["largest", "places"], attributes: { axis: 1 } },
    { op: "Sin", inputs: ["nobodys"], outputs: ["unread"] },
  ],
  inputs: [valueInfo("state", "float32", [1, 4])],
  outputs: ["torque", "value", "features", "torque", "largest"].map((name) => valueInfo(name, "float32")),
  initializers: [
    initializer("w", "float32", [4, 6], randoms(24, 1, -1, 1)),
    initializer("b", "float32", [6], randoms(6, 2, 0, 1)),
    initializer("head", "float32", [3, 2], randoms(6, 3, -1, 1)),
    initializer("critic", "float32", [6, 1], randoms(6, 4, -1, 1)),
    initializer("two", "int64", [1], [2]),
    initializer("spare", "float32", [3], [1, 2, 3]),
  ],
});

it("heads that the card does not name stay outputs, and have no part in the relevance of the torques", async () => {
  const graph = readModel(file, "p.onnx");
  expect([...graph.outputs.keys()]).toEqual(["torque", "value", "features", "largest"]);
  const state = graph.inputs.get("state")!;
  const whole = compile({ ...subjectOf([state], graph.outputs.get("torque")!, [modalityOf(state)]), graph });
  const alone = compile(subjectOf([state], graph.outputs.get("torque")!, [modalityOf(state)]));
  const [theirs, mine, less] = await Promise.all([file, whole.bytes, alone.bytes].map(plainSession));
  const feeds = { state: float32(randoms(4, 9, -1, 1), [1, 4]) };
  const expected = await theirs!.run(feeds);
  const importance = { "torquelens.importance": float32([1, 1], [2]) };
  const [found, other] = [await mine!.run({ ...feeds, ...importance }), await less!.run({ ...feeds, ...importance })];
  for (const name of graph.outputs.keys()) expect(found[name]!.data).toEqual(expected[name]!.data);
  expect(found["torquelens.relevance.state"]!.data).toEqual(other["torquelens.relevance.state"]!.data);
  expect((found["torquelens.residual"]!.data as Float32Array)[0]).toBeLessThan(1e-6);
  await Promise.all([theirs, mine, less].map((session) => session!.release()));
});
