import { describe, expect, it } from "vitest";
import { gradients } from "#src/backward/gradients.js";
import { apply, applyNode } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";
import { plainSession } from "../plain-session.js";
import { GRADIENT_CASES } from "./cases.js";

/** A scalar loss that weighs every output element differently, so that no error can cancel. */
const loss = (y: Value) =>
  b.sum(
    b.mul(
      y,
      b.tensor(
        "float32",
        y.shape,
        randoms(
          y.shape.reduce((a, c) => a * c, 1),
          99,
        ),
      ),
    ),
  );

const STEP = 2e-3;

/** Central differences of the loss in every input element, from one run a side. */
async function differences(
  xs: Value[],
  values: Float32Array[],
  l: Value,
  k: number,
  opset = 18,
): Promise<Float64Array> {
  const feed = (data: Float32Array[]) => Object.fromEntries(xs.map((x, i) => [x.name!, float32(data[i]!, x.shape)]));
  const out = new Float64Array(values[k]!.length);
  const { writeModel } = await import("#src/graph/onnx-write.js");
  const graph = {
    name: "d",
    inputs: new Map(xs.map((x) => [x.name!, x])),
    outputs: new Map([["l", l]]),
    metadata: new Map(),
    opset,
  };
  const session = await plainSession(writeModel(graph));
  for (let i = 0; i < out.length; i++) {
    const at = async (step: number) => {
      const moved = values.map((v) => v.slice());
      moved[k]![i]! += step;
      return (await session.run(feed(moved))).l!.data[0] as number;
    };
    out[i] = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
  }
  await session.release();
  return out;
}

describe("gradients against central differences", () => {
  for (const [name, { shapes, f, low, high, opset }] of Object.entries(GRADIENT_CASES))
    it(name, async () => {
      const xs = shapes.map((shape, i) => b.input(`x${i}`, "float32", shape));
      const values = xs.map((x, i) =>
        randoms(
          x.shape.reduce((p, d) => p * d, 1),
          i + 1,
          low,
          high,
        ),
      );
      const l = loss(f(...xs));
      const gs = gradients(l, xs);
      const feeds = Object.fromEntries(xs.map((x, i) => [x.name!, float32(values[i]!, x.shape)]));
      const out = await evaluate(xs, Object.fromEntries(gs.map((g, i) => [`g${i}`, g])), feeds, opset);
      for (let k = 0; k < xs.length; k++)
        expect(relativeError(out[`g${k}`]!, await differences(xs, values, l, k, opset)), `input ${k}`).toBeLessThan(
          5e-3,
        );
    });
});

describe("gradients of gradients", () => {
  it("the gradient of a squared input gradient through convolution, softmax and products", async () => {
    const x = b.input("x", "float32", [1, 2, 6, 6]);
    const w = b.input("w", "float32", [3, 2, 3, 3]);
    const network = (image: Value, weight: Value) => {
      const h = b.reshape(b.tanh(b.conv(image, weight, { strides: [1, 1] })), [3, 16]);
      return loss(b.matmul(b.softmax(h), b.tensor("float32", [16, 2], randoms(32, 5))));
    };
    const [gx] = gradients(network(x, w), [x]);
    const penalty = b.sum(b.square(gx!));
    const [gw] = gradients(penalty, [w]);
    const values = [randoms(72, 1), randoms(54, 2)];
    const out = await evaluate(
      [x, w],
      { gw: gw! },
      { x: float32(values[0]!, x.shape), w: float32(values[1]!, w.shape) },
    );
    expect(relativeError(out.gw!, await differences([x, w], values, penalty, 1))).toBeLessThan(2e-2);
  });

  it("is zero where the output does not depend on the input", () => {
    const x = b.input("x", "float32", [3]);
    const [g] = gradients(b.sum(b.exp(b.input("y", "float32", [2]))), [x]);
    expect(Array.from(g!.literal!.numbers())).toEqual([0, 0, 0]);
  });

  it("names the node of an operator without a rule", () => {
    const x = b.input("x", "float32", [1, 2, 4, 4]);
    const cropped = apply("Resize", [x, undefined, b.tensor("float32", [4], [1, 1, 2, 2])], {
      coordinate_transformation_mode: "tf_crop_and_resize",
    });
    expect(() => gradients(b.sum(cropped), [x])).toThrow(/Resize by tf_crop_and_resize has no gradient/);
    const low = b.input("low", "float32", []);
    const [y] = applyNode("Clip", [x, low], {}, { name: "layer" }).outputs;
    expect(() => gradients(b.sum(y!), [low])).toThrow('node "layer": no gradient rule for input 1 of operator Clip');
  });
});
