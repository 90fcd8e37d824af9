import { describe, expect, it } from "vitest";
import { inputGradients } from "#src/backward/gradient-table.js";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import { topologicalOrder, type Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";
import { GRADIENT_CASES } from "./cases.js";

const ROWS = 3;
const isReal = ({ dtype }: Value) => dtype === "float32";

describe("gradients of several rows at once are those of the rows one by one", () => {
  it.each(Object.entries(GRADIENT_CASES))("%s", async (_, { shapes, f, low, high, opset }) => {
    const xs = shapes.map((shape, i) => b.input(`x${i}`, "float32", shape));
    const feeds = Object.fromEntries(
      xs.map((x, i) => [x.name!, float32(randoms(sizeOf(x.shape), i + 1, low, high), x.shape)]),
    );
    const found: Record<string, Value> = {};
    const expected: Record<string, Value> = {};
    const nodes = topologicalOrder([f(...xs)]).filter(
      ({ outputs, inputs }) => inputs.length > 0 && isReal(outputs[0]!),
    );
    for (const [n, node] of nodes.entries()) {
      const rows = node.outputs.map((y, k) =>
        isReal(y)
          ? b.tensor("float32", [ROWS, ...y.shape], randoms(ROWS * sizeOf(y.shape), 10 * n + k + 7))
          : undefined,
      );
      const single = (row: number) =>
        inputGradients(
          node,
          rows.map((r, k) => r && b.reshape(b.slice(r, 0, row, row + 1), node.outputs[k]!.shape)),
        );
      const together = inputGradients(node, rows, 1);
      node.inputs.forEach((x, i) => {
        if (!x || x.literal || !together[i]) return;
        found[`g${n}.${i}`] = together[i]();
        expect(found[`g${n}.${i}`]!.shape, "shape").toEqual([ROWS, ...x.shape]);
        const each = Array.from({ length: ROWS }, (_, row) => b.reshape(single(row)[i]!(), [1, ...x.shape]));
        expected[`e${n}.${i}`] = b.concat(each, 0);
      });
    }
    const out = await evaluate(xs, { ...found, ...expected }, feeds, opset);
    const names = Object.keys(found);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(relativeError(out[name]!, out[name.replace("g", "e")]!), name).toBeLessThan(1e-5);
  });
});
