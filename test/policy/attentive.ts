import { apply } from "#src/graph/apply.js";
import * as g from "#src/graph/build.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { reacherCard } from "./cards.js";
import { reacherModel } from "./model.js";

/** A policy like the shipped reacher's with two maps of attention, on places of 8×8 pixels of its image of 80×64. */
export function attentiveReacher(): Uint8Array {
  const graph = readModel(reacherModel(), "reacher.onnx");
  const pixels = g.cast(g.transpose(graph.inputs.get("image")!, [0, 3, 1, 2]), "float32");
  const weights = Array.from({ length: 2 * 3 * 64 }, (_, i) => (((i * 37) % 19) - 9) / 4000);
  const places = g.conv(pixels, g.tensor("float32", [2, 3, 8, 8], weights), { strides: [8, 8] });
  const looks = apply("Softplus", [places]);
  return writeModel({ ...graph, outputs: new Map([...graph.outputs, ["looks", looks]]) });
}

export const attentiveCard = () => ({
  ...reacherCard(),
  attention: { looks: { modality: "image", queries: ["tip", "target"], stride: 8 } },
});
