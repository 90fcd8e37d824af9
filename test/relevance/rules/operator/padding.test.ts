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

type Takes = "nothing" | "what nobody else takes" | "a part";

it.each<[string, number, (x: Value) => Value, Takes]>([
  ["zeros before a convolution of an image", 0, conv, "nothing"],
  ["another number before such a convolution, which is part of the reference", 0.3, conv, "nothing"],
  ["zeros before a ReLU and a convolution", 0, (x) => conv(b.relu(x)), "what nobody else takes"],
  ["another number before an ELU and a convolution", 0.3, (x) => conv(apply("Elu", [x])), "a part"],
  ["zeros in a soft-argmax", 0, points, "a part"],
  ["zeros that become halves", 0, (x) => conv(b.sigmoid(x)), "a part"],
])("%s", async (_, value, features, takes) => {
  const method = "dtd";
  const [camera, state] = [image(), configuration()];
  const torque = dense(b.concat([features(padded(camera, value)), state], 1), 2, 7);
  const subject = subjectOf([camera, state], torque);
  const { rules } = compile(subject, { method });
  expect([...new Set(rules.flatMap(({ op, constants }) => (constants ? op : [])))]).toEqual(
    takes === "nothing" ? [] : ["Pad"],
  );
  const feeds = observation([camera, state]);
  const [found] = await explain(subject, feeds, { method });
  expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-4);
  // Padding counts in its image's share, and is none of its pixels.
  const [share, ...others] = found!["torquelens.shares"]!;
  expect(others.length).toBe(1);
  const [pixels, numbers] = ["image", "configuration"].map((name) => total(found![`torquelens.relevance.${name}`]!));
  const alone = pixels! / (pixels! + numbers!);
  if (takes === "a part") expect(share! - alone).toBeGreaterThan(1e-4);
  else expect(share).toBeCloseTo(alone, 5);
});

it("zeros beside a map that is silent take what nobody else takes", async () => {
  const camera = image();
  const hidden = b.relu(b.sub(camera, 2));
  const bias = b.tensor("float32", [4], [1, 2, 3, 4]);
  const maps = b.relu(b.conv(padded(hidden, 0), weights([4, 3, 3, 3], 5), {}, bias));
  const subject = subjectOf([camera], dense(flat(maps), 2, 7));
  const [found] = await explain(subject, observation([camera]), { method: "dtd" });
  const pixels = total(found!["torquelens.relevance.image"]!);
  const torques = total(found!.torque!.map(Math.abs));
  expect(pixels / torques).toBeGreaterThan(0.2);
  expect(pixels / torques).toBeLessThan(0.95);
  expect(found!["torquelens.shares"]![0]).toBe(1);
  expect(found!["torquelens.residual"]![0]).toBeLessThan(1e-5);
});
