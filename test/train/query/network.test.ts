import { describe, expect, test } from "vitest";
import { Session, type TensorData } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { spatialBasis } from "#src/train/attention/basis.js";
import { placeGeometry } from "#src/train/query/export.js";
import { queryLayout } from "#src/train/query/layout.js";
import { PAPER_LAYERS, placesOf, type QuerySpec } from "#src/train/query/spec.js";
import { agentOf } from "#src/train/vtrace/agents.js";
import { actingModel } from "#src/train/vtrace/step.js";
import { relativeError } from "../../evaluate.js";
import { queryPolicyFile, SMALL } from "../vtrace/query-policy.js";

const ATARI: QuerySpec = { ...PAPER_LAYERS, height: 210, width: 160, channels: 3, actions: 18 };

describe("the network of the paper", () => {
  test("has the paper's places, and as many parameters as its authors' code", () => {
    expect(placesOf(ATARI)).toEqual([27, 20]);
    // 2,274,611 there: PyTorch's LSTM has a second bias of 1,024 numbers that is added to the first.
    const layout = queryLayout(ATARI, 18);
    expect(layout.size).toBe(2_274_611 - 1024);
    const sizes = ["memory.weight", "query3.weight", "answer1.weight", "core.weight"].map(
      (name) => layout.slots.get(name)!.shape,
    );
    expect(sizes).toEqual([
      [512, 192, 3, 3],
      [288, 288],
      [1043, 512],
      [512, 1024],
    ]);
  });

  test("takes images of other sizes", () => {
    expect(placesOf({ ...ATARI, height: 84, width: 84 })).toEqual([11, 10]);
    expect(placesOf({ ...ATARI, height: 64, width: 64 })).toEqual([8, 8]);
  });

  test("has a place's pixels where its two convolutions have them", () => {
    expect(placeGeometry(ATARI)).toEqual({ stride: [8, 8], field: [20, 20], padding: [9, 6] });
  });

  test("has 64 channels of position, which are waves with 1 to 8 half periods over the image", () => {
    const basis = spatialBasis(placesOf(ATARI), ATARI.frequencies);
    const values = basis.numbers();
    expect(basis.shape).toEqual([1, 540, 64]);
    const at = (row: number, column: number, u: number, v: number): number =>
      values[(row * 20 + column) * 64 + 8 * (u - 1) + v - 1]!;
    expect(at(0, 0, 1, 1)).toBeCloseTo(Math.cos(Math.PI / 27) * Math.cos(Math.PI / 20), 6);
    expect(at(26, 19, 3, 2)).toBeCloseTo(Math.cos(3 * Math.PI) * Math.cos(2 * Math.PI), 6);
    expect(at(12, 4, 5, 8)).toBeCloseTo(Math.cos((5 * 13 * Math.PI) / 27) * Math.cos((8 * 5 * Math.PI) / 20), 6);
  });
});

test("a file computes what the network in training does, step after step, with maps that sum to 1", async () => {
  const { facts } = worldNamed("red-fetch-green");
  const { policy, parameters } = queryPolicyFile();
  const agent = agentOf(facts, { frames: 1, network: SMALL });
  const [file, acting] = [await Session.create(policy.bytes), await Session.create(actingModel(agent, 1))];
  const weights = Object.fromEntries(
    acting.inputNames.flatMap((name) => {
      const slot = agent.layout.slots.get(name);
      const data = slot && agent.layout.view(parameters, name).slice();
      return slot ? [[name, { dtype: "float32" as const, shape: slot.shape, data: data! }]] : [];
    }),
  );
  const source = random(3);
  const floats = (shape: readonly number[], of: (i: number) => number): TensorData => ({
    dtype: "float32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => of(i)),
  });
  let carried = Object.fromEntries(
    Object.entries(agent.state).map(([name, shape]) => [name, floats([1, ...shape], () => 0)]),
  );
  for (let step = 0; step < 3; step++) {
    const data = Uint8Array.from({ length: 3 * 64 * 64 }, () => source.integer(256));
    const feeds = {
      image: { dtype: "uint8" as const, shape: [1, 3, 64, 64], data },
      previous_action: floats([1, 4], (i) => Number(i === step)),
      previous_reward: floats([1, 1], () => 3 * step),
      ...carried,
    };
    const [found, wanted] = [await file.run(feeds), await acting.run({ ...weights, ...feeds })];
    const numbers = (tensor: { readonly data: unknown }): Float32Array => tensor.data as Float32Array;
    expect(relativeError(numbers(found.logits!), numbers(wanted.policy!))).toBeLessThan(1e-5);
    for (const name of Object.keys(carried))
      expect(relativeError(numbers(found[`${name}_next`]!), numbers(wanted[`${name}_next`]!)), name).toBeLessThan(1e-5);
    expect(found.attention!.shape).toEqual([1, 2, 8, 8]);
    for (const query of [0, 1]) {
      const map = numbers(found.attention!).subarray(64 * query, 64 * (query + 1));
      expect(map.every((weight) => weight > 0)).toBe(true);
      expect(map.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
    }
    carried = Object.fromEntries(
      Object.entries(carried).map(([name, { shape }]) => [
        name,
        { dtype: "float32" as const, shape, data: numbers(found[`${name}_next`]!) },
      ]),
    );
  }
  await Promise.all([file.release(), acting.release()]);
});
