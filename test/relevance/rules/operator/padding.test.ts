import { expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { configuration, dense, explain, image, observation, subjectOf, total, weights } from "../../subjects.js";

const flat = (x: Value) => apply("Flatten", [x]);
const padded = (x: Value, value: number) => apply("Pad", [x, b.int64([0, 0, 1, 2, 0, 0, 0, 1]), b.scalar(value)]);
const conv = (x: Value) => flat(b.relu(b.conv(x, weights([4, 3, 3, 3], 5))));
const points = (x: Value) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  const probability = b.softmax(b.reshape(x, [channels, h * w]));
  return b.reshape(b.matmul(probability, weights([h * w, 2], 6)), [1, 2 * channels]);
};

it.each<[string, number, (x: Value) => Value, boolean]>([
  ["zeros before a convolution take nothing", 0, conv, false],
  ["zeros before a ReLU and a convolution take nothing", 0, (x) => conv(b.relu(x)), false],
  ["another number before a convolution, which is part of the reference, takes nothing", 0.3, conv, false],
  ["another number before an ELU and a convolution takes its part", 0.3, (x) => conv(apply("Elu", [x])), true],
  ["zeros in a soft-argmax take their part", 0, points, true],
  ["zeros that become halves take their part", 0, (x) => conv(b.sigmoid(x)), true],
])("%s", async (_, value, features, takes) => {
  const [camera, state] = [image(), configuration()];
  const torque = dense(b.concat([features(padded(camera, value)), state], 1), 2, 7);
  const subject = subjectOf([camera, state], torque);
  const { rules } = compile(subject, { method: "excitation-backprop" });
  expect([...new Set(rules.flatMap(({ op, constants }) => (constants ? op : [])))]).toEqual(takes ? ["Pad"] : []);
  const feeds = observation([camera, state]);
  const [found] = await explain(subject, feeds, { method: "excitation-backprop" });
  expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-4);
  // Padding counts in its image's share, and is none of its pixels.
  const [share, ...others] = found!["torquelens.shares"]!;
  expect(others.length).toBe(1);
  const [pixels, numbers] = ["image", "configuration"].map((name) => total(found![`torquelens.relevance.${name}`]!));
  const alone = pixels! / (pixels! + numbers!);
  if (takes) expect(share! - alone).toBeGreaterThan(1e-4);
  else expect(share).toBeCloseTo(alone, 5);
});
