import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { feedsOf } from "#src/explain/feeds.js";
import * as b from "#src/graph/build.js";
import type { DType } from "#src/graph/dtype.js";
import type { Image } from "#src/image/image.js";
import { type CardEncoding, IMAGE_ENCODINGS, type ImageEncoding, pixelsOf } from "#src/image/pixel-formats.js";
import { parseCard } from "#src/policy/card.js";
import { modalitiesOf } from "#src/policy/modalities.js";
import type { Policy } from "#src/policy/policy.js";
import { tensorsOf } from "#src/policy/tensors.js";

const [WIDTH, HEIGHT] = [5, 3];
const EIGHT_BITS = IMAGE_ENCODINGS.filter((encoding) => pixelsOf(encoding).bits === 8);
type Layout = "NHWC" | "NCHW";

/** Bytes 0 to 255 in no order; the last pixel is white and opaque, so that the range's end is met. */
function picture(encoding: ImageEncoding): Image {
  const { bytes } = pixelsOf(encoding);
  const size = WIDTH * HEIGHT * bytes;
  const data = Uint8Array.from({ length: size }, (_, i) => (i >= size - bytes ? 255 : (i * 89 + 17) % 256));
  return { width: WIDTH, height: HEIGHT, encoding, data, frameId: "camera" };
}

interface Wanted {
  readonly encoding: CardEncoding;
  readonly layout: Layout;
  readonly dtype: DType;
  readonly range: readonly [number, number];
}

function policy({ encoding, layout, dtype, range }: Wanted): Policy {
  const channels = encoding === "mono8" || encoding === "16UC1" ? 1 : 3;
  const image = b.input(
    "image",
    dtype,
    layout === "NHWC" ? [1, HEIGHT, WIDTH, channels] : [1, channels, HEIGHT, WIDTH],
  );
  const graph = {
    name: "feeds",
    inputs: new Map([
      ["image", image],
      ["state", b.input("state", "float32", [1, 3])],
    ]),
    outputs: new Map(),
    metadata: new Map(),
    opset: 18,
  };
  const card = parseCard(
    JSON.stringify({
      torquelens_card: 1,
      name: "feeds",
      control_period: 0.05,
      joints: ["a"],
      torque: { output: "torque", limits: 1 },
      inputs: {
        image: { modality: "image", encoding, layout, range },
        state: [
          { modality: "goal", quantity: "other", start: 0, elements: ["x", "y"] },
          { modality: "joint_velocity", start: 2, size: 1 },
        ],
      },
    }),
    "card",
  );
  return { graph, card, modalities: modalitiesOf(card, tensorsOf(graph).inputs) } as unknown as Policy;
}

/** Red, green and blue of a pixel, read as the encoding's name says. */
function colour({ encoding, data, width }: Image, x: number, y: number): [number, number, number] {
  const at = (letter: string) => {
    if (encoding === "mono8") return data[y * width + x]!;
    const letters = encoding.slice(0, -1);
    return data[(y * width + x) * letters.length + letters.indexOf(letter)]!;
  };
  return [at("r"), at("g"), at("b")];
}

/** What the tensor must hold, by the meaning of every index. */
function expected(image: Image, { encoding, layout, dtype, range: [low, high] }: Wanted): number[] {
  const channels = encoding === "mono8" ? 1 : 3;
  const size = [HEIGHT, WIDTH, channels];
  const tensor = new Array<number>(HEIGHT * WIDTH * channels).fill(Number.NaN);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++)
      for (let c = 0; c < channels; c++) {
        const [red, green, blue] = colour(image, x, y);
        const grey = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
        const byte =
          encoding === "mono8" ? grey : encoding === "rgb8" ? [red, green, blue][c]! : [blue, green, red][c]!;
        const value = low + ((high - low) / 255) * byte;
        const at = layout === "NHWC" ? (y * size[1]! + x) * channels + c : (c * HEIGHT + y) * WIDTH + x;
        tensor[at] = dtype === "float32" ? Math.fround(value) : value;
      }
  return tensor;
}

const state = { joint_velocity: Float64Array.of(0.5), goal: Float64Array.of(1, -2) };
const rgb: Wanted = { encoding: "rgb8", layout: "NHWC", dtype: "uint8", range: [0, 255] };

describe("feedsOf", () => {
  const wanted: Wanted[] = (["rgb8", "bgr8", "mono8"] as const).flatMap((encoding) =>
    (["NHWC", "NCHW"] as const).flatMap((layout) => [
      { encoding, layout, dtype: "uint8" as const, range: [0, 255] as const },
      { encoding, layout, dtype: "float32" as const, range: [0, 255] as const },
      { encoding, layout, dtype: "float32" as const, range: [0, 1] as const },
      { encoding, layout, dtype: "float32" as const, range: [-1, 1] as const },
      { encoding, layout, dtype: "float64" as const, range: [-0.5, 0.5] as const },
    ]),
  );
  it.each(["NHWC", "NCHW"] as const)("depth of 16 bits as low + scale · word: %s", (layout) => {
    const policyOfDepth = policy({ encoding: "16UC1", layout, dtype: "float32", range: [0, 65.535] });
    const words = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i === 3 ? 65535 : 997 * i));
    const depth: Image = { ...picture("mono8"), encoding: "16UC1", data: new Uint8Array(words.buffer) };
    const { data } = feedsOf(policyOfDepth, { images: { image: depth }, values: state }).image!;
    expect(data).toEqual(Float32Array.from(words, (word) => (65.535 / 65535) * word));
    const other = { images: { image: picture("mono8") }, values: state };
    expect(() => feedsOf(policyOfDepth, other)).toThrow("image: expected an image of 16UC1, found mono8");
    const colours = policy({ ...rgb, layout });
    expect(() => feedsOf(colours, { images: { image: depth }, values: state })).toThrow("found 16UC1");
  });

  it.each(wanted)("$encoding $layout $dtype $range from images of every encoding", (want) => {
    for (const encoding of EIGHT_BITS) {
      const image = picture(encoding);
      const feed = feedsOf(policy(want), { images: { image }, values: state }).image!;
      expect(feed.dtype).toBe(want.dtype);
      expect([encoding, ...(feed.data as Float32Array)]).toEqual([encoding, ...expected(image, want)]);
    }
  });

  it("puts every modality where its slice begins", () => {
    const feeds = feedsOf(policy(rgb), { images: { image: picture("rgb8") }, values: state });
    expect(feeds.state).toEqual({ dtype: "float32", shape: [1, 3], data: Float32Array.of(1, -2, 0.5) });
  });

  it("does not keep the image's buffer", () => {
    const image = picture("rgb8");
    const { data } = feedsOf(policy(rgb), { images: { image }, values: state }).image!;
    image.data.fill(0);
    expect((data as Uint8Array).at(-1)).toBe(255);
  });

  const image = picture("rgb8");
  it.each([
    ["no image", {}, state, "image: the observation has no image of this name"],
    [
      "an image of another size",
      { image: { ...image, width: HEIGHT, height: WIDTH } },
      state,
      "image: expected an image of 5×3 pixels, found 3×5",
    ],
    [
      "too few bytes",
      { image: { ...image, data: image.data.subarray(1) } },
      state,
      "image: expected 45 bytes of rgb8, found 44",
    ],
    [
      "a missing modality",
      { image },
      { joint_velocity: state.joint_velocity },
      "goal: expected 2 elements (x, y), found none",
    ],
    [
      "too many elements",
      { image },
      { ...state, joint_velocity: new Float64Array(2) },
      "joint_velocity: expected 1 elements (a), found 2",
    ],
    ["NaN", { image }, { ...state, goal: Float64Array.of(0, Number.NaN) }, "goal: element y is NaN"],
    [
      "infinity",
      { image },
      { ...state, goal: Float64Array.of(Number.POSITIVE_INFINITY, 0) },
      "goal: element x is Infinity",
    ],
  ])("refuses %s", (_, images, values, message) => {
    expect(() => feedsOf(policy(rgb), { images, values: values as Record<string, Float64Array> })).toThrow(
      new InputError(message),
    );
  });
});
