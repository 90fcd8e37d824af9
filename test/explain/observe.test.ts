import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { blankObservation } from "#src/explain/blank-observation.js";
import { Explainer } from "#src/explain/explainer.js";
import { type Observed, observe } from "#src/explain/observe.js";
import { decodeFile } from "#src/image/image-file.js";
import { shippedPolicy } from "#src/package-files.js";
import type { ImageModality } from "#src/policy/modalities.js";
import { loadPolicy } from "#src/policy/policy.js";

const policy = await loadPolicy(shippedPolicy("reacher"));
const camera = policy.modalities.find((modality): modality is ImageModality => modality.kind === "image")!;
const image = await decodeFile(await readFile(new URL("../../examples/data/camera.png", import.meta.url)), camera);
const state = {
  joint_position: [-1.1018, 1.0554],
  joint_velocity: [5.4474, 0.9225],
  end_effector_position: [0.1841, -0.1131, 0],
  end_effector_velocity: [0.6215, 1.1226, 0],
};

describe("observe", () => {
  let explainer: Explainer;
  beforeAll(async () => {
    explainer = await Explainer.create(policy, { worker: false });
  });
  afterAll(() => explainer.close());

  it("is explained like an observation with every field written out", async () => {
    const values = Object.fromEntries(Object.entries(state).map(([name, v]) => [name, Float64Array.from(v)]));
    const written = await explainer.explain({ ...blankObservation(policy), images: { image }, values });
    const observed = await explainer.explain(observe({ image, ...state }));
    for (const name of ["torque", "shares", "torqueShares", "heatmaps", "relevance", "importance"] as const)
      expect(observed[name], name).toEqual(written[name]);
    expect(Array.from(observed.importance)).toEqual([1, 1]);
    expect(observed.flags).toContain("importance_unknown");
    expect(written.flags).not.toContain("importance_unknown");
  });

  it("takes importance, stamp and tick where they are known", async () => {
    const importance = Float64Array.of(1.5, 0.5);
    const observation = observe({ image, ...state }, { importance, stamp: 7n, tick: 3 });
    expect(observation).toMatchObject({ importance, stamp: 7n, tick: 3, flags: [] });
    expect(Array.from((await explainer.explain(observation)).importance)).toEqual([1.5, 0.5]);
  });

  it("is stamped now", () => {
    const before = BigInt(Date.now());
    const { stamp } = observe({});
    expect(stamp / 1_000_000n).toBeGreaterThanOrEqual(before);
    expect(stamp / 1_000_000n).toBeLessThanOrEqual(BigInt(Date.now()));
  });

  it("takes pixels without an encoding as red, green, blue", async () => {
    const { width, height, data, encoding } = image;
    expect(encoding).toBe("rgb8");
    const { images } = observe({ image: { width, height, data } });
    expect(images.image).toEqual({ width, height, data, encoding: "rgb8", frameId: "" });
    expect(observe({ image: { width, height, data, encoding: "bgr8" } }).images.image?.encoding).toBe("bgr8");
  });

  it("takes any array of numbers", () => {
    const given = { a: [1, 2], b: Float32Array.of(0.5), c: Float64Array.of(3), d: Int32Array.of(-4) };
    expect(observe(given).values).toEqual({
      a: Float64Array.of(1, 2),
      b: Float64Array.of(0.5),
      c: Float64Array.of(3),
      d: Float64Array.of(-4),
    });
    expect(observe(JSON.parse('{ "__proto__": [1] }')).values).toHaveProperty(["__proto__"], Float64Array.of(1));
  });

  it.each([
    ["text", "0.1"],
    ["text in an array", ["0.1", "0.2"]],
    ["whole numbers of 64 bits", BigInt64Array.of(1n)],
    ["nothing", undefined],
    ["null", null],
    ["an image without pixels", { width: 2, height: 2 }],
    ["a map by joint", { shoulder: 0.1, elbow: 0.2 }],
  ])("refuses %s by name", (_, given) => {
    const observed = { joint_position: given } as unknown as Observed;
    expect(() => observe(observed)).toThrow(InputError);
    expect(() => observe(observed)).toThrow(
      "joint_position: expected an image (width, height, data) or an array of numbers",
    );
  });

  it("names a modality that is left out or has another size", async () => {
    const { joint_velocity: _, ...rest } = state;
    await expect(explainer.explain(observe({ image, ...rest }))).rejects.toThrow(
      /^joint_velocity: expected 2 elements \(.*\), found none$/,
    );
    await expect(explainer.explain(observe(state))).rejects.toThrow(/^image: the observation has no image/);
    await expect(explainer.explain(observe({ image, ...state, joint_position: [1] }))).rejects.toThrow(
      /^joint_position: expected 2 elements \(.*\), found 1$/,
    );
  });

  it("of a file's bytes says what an image is", async () => {
    const bytes = await readFile(new URL("../../examples/data/camera.png", import.meta.url));
    const expected = `expected an image of ${camera.width}×${camera.height} pixels: width, height and width × height × 3 bytes of data (decodeFile decodes a PNG or JPEG file)`;
    await expect(explainer.explain(observe({ image: bytes, ...state }))).rejects.toThrow(
      `image: found ${bytes.length} numbers, ${expected}`,
    );
  });

  it("ignores a modality that the policy lacks", async () => {
    const { shares } = await explainer.explain(observe({ image, ...state, gripper: [1] }));
    expect(shares).toEqual((await explainer.explain(observe({ image, ...state }))).shares);
  });

  it("refuses numbers that a 32-bit float cannot hold", async () => {
    await expect(explainer.explain(observe({ image, ...state, joint_position: [0, -1e39] }))).rejects.toThrow(
      /^joint_position: element \w+ is -1e\+39, which does not fit a 32-bit float$/,
    );
    const largest = observe({ image, ...state }, { importance: Float64Array.of(1, 1e39) });
    await expect(explainer.explain(largest)).rejects.toThrow(
      /^importance: \w+ has 1e\+39, expected a 32-bit float, 0 or more$/,
    );
  });
});
