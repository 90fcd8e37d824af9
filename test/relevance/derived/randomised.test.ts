import { describe, expect, it } from "vitest";
import { apply } from "#src/graph/apply.js";
import * as b from "#src/graph/build.js";
import { topologicalOrder, type Value } from "#src/graph/value.js";
import { parameterLayers, randomised } from "#src/relevance/derived/randomised.js";
import { configuration, image, subjectOf, weights } from "../subjects.js";

const named = (name: string, value: Value) => b.constant(value.literal!, name);

function network() {
  const [picture, state] = [image("image", [1, 3, 6, 6]), configuration(4)];
  const filter = named("filter", weights([2, 3, 3, 3], 1));
  const map = b.relu(b.conv(picture, filter));
  const p = b.softmax(b.reshape(map, [2, 16]));
  const points = b.reshape(b.matmul(p, weights([16, 2], 2)), [1, 4]);
  const dense = (x: Value, out: number, seed: number) =>
    b.add(
      b.matmul(x, named(`w${seed}`, weights([x.shape[1]!, out], seed))),
      named(`b${seed}`, weights([out], seed + 100)),
    );
  const torque = dense(b.relu(dense(b.concat([points, state], 1), 5, 3)), 2, 4);
  return subjectOf([picture, state], torque);
}

const constants = (subject: ReturnType<typeof network>) =>
  new Map(
    topologicalOrder(subject.graph.outputs.values()).flatMap(({ literal, outputs }) =>
      literal?.dtype === "float32" && outputs[0]!.name ? [[outputs[0]!.name, literal.numbers()] as const] : [],
    ),
  );

describe("layers drawn anew", () => {
  it("finds the layers from the torques to the image, with their biases, and no grid", () => {
    const layers = parameterLayers(network());
    expect(layers.map(({ name }) => name)).toEqual(["w4", "w3", "filter"]);
    expect(layers.map(({ parameters }) => parameters.map(({ name }) => name))).toEqual([
      ["w4", "b4"],
      ["w3", "b3"],
      ["filter"],
    ]);
  });

  it("changes only the named layers, by the given numbers", () => {
    const subject = network();
    const before = constants(subject);
    let next = 0;
    const normal = () => Math.sin(++next);
    const after = constants(randomised(subject, parameterLayers(subject).slice(0, 1), normal));
    for (const name of ["filter", "w3", "b3"]) expect(after.get(name)).toEqual(before.get(name));
    const old = before.get("w4")!;
    const mean = old.reduce((sum, x) => sum + x, 0) / old.length;
    const std = Math.sqrt(old.reduce((sum, x) => sum + (x - mean) ** 2, 0) / old.length);
    after.get("w4")!.forEach((x, i) => {
      expect(x).toBeCloseTo(mean + std * Math.sin(i + 1), 5);
    });
    expect(after.get("b4")).not.toEqual(before.get("b4"));
  });

  it("takes a normalisation's scale and shift for parameters of the layer before it, and nothing else", () => {
    const picture = image("image", [1, 3, 6, 6]);
    const conv = (x: Value, name: string, seed: number) =>
      b.conv(x, named(name, weights([4, x.shape[1]!, 3, 3], seed)));
    const parameters = (name: string, seed: number) => [
      named(`${name} scale`, weights([4], seed)),
      named(`${name} shift`, weights([4], seed + 1)),
    ];
    const first = b.relu(apply("InstanceNormalization", [conv(picture, "first", 1), ...parameters("first", 2)]));
    const second = b.relu(apply("InstanceNormalization", [conv(first, "second", 4), ...parameters("second", 5)]));
    const torque = b.matmul(apply("Flatten", [second]), named("last", weights([16, 2], 7)));
    const layers = parameterLayers(subjectOf([picture], torque));
    expect(layers.map(({ parameters }) => parameters.map(({ name }) => name))).toEqual([
      ["last"],
      ["second", "second scale", "second shift"],
      ["first", "first scale", "first shift"],
    ]);
  });

  it("keeps names and shapes of inputs and outputs", () => {
    const subject = network();
    const { graph } = randomised(subject, parameterLayers(subject), () => 0);
    expect([...graph.inputs.keys()]).toEqual(["image", "configuration"]);
    expect(graph.outputs.get("torque")!.shape).toEqual([1, 2]);
  });
});
