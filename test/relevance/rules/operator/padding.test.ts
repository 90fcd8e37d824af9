import { expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import type { Value } from "#src/graph/value.js";
import { compile } from "#src/relevance/compile.js";
import { configuration, dense, explain, image, observation, subjectOf, weights } from "../../subjects.js";

const flat = (x: Value) => apply("Flatten", [x]);
const padded = (x: Value, value: number) => apply("Pad", [x, b.int64([0, 0, 1, 2, 0, 0, 0, 1]), b.scalar(value)]);
const conv = (x: Value) => flat(b.relu(b.conv(x, weights([4, 3, 3, 3], 5))));
const points = (x: Value) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  const probability = b.softmax(b.reshape(x, [channels, h * w]));
  return b.reshape(b.matmul(probability, weights([h * w, 2], 6)), [1, 2 * channels]);
};

const NAMED = ["relevance of padding is lost"];

it.each<[string, number, (x: Value) => Value, string[]]>([
  ["zeros before a convolution lose nothing", 0, conv, []],
  ["zeros before a ReLU and a convolution lose nothing", 0, (x) => conv(b.relu(x)), []],
  ["another number before a convolution, which is part of the reference, loses nothing", 0.3, conv, []],
  ["another number before an ELU and a convolution", 0.3, (x) => conv(apply("Elu", [x])), NAMED],
  ["zeros in a soft-argmax", 0, points, NAMED],
  ["zeros that become halves", 0, (x) => conv(b.sigmoid(x)), NAMED],
])("%s", async (_, value, features, losses) => {
  const [camera, state] = [image(), configuration()];
  const torque = dense(b.concat([features(padded(camera, value)), state], 1), 2, 7);
  const subject = subjectOf([camera, state], torque);
  const { rules } = compile(subject, { method: "excitation-backprop" });
  expect(rules.flatMap(({ loses }) => loses ?? [])).toEqual(losses);
  const [found] = await explain(subject, observation([camera, state]), { method: "excitation-backprop" });
  const residual = found!["torquelens.residual"]![0]!;
  if (losses.length > 0) expect(residual).toBeGreaterThan(1e-3);
  else expect(residual).toBeLessThan(1e-4);
});
