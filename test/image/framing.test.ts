import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { Framing, regionOf } from "#src/image/framing.js";
import type { Image } from "#src/image/image.js";
import { ImageError } from "#src/image/image-error.js";
import { type ImageEncoding, pixelsOf } from "#src/image/pixel-formats.js";
import type { ImageModality } from "#src/policy/modalities.js";
import { opticsFrom } from "#src/sensing/optics.js";
import { cameraInfo } from "../sensing/messages.js";

const policy = (width: number, height: number, rest: Partial<ImageModality> = {}): ImageModality =>
  ({ kind: "image", name: "wrist", width, height, encoding: "rgb8", ...rest }) as ImageModality;

function picture(width: number, height: number, encoding: ImageEncoding = "rgb8"): Image {
  const data = Uint8Array.from({ length: width * height * pixelsOf(encoding).bytes }, (_, i) => (i * 37) % 256);
  return { width, height, encoding, data, frameId: "camera" };
}

describe("the region that the policy sees", () => {
  it.each([
    ["all of it", policy(8, 6), [8, 6], [0, 0, 8, 6]],
    ["all of it, to be resized", policy(8, 6, { resize: "area" }), [16, 9], [0, 0, 16, 9]],
    ["a part", policy(4, 3, { crop: [2, 1, 4, 3] }), [8, 6], [2, 1, 4, 3]],
    ["a part, to be resized", policy(4, 3, { crop: [2, 1, 6, 5], resize: "area" }), [8, 6], [2, 1, 6, 5]],
    ["the policy's size about the centre", policy(4, 3, { crop: "centre" }), [9, 8], [2, 2, 4, 3]],
    ["the largest about the centre", policy(4, 4, { crop: "centre", resize: "area" }), [640, 480], [80, 0, 480, 480]],
    ["the largest, upright", policy(4, 2, { crop: "centre", resize: "area" }), [300, 480], [0, 165, 300, 150]],
  ] as const)("%s", (_title, modality, [width, height], region) => {
    expect(regionOf(modality, width, height)).toEqual(region);
  });

  it("about the centre lies within the image for all sizes", () => {
    const size = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(size, size, size, size, (w, h, width, height) => {
        const [x, y, a, b] = regionOf(policy(w, h, { crop: "centre", resize: "area" }), width, height);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(a, b)).toBeGreaterThanOrEqual(1);
        expect(x + a).toBeLessThanOrEqual(width);
        expect(y + b).toBeLessThanOrEqual(height);
        expect(a === width || b === height).toBe(true);
      }),
    );
  });

  it.each([
    [
      policy(8, 6),
      'an image of 9×6, expected 8×6, or keys for wrist in the card: "crop: centre" and "resize: antialias" for images of another size',
    ],
    [policy(4, 3, { crop: [6, 1, 4, 3] }), "an image of 9×6, expected one that holds the card's crop [6, 1, 4, 3]"],
    [
      policy(10, 3, { crop: "centre" }),
      'expected one that holds the policy\'s 10×3, or for wrist in the card the key "resize: antialias" beside crop',
    ],
  ])("is refused with the key to add", (modality, message) => {
    expect(() => regionOf(modality, 9, 6)).toThrow(ImageError);
    expect(() => regionOf(modality, 9, 6)).toThrow(message);
  });
});

describe("framing", () => {
  it("returns an image of the policy's size unchanged, without a view", () => {
    const image = picture(8, 6);
    const framed = new Framing(policy(8, 6)).frame(image);
    expect(framed.image).toBe(image);
    expect(framed.view).toBeUndefined();
  });

  it.each(["rgb8", "bgra8", "mono8", "16UC1"] as const)("cuts out pixels: %s", (encoding) => {
    const image = picture(9, 7, encoding);
    const modality = policy(4, 3, { crop: [3, 2, 4, 3], encoding: encoding === "16UC1" ? "16UC1" : "rgb8" });
    const { image: part, view } = new Framing(modality).frame(image);
    const bytes = image.data.length / 63;
    expect(part).toMatchObject({ width: 4, height: 3, encoding, frameId: "camera" });
    for (let y = 0; y < 3; y++)
      for (let x = 0; x < 4; x++)
        for (let b = 0; b < bytes; b++)
          expect(part.data[(y * 4 + x) * bytes + b]).toBe(image.data[((y + 2) * 9 + x + 3) * bytes + b]);
    expect(view).toEqual({ image, region: [3, 2, 4, 3] });
    expect(view!.image).toBe(image);
  });

  it("resizes 16-bit words, also at an odd byte offset", () => {
    const words = Uint16Array.from({ length: 16 }, (_, i) => 4000 * i);
    const odd = new Uint8Array(33);
    odd.set(new Uint8Array(words.buffer), 1);
    const framing = new Framing(policy(2, 2, { encoding: "16UC1", resize: "area" }));
    for (const data of [odd.subarray(1), Buffer.from(odd.buffer, 1)]) {
      const { image } = framing.frame({ ...picture(4, 4, "16UC1"), data });
      expect([...new Uint16Array(image.data.buffer)]).toEqual([10_000, 18_000, 42_000, 50_000]);
    }
  });

  it("adapts to a camera that changes its size", () => {
    const framing = new Framing(policy(4, 4, { resize: "nearest" }));
    for (const [width, height] of [
      [8, 8],
      [16, 4],
      [8, 8],
    ] as const) {
      const image = picture(width, height, "mono8");
      expect(framing.frame(image)).toEqual(new Framing(policy(4, 4, { resize: "nearest" })).frame(image));
    }
  });

  it.each([
    ["16UC1", "rgb8", "pixels of 16UC1, expected pixels of rgb8, which the policy sees"],
    ["mono8", "16UC1", "pixels of mono8, expected pixels of 16UC1, which the policy sees"],
  ] as const)("refuses %s for a policy that sees %s", (encoding, wanted, message) => {
    expect(() => new Framing(policy(4, 4, { encoding: wanted })).frame(picture(4, 4, encoding))).toThrow(message);
  });
});

describe("calibration", () => {
  /** Where a camera sees a point: pixels, centres at whole numbers. */
  const project = (matrix: Float64Array, columns: 3 | 4, point: readonly number[]): [x: number, y: number] => {
    const row = (r: number) => point.reduce((sum, value, c) => sum + (matrix[r * columns + c] ?? 0) * value, 0);
    return [row(0) / row(2), row(1) / row(2)];
  };
  const points = [
    [0.1, -0.2, 1],
    [-0.3, 0.25, 2],
    [0, 0, 1.5],
  ];

  it("moves with the pixels: a point projects to where its pixel went", () => {
    const optics = opticsFrom(cameraInfo(), 640, 480)!;
    const modality = policy(120, 80, { crop: [100, 60, 360, 400], resize: "area" });
    const { image } = new Framing(modality).frame({ ...picture(640, 480), optics });
    for (const [x, y, z] of points as [number, number, number][]) {
      const [u, v] = project(optics.intrinsics, 3, [x, y, z]);
      const [newU, newV] = project(image.optics!.intrinsics, 3, [x, y, z]);
      // An edge of a pixel lies half a pixel before its centre.
      expect(newU + 0.5).toBeCloseTo(((u + 0.5 - 100) * 120) / 360, 9);
      expect(newV + 0.5).toBeCloseTo(((v + 0.5 - 60) * 80) / 400, 9);
      const [pu, pv] = project(optics.projection, 4, [x, y, z, 1]);
      const [newPu, newPv] = project(image.optics!.projection, 4, [x, y, z, 1]);
      expect(newPu + 0.5).toBeCloseTo(((pu + 0.5 - 100) * 120) / 360, 9);
      expect(newPv + 0.5).toBeCloseTo(((pv + 0.5 - 60) * 80) / 400, 9);
    }
    expect(image.optics).toMatchObject({ distortionModel: "plumb_bob", distortion: optics.distortion });
    expect(image.optics!.rectification).toEqual(optics.rectification);
  });

  it("is unchanged for a whole image that is not resized", () => {
    const info = cameraInfo();
    const optics = opticsFrom(info, 640, 480)!;
    expect(optics.intrinsics).toEqual(info.k);
    expect(optics.projection).toEqual(info.p);
  });

  it("takes binning and the sensor's region of interest into account", () => {
    const roi = { x_offset: 40, y_offset: 20, width: 400, height: 300, do_rectify: false };
    const optics = opticsFrom(cameraInfo({ binning_x: 2, binning_y: 2, roi }), 200, 150)!;
    const [u] = project(optics.intrinsics, 3, points[0]!);
    expect(u + 0.5).toBeCloseTo((500 * 0.1 + 319.5 + 0.5 - 40) / 2, 9);
  });

  it("is undefined for an uncalibrated camera", () => {
    expect(opticsFrom(cameraInfo({ k: new Float64Array(9) }), 640, 480)).toBeUndefined();
  });

  test.each([
    [{ k: new Float64Array(4) }, "K has 4 elements, expected 9"],
    [{ p: new Float64Array(0) }, "P has 0 elements, expected 12"],
    [{ width: 320 }, "calibrated for images of 320×480 pixels, expected 640×480, the size of the images"],
  ])("is refused where it does not fit", (change, message) => {
    expect(() => opticsFrom(cameraInfo(change), 640, 480)).toThrow(message);
  });
});
