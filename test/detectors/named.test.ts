import { describe, expect, it } from "vitest";
import { named, type Reference } from "#src/detectors/reference.js";

const reference = (...topics: string[]): Reference => ({
  runs: 2,
  cameras: Object.fromEntries(topics.map((topic, k) => [topic, { sharpness: k } as Reference["cameras"][string]])),
  joints: {},
  names: [],
  pose: { camera: topics.at(-1)!, error: Float64Array.of(1), usual: Float64Array.of(1), gain: 0 },
});

describe("cameras of good runs under a policy's names", () => {
  it("are the single one, whatever its name", () => {
    const { cameras, pose } = named(reference("/robot/eye"), ["image"], "x");
    expect(Object.keys(cameras)).toEqual(["image"]);
    expect(pose?.camera).toBe("image");
  });

  it("are those whose topic has the name as a part", () => {
    const { cameras, pose } = named(reference("/wrist/image", "/front/image"), ["front", "wrist"], "x");
    expect([cameras.front!.sharpness, cameras.wrist!.sharpness]).toEqual([1, 0]);
    expect(pose?.camera).toBe("front");
  });

  it("are an error where they are not known", () => {
    expect(() => named(reference("/a/image", "/b/image"), ["front"], "good.mcap")).toThrow(
      /^good\.mcap: found the cameras \/a\/image, \/b\/image, expected one whose topic has the part front$/,
    );
  });
});
