import { expect, test } from "vitest";
import { readModel } from "#src/graph/onnx-read.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import type { NetworkSpec } from "#src/sim/tasks/lesson.js";
import { exportPolicy } from "#src/train/network/export.js";
import { headInputs } from "#src/train/network/network.js";
import { initialise, type Layout } from "#src/train/network/parameters.js";
import { randoms, relativeError } from "../../evaluate.js";
import { command, NETWORKS, see, TINY, TINY_LAYOUT } from "../slow-network.js";

function parameters(layout: Layout): Float32Array {
  const vector = new Float32Array(layout.size);
  initialise(layout, vector, random(1), { sharpness: 4, landmarkOfChannel: [0, 0, 1] });
  return randoms(vector.length, 2, -0.1, 0.1).map((noise, i) => vector[i]! + noise);
}

const normalised = (spec: NetworkSpec) => ({
  mean: randoms(headInputs(spec), 3),
  scale: randoms(headInputs(spec), 4, 0.5, 30),
  torqueLimit: [0.3, 1.7],
});

test.each(Object.entries(NETWORKS))(
  "an exported policy takes bytes and SI units and commands the trained network's torques: %s",
  async (_, network) => {
    const { spec, layout } = network;
    const [vector, normalisation] = [parameters(layout), normalised(spec)];
    const image = Uint8Array.from(randoms(TINY.width * TINY.height * 3, 5, 0, 255.99));
    const configuration = Float32Array.of(0.7, -1.3);
    const session = await Session.create(exportPolicy(spec, layout, vector, normalisation, { points: true }), {
      threads: 1,
    });
    const outputs = await session.run({
      image: { dtype: "uint8", shape: [1, TINY.height, TINY.width, 3], data: image },
      configuration: { dtype: "float32", shape: [1, 2], data: configuration },
    });
    await session.release();

    const exact = Float64Array.from(vector);
    const { points, attention } = see(exact, image, [...configuration], network);
    expect(relativeError(outputs.points!.data as Float32Array, points)).toBeLessThan(1e-5);
    expect(relativeError((outputs.attention?.data as Float32Array | undefined) ?? [], attention)).toBeLessThan(1e-5);
    const standardised = [...points, ...configuration].map(
      (value, i) => (value - normalisation.mean[i]!) * normalisation.scale[i]!,
    );
    const torques = command(exact, standardised, layout).map((value, j) => value * normalisation.torqueLimit[j]!);
    expect(relativeError(outputs.torque!.data as Float32Array, torques)).toBeLessThan(1e-5);
  },
);

test("an exported policy carries its metadata and the requested outputs only", () => {
  const metadata = new Map([["torquelens.card", "name: reacher"]]);
  const graph = readModel(
    exportPolicy(TINY, TINY_LAYOUT, parameters(TINY_LAYOUT), normalised(TINY), { metadata }),
    "policy",
  );
  expect([...graph.inputs.keys()]).toEqual(["image", "configuration"]);
  expect([...graph.outputs.keys()]).toEqual(["torque"]);
  expect(graph.metadata).toEqual(metadata);
});
