import { expect, test } from "vitest";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { headInputs } from "#src/train/network/network.js";
import { initialise } from "#src/train/network/parameters.js";
import type { StepModel } from "#src/train/network/step-model.js";
import { fitStep } from "#src/train/stages/fit.js";
import { poseStep } from "#src/train/stages/pose-step.js";
import { wholeStep } from "#src/train/stages/whole.js";
import { randoms, relativeError } from "../../evaluate.js";
import { command, differences, NETWORKS, poseLoss, see, TINY, TINY_LAYOUT } from "../slow-network.js";

const LANDMARK_OF_CHANNEL = [0, 0, 1];

function parameters(layout = TINY_LAYOUT): Float32Array {
  const vector = new Float32Array(layout.size);
  initialise(layout, vector, random(5), { sharpness: 3, landmarkOfChannel: LANDMARK_OF_CHANNEL });
  // Biases that are not zero, so that their place matters.
  const noise = randoms(vector.length, 6, -0.05, 0.05);
  return vector.map((value, i) => value + noise[i]!);
}

async function run(model: StepModel, vector: Float32Array, batch: Parameters<Session["run"]>[0], layout = TINY_LAYOUT) {
  const session = await Session.create(model.bytes, { threads: 1 });
  const names = layout.names(model.group);
  const feeds = Object.fromEntries(
    names.map((name) => [
      name,
      { dtype: "float32" as const, shape: layout.slots.get(name)!.shape, data: layout.view(vector, name) },
    ]),
  );
  const outputs = await session.run({ ...feeds, ...batch });
  await session.release();
  return {
    loss: (outputs.loss!.data as Float32Array)[0]!,
    gradient: names.flatMap((name) => [...(outputs[`gradient.${name}`]!.data as Float32Array)]),
  };
}

const everyNth = ([from, to]: readonly [number, number], n: number): number[] =>
  Array.from({ length: to - from }, (_, i) => i).filter((i) => i % n === 0 || i > to - from - 12);

const POSES = Object.entries(NETWORKS).flatMap(([name, network]) =>
  [0.7, 0].map((sharpen) => ({ name, network, sharpen })),
);

test.each(POSES)(
  "the pose loss and its gradient are those of the definition, sharpened by $sharpen: $name",
  async ({ network, sharpen }) => {
    const { spec, layout } = network;
    const vector = parameters(layout);
    const batch = 2;
    const pixels = TINY.width * TINY.height * 3;
    const image = Uint8Array.from(randoms(batch * pixels, 7, 0, 255.99));
    const landmarks = randoms(batch * 4, 8, 0.5, 4.5);
    const configuration = randoms(batch * TINY.configuration, 9);
    const told = [configuration.slice(0, TINY.configuration), configuration.slice(TINY.configuration)].map((x) => [
      ...x,
    ]);
    const precision = 20;
    const weights = { sharpen, blob: 0.8, spread: 0.3 };
    const model = poseStep(spec, layout, { batch, landmarkOfChannel: LANDMARK_OF_CHANNEL, ...weights });
    const { loss, gradient } = await run(
      model,
      vector,
      {
        image: { dtype: "uint8", shape: [batch, TINY.height, TINY.width, 3], data: image },
        configuration: { dtype: "float32", shape: [batch, TINY.configuration], data: configuration },
        landmarks: { dtype: "float32", shape: [batch, 2, 2], data: landmarks },
        precision: { dtype: "float32", shape: [], data: Float32Array.of(precision) },
      },
      layout,
    );
    const images = [image.subarray(0, pixels), image.subarray(pixels)];
    const slow = (v: Float64Array): number =>
      poseLoss(v, images, landmarks, LANDMARK_OF_CHANNEL, { ...weights, precision }, network, told);
    const exact = Float64Array.from(vector);
    expect(loss).toBeCloseTo(slow(exact), 4);
    const elements = everyNth(layout.range("vision"), 3);
    const expected = differences(slow, exact, elements);
    expect(
      relativeError(
        elements.map((i) => gradient[i]!),
        expected,
      ),
    ).toBeLessThan(1e-4);
  },
);

test.each(Object.entries(NETWORKS))(
  "the loss from the pixels on and its gradient are those of the definition: %s",
  async (_, network) => {
    const { spec, layout } = network;
    const vector = parameters(layout);
    const batch = 2;
    const width = headInputs(spec);
    const pixels = TINY.width * TINY.height * 3;
    const image = Uint8Array.from(randoms(batch * pixels, 11, 0, 255.99));
    const configuration = randoms(batch * TINY.configuration, 12);
    const [centre, scale] = [randoms(width, 13), randoms(width, 14, 0.5, 3)];
    const torque = randoms(batch * TINY.torques, 15);
    const { loss, gradient } = await run(
      wholeStep(spec, layout, batch),
      vector,
      {
        image: { dtype: "uint8", shape: [batch, TINY.height, TINY.width, 3], data: image },
        configuration: { dtype: "float32", shape: [batch, TINY.configuration], data: configuration },
        centre: { dtype: "float32", shape: [width], data: centre },
        scale: { dtype: "float32", shape: [width], data: scale },
        torque: { dtype: "float32", shape: [batch, TINY.torques], data: torque },
      },
      layout,
    );
    const slow = (v: Float64Array): number => {
      let squares = 0;
      for (let b = 0; b < batch; b++) {
        const values = [...configuration.subarray(b * TINY.configuration, (b + 1) * TINY.configuration)];
        const { points } = see(v, image.subarray(b * pixels, (b + 1) * pixels), values, network);
        const x = [...points, ...values].map((value, i) => (value - centre[i]!) * scale[i]!);
        command(v, x, layout).forEach((value, j) => {
          squares += (value - torque[b * TINY.torques + j]!) ** 2;
        });
      }
      return squares / torque.length;
    };
    const exact = Float64Array.from(vector);
    expect(loss).toBeCloseTo(slow(exact), 5);
    const [from, to] = layout.range("whole");
    expect(gradient).toHaveLength(to - from);
    const elements = everyNth([from, to], 3);
    const expected = differences(
      slow,
      exact,
      elements.map((i) => from + i),
    );
    expect(
      relativeError(
        elements.map((i) => gradient[i]!),
        expected,
      ),
    ).toBeLessThan(1e-4);
  },
);

test("the imitation loss and its gradient are those of the definition", async () => {
  const vector = parameters();
  const batch = 3;
  const width = headInputs(TINY);
  const x = randoms(batch * width, 9);
  const torque = randoms(batch * TINY.torques, 10);
  const { loss, gradient } = await run(fitStep(TINY, TINY_LAYOUT, batch), vector, {
    x: { dtype: "float32", shape: [batch, width], data: x },
    torque: { dtype: "float32", shape: [batch, TINY.torques], data: torque },
  });
  const slow = (v: Float64Array): number => {
    let squares = 0;
    for (let b = 0; b < batch; b++) {
      command(v, [...x.subarray(b * width, (b + 1) * width)]).forEach((value, j) => {
        squares += (value - torque[b * TINY.torques + j]!) ** 2;
      });
    }
    return squares / torque.length;
  };
  const exact = Float64Array.from(vector);
  expect(loss).toBeCloseTo(slow(exact), 5);
  const [from, to] = TINY_LAYOUT.range("head");
  const expected = differences(
    slow,
    exact,
    Array.from({ length: to - from }, (_, i) => from + i),
  );
  expect(relativeError(gradient, expected)).toBeLessThan(1e-4);
});
