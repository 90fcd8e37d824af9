import sharp from "sharp";
import { expect, test } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import { blend } from "#src/image/blend.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { ChannelOptions } from "#src/messages/channels.js";
import { messageType } from "#src/messages/definitions.js";
import type { CompressedImageMessage, ExplanationMessage, ImageMessage } from "#src/messages/types.js";
import { decode } from "./decode.js";
import { sampleExplanation } from "./sample.js";

const [WIDTH, HEIGHT] = [40, 30];
const SIZE = WIDTH * HEIGHT;
const mapOf = (query: string, of: (i: number) => number) => ({
  query,
  width: WIDTH,
  height: HEIGHT,
  data: Float32Array.from({ length: SIZE }, (_, i) => of(i)),
});
const TIP = mapOf("tip", (i) => (i % 40) / 100);
const TARGET = mapOf("target", (i) => (i === 7 ? 5 : 0));
/** A tick below level `full`, with two maps. */
const explanation: Explanation = {
  ...sampleExplanation(3, WIDTH, HEIGHT),
  level: "skip",
  heatmaps: {},
  attention: { image: [TIP, TARGET] },
};

async function receive<T>(name: string, given: Explanation, options: ChannelOptions = {}): Promise<T | undefined> {
  const encoder = new ChannelEncoder({ attended: ["image"], ...options });
  const channel = encoder.channels.find((candidate) => candidate.name === name)!;
  const data = await encoder.encode(channel, given);
  return data && decode<T>(messageType(channel.type).schema, data);
}

test("the explanation names the maps and their scales", async () => {
  const message = (await receive<ExplanationMessage>("explanation", explanation))!;
  expect(message.attention_offsets).toEqual(Uint32Array.of(0, 2, 2, 2, 2));
  expect(message.attention_queries).toEqual(["tip", "target"]);
  expect(message.attention_peak).toEqual(Float32Array.of(0.39, 5));
});

test("maps are one below another, as floats and as grey", async () => {
  const floats = (await receive<ImageMessage>("attention", explanation))!;
  expect(floats).toMatchObject({ width: WIDTH, height: 2 * HEIGHT, encoding: "32FC1", step: 4 * WIDTH });
  expect(floats.header.frame_id).toBe("camera_optical_frame");
  expect(new Float32Array(floats.data.slice().buffer)).toEqual(Float32Array.of(...TIP.data, ...TARGET.data));
  const grey = (await receive<ImageMessage>("attention/mono16", explanation))!;
  expect(grey).toMatchObject({ width: WIDTH, height: 2 * HEIGHT, encoding: "mono16", step: 2 * WIDTH });
  const words = new Uint16Array(grey.data.slice().buffer);
  expect(words[39]).toBe(65535);
  expect(words[20]).toBe(Math.round((65535 * 20) / 39));
  expect([words[SIZE + 7], words[SIZE + 8]]).toEqual([65535, 0]);
});

test("the picture is the image in the light of each map, side by side", async () => {
  const { data, format } = (await receive<CompressedImageMessage>("attention/compressed", explanation))!;
  expect(format).toBe("rgb8; jpeg compressed bgr8");
  const { data: pixels, info } = await sharp(data).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([2 * WIDTH, HEIGHT]);
  const wanted = blend(explanation.observation.images.image!, [TIP, TARGET]).data;
  const error = pixels.reduce((sum, value, i) => sum + Math.abs(value - wanted[i]!), 0) / pixels.length;
  expect(error).toBeLessThan(20);
  const light = (from: number, to: number): number => {
    let sum = 0;
    for (let y = 0; y < HEIGHT; y++) for (let x = from; x < to; x++) sum += pixels[3 * (y * 2 * WIDTH + x)]!;
    return sum;
  };
  // The first map rises to the right, the second one is nearly nothing.
  expect(light(20, 40)).toBeGreaterThan(1.8 * light(0, 20));
  expect(light(20, 40)).toBeGreaterThan(2.5 * light(60, 80));
});

test("a tick without attention has no messages, and a camera without it no topics", async () => {
  const without = { ...explanation, attention: {} };
  for (const name of ["attention", "attention/mono16", "attention/compressed"])
    expect(await receive(name, without)).toBeUndefined();
  const encoder = new ChannelEncoder({ cameras: ["front", "wrist"], attended: ["wrist"] });
  expect(encoder.channels.map(({ name }) => name).filter((name) => name.startsWith("attention"))).toEqual([
    "attention/wrist",
    "attention/wrist/mono16",
    "attention/wrist/compressed",
  ]);
});

test("the largest rate of heatmaps holds for attention, also where there are no heatmaps", () => {
  const encoder = new ChannelEncoder({ attended: ["image"], display: { heatmapRate: 10 } });
  const channel = encoder.channels.find(({ name }) => name === "attention/mono16")!;
  const sent = [0, 1, 2, 3].map((tick) => {
    const { observation } = sampleExplanation(tick, WIDTH, HEIGHT);
    return encoder.encode(channel, { ...explanation, observation }) !== undefined;
  });
  expect(sent).toEqual([true, false, true, false]);
});
