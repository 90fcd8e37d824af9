import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findInputs } from "#src/bag/inputs.js";
import { openBag } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import { encoderOf } from "#src/messages/cdr.js";
import type { Policy } from "#src/policy/policy.js";
import { encodePng } from "../image/png.js";
import { encodeRvl } from "../image/rvl-encoder.js";
import { header, jointState, rawImage } from "../sensing/messages.js";
import { card, policyOf } from "../sensing/policies.js";
import { type Sample, writeMcap } from "./recordings.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-cameras-"));
});
afterEach(() => rm(folder, { recursive: true }));

const COMPRESSED = "sensor_msgs/msg/CompressedImage";
const recorded = (topic: string, type: string, message: object): Sample => ({
  topic,
  type,
  logTime: 1n,
  data: encoderOf(type)(message),
});
const raw = (topic: string) =>
  recorded(topic, "sensor_msgs/msg/Image", rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(1n) }));
const compressed = (topic: string, data: Uint8Array, format: string) =>
  recorded(topic, COMPRESSED, { header: header(1n), format, data });
const joints = recorded("/arm", "sensor_msgs/msg/JointState", jointState(1n, ["shoulder", "elbow"], [0, 0], [0, 0]));
const info = (topic: string) =>
  recorded(topic, "sensor_msgs/msg/CameraInfo", {
    header: header(1n),
    height: 3,
    width: 4,
    distortion_model: "",
    d: [],
    k: new Array(9).fill(0),
    r: new Array(9).fill(0),
    p: new Array(12).fill(0),
    binning_x: 0,
    binning_y: 0,
    roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
  });
/** A topic of a type whose messages nobody reads. */
const other = (topic: string, type: string): Sample => ({
  ...recorded("/x", "std_msgs/msg/String", { data: "" }),
  topic,
  type,
});

const [width, height] = [4, 3];
const noise = Array.from({ length: 3 * width * height }, (_, i) => (i * 97) % 256);
const jpegOf = (quality: number) =>
  sharp(Uint8Array.from(noise), { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
const [fine, coarse] = [await jpegOf(95), await jpegOf(5)];
const jpeg = (topic: string, file = fine) => compressed(topic, file, "rgb8; jpeg compressed bgr8");
const png = (topic: string) => compressed(topic, encodePng(width, height, 8, noise), "rgb8; png compressed bgr8");
const words = noise.slice(0, width * height);
const depth = (topic: string) => {
  const size = Buffer.alloc(20);
  size.writeUInt32LE(width, 12);
  size.writeUInt32LE(height, 16);
  return compressed(topic, Buffer.concat([size, encodeRvl(words)]), "16UC1; compressedDepth rvl");
};

const seeing = (encoding: string, name = "image"): Policy => {
  const { inputs, ...rest } = card();
  const { image, ...others } = inputs as Record<string, object>;
  return policyOf({ ...rest, inputs: { ...others, [name]: { ...image, encoding } } as typeof inputs });
};

/** The topic of the policy's camera, others of the same images, and that of its calibration. */
async function found(
  samples: readonly Sample[],
  image: Readonly<Record<string, string>> = {},
  policy = seeing("rgb8"),
) {
  await writeMcap(join(folder, "bag.mcap"), [joints, ...samples], { withSchemas: false });
  const bag = await openBag(join(folder, "bag.mcap"));
  try {
    const inputs = await findInputs(bag, policy, { image });
    const [images] = inputs.filter(({ feeder }) => feeder.kind === "image");
    const calibration = inputs.find(({ feeder }) => feeder.kind === "camera_info")?.topic.name;
    return [images!.topic.name, images!.others.map(({ name }) => name), calibration];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message.replaceAll(`${folder}/`, "");
  } finally {
    await bag.close();
  }
}

describe("the transports of one image", () => {
  it("raw images are read before any others, whatever those are called", async () => {
    const samples = ["compressed", "jpeg_low", "compressedDepth"].map((name) => jpeg(`/cam/image_raw/${name}`));
    expect(await found([...samples, raw("/cam/image_raw"), info("/cam/camera_info")])).toEqual([
      "/cam/image_raw",
      ["/cam/image_raw/compressed", "/cam/image_raw/jpeg_low", "/cam/image_raw/compressedDepth"],
      "/cam/camera_info",
    ]);
    expect(await found([raw("/cam/image_raw/raw"), jpeg("/cam/image_raw/compressed")])).toEqual([
      "/cam/image_raw/raw",
      ["/cam/image_raw/compressed"],
      undefined,
    ]);
  });

  it.each(["/cam/image_raw/compressed", "/cam/image_raw/jpeg_low", "/ns/cam/image/h"])(
    "%s alone, with the calibration of its image",
    async (topic) => {
      const calibration = topic.replace(/[^/]*\/[^/]*$/, "camera_info");
      expect(await found([jpeg(topic), info(calibration)])).toEqual([topic, [], calibration]);
    },
  );

  it("a compressed image that is no transport has its calibration beside it", async () => {
    expect(await found([jpeg("/cam/front"), info("/cam/camera_info")])).toEqual(["/cam/front", [], "/cam/camera_info"]);
    expect(await found([jpeg("/cam/compressed")])).toEqual(["/cam/compressed", [], undefined]);
    expect(await found([jpeg("/compressed")])).toEqual(["/compressed", [], undefined]);
  });

  it("of compressed ones, those without loss before JPEGs, and more bytes before fewer", async () => {
    const [low, high] = [jpeg("/cam/image/compressed", coarse), jpeg("/cam/image/jpeg_high")];
    expect(await found([low, high])).toEqual(["/cam/image/jpeg_high", ["/cam/image/compressed"], undefined]);
    expect(await found([low, high, png("/cam/image/small")])).toEqual([
      "/cam/image/small",
      ["/cam/image/compressed", "/cam/image/jpeg_high"],
      undefined,
    ]);
  });

  it("what the policy can be shown, by its pixels and not by its name", async () => {
    const samples = [jpeg("/cam/image/compressedDepth"), depth("/cam/image/compressed")];
    expect(await found(samples, {}, seeing("16UC1"))).toMatchObject([
      "/cam/image/compressed",
      expect.anything(),
      undefined,
    ]);
    expect(await found(samples)).toMatchObject(["/cam/image/compressedDepth", expect.anything(), undefined]);
  });

  it("damaged ones and types without decoder come last, and stop nobody", async () => {
    const broken = compressed("/cam/image/compressed", Uint8Array.of(1, 2, 3), "jpeg");
    const zstd = compressed("/cam/image/zstd", new Uint8Array(5000), "zstd");
    expect(await found([broken, zstd, jpeg("/cam/image/mine", coarse)])).toMatchObject([
      "/cam/image/mine",
      expect.anything(),
      undefined,
    ]);
    const video = other("/cam/image/theora", "theora_image_transport/msg/Packet");
    expect(await found([video, jpeg("/cam/image/mine")])).toEqual(["/cam/image/mine", [], undefined]);
  });

  it("are named by their own topic, or by that of the raw images", async () => {
    const samples = [jpeg("/cam/image/compressed", coarse), jpeg("/cam/image/high"), jpeg("/back/image/compressed")];
    expect(await found(samples, { "": "/cam/image/compressed" })).toEqual(["/cam/image/compressed", [], undefined]);
    expect(await found(samples, { image: "/cam/image" })).toMatchObject([
      "/cam/image/high",
      ["/cam/image/compressed"],
      undefined,
    ]);
  });

  it("one camera of several is found by a part of its topic's name", async () => {
    const { inputs, ...rest } = card();
    const two = policyOf({
      ...rest,
      inputs: { ...inputs, wrist: { ...inputs.image!, modality: "wrist" } } as typeof inputs,
    });
    const samples = ["image", "wrist"].flatMap((name) => [
      jpeg(`/${name}/raw/compressed`, coarse),
      png(`/${name}/raw/png`),
    ]);
    expect(await found(samples, {}, two)).toEqual(["/image/raw/png", ["/image/raw/compressed"], undefined]);
  });
});

describe("a bag is refused with the reason", () => {
  it.each<[string, Sample[], Record<string, string>, string]>([
    [
      "compressed images of two cameras",
      [jpeg("/cam/front"), jpeg("/cam/rear")],
      {},
      "bag.mcap: several topics may be image: /cam/front, /cam/rear (--image TOPIC)",
    ],
    [
      "transports of two cameras",
      [jpeg("/left/image/compressed"), jpeg("/left/image/x"), jpeg("/right/image/compressed"), raw("/right/image")],
      {},
      "bag.mcap: several topics may be image: /left/image/compressed, /right/image (--image TOPIC)",
    ],
    [
      "video alone",
      [other("/cam/image/ffmpeg", "ffmpeg_image_transport_msgs/msg/FFMPEGPacket")],
      {},
      "bag.mcap: no images for image, expected sensor_msgs Image or CompressedImage; /cam/image/ffmpeg is of " +
        "ffmpeg_image_transport_msgs/msg/FFMPEGPacket, which cannot be decoded",
    ],
    [
      "video that is named",
      [other("/cam/image/theora", "theora_image_transport/msg/Packet"), raw("/cam/image")],
      { "": "/cam/image/theora" },
      "bag.mcap: no images on /cam/image/theora, which is of theora_image_transport/msg/Packet, expected one of /cam/image",
    ],
  ])("%s", async (_, samples, named, reason) => {
    expect(await found(samples, named)).toBe(reason);
  });
});
