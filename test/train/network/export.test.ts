import { expect, test } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { exportPolicy } from "#src/train/network/export.js";
import { headInputs } from "#src/train/network/network.js";
import { initialise } from "#src/train/network/parameters.js";
import { randoms, relativeError } from "../../evaluate.js";
import { command, see, TINY, TINY_LAYOUT } from "../slow-network.js";

const vector = new Float32Array(TINY_LAYOUT.size);
initialise(TINY_LAYOUT, vector, random(1), { sharpness: 4, landmarkOfChannel: [0, 0, 1] });
vector.set(
  randoms(vector.length, 2, -0.1, 0.1).map((noise, i) => vector[i]! + noise),
  0,
);
const normalisation = {
  mean: randoms(headInputs(TINY), 3),
  scale: randoms(headInputs(TINY), 4, 0.5, 30),
  torqueLimit: [0.3, 1.7],
};

test("an exported policy takes bytes and SI units and commands the trained network's torques", async () => {
  const image = Uint8Array.from(randoms(TINY.width * TINY.height * 3, 5, 0, 255.99));
  const configuration = Float32Array.of(0.7, -1.3);
  const session = await Session.create(exportPolicy(TINY, TINY_LAYOUT, vector, normalisation, { points: true }), {
    threads: 1,
  });
  const outputs = await session.run({
    image: { dtype: "uint8", shape: [1, TINY.height, TINY.width, 3], data: image },
    configuration: { dtype: "float32", shape: [1, 2], data: configuration },
  });
  await session.release();

  const exact = Float64Array.from(vector);
  const { points } = see(exact, image);
  expect(relativeError(outputs.points!.data as Float32Array, points)).toBeLessThan(1e-5);
  const standardised = [...points, ...configuration].map(
    (value, i) => (value - normalisation.mean[i]!) * normalisation.scale[i]!,
  );
  const torques = command(exact, standardised).map((value, j) => value * normalisation.torqueLimit[j]!);
  expect(relativeError(outputs.torque!.data as Float32Array, torques)).toBeLessThan(1e-5);
});

test("an exported policy carries its metadata and the requested outputs only", () => {
  const metadata = new Map([["torquelens.card", "name: reacher"]]);
  const graph = readModel(exportPolicy(TINY, TINY_LAYOUT, vector, normalisation, { metadata }), "policy");
  expect([...graph.inputs.keys()]).toEqual(["image", "configuration"]);
  expect([...graph.outputs.keys()]).toEqual(["torque"]);
  expect(graph.metadata).toEqual(metadata);
});
