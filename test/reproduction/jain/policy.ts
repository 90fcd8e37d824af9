import { add, input } from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";

/** A policy without words. */
export function fakePolicy(): Uint8Array {
  const state = input("state", "float32", [1, 3]);
  const outputs = new Map([["actions", add(state, 1)]]);
  return writeModel({ name: "other", inputs: new Map([["state", state]]), outputs, metadata: new Map(), opset: 18 });
}
