import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import { overlay } from "#src/explain/overlay.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { type ChannelOptions, channelTable, type Look } from "#src/messages/channels.js";
import { messageType } from "#src/messages/definitions.js";
import { encodePng } from "#src/messages/encode.js";
import { toTime } from "#src/messages/robot.js";
import type {
  CompressedImageMessage,
  ExplanationMessage,
  ImageMessage,
  JointStateMessage,
  RelevanceRatiosMessage,
  StringMessage,
  TfMessage,
} from "#src/messages/types.js";
import { decode } from "./decode.js";
import { MODALITIES, sampleExplanation } from "./sample.js";

const HEADER = { stamp: { sec: 1_700_000_000, nanosec: 273_456_789 }, frame_id: "camera_optical_frame" };
const TICK = 3;
const LOOK: Look = { display: {}, robot: undefined };

/** What a reader gets on a topic for an explanation. */
async function receive<T>(topic: string, explanation: Explanation, options: ChannelOptions = {}): Promise<T> {
  const encoder = new ChannelEncoder(options);
  const channel = encoder.channels.find((candidate) => candidate.topic === topic)!;
  const data = await encoder.encode(channel, explanation);
  return decode<T>(messageType(channel.type).schema, data!);
}

describe("channels", () => {
  const explanation = sampleExplanation(TICK);
  const { observation } = explanation;

  it("are one table", () => {
    const table = channelTable({ robotDescription: "<robot/>", jointElements: {} });
    expect(table.map(({ origin, topic, type }) => [origin, topic, type])).toEqual([
      ["explanation", "/torquelens/explanation", "torquelens/msg/Explanation"],
      ["explanation", "/torquelens/ratios", "torquelens/msg/RelevanceRatios"],
      ["explanation", "/torquelens/heatmap", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/heatmap/mono16", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/heatmap/camera_info", "sensor_msgs/msg/CameraInfo"],
      ["explanation", "/torquelens/overlay", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/overlay/compressed", "sensor_msgs/msg/CompressedImage"],
      ["explanation", "/torquelens/markers", "visualization_msgs/msg/MarkerArray"],
      ["source", "/joint_states", "sensor_msgs/msg/JointState"],
      ["source", "/tf", "tf2_msgs/msg/TFMessage"],
      ["source", "/camera/image", "sensor_msgs/msg/Image"],
      ["source", "/camera/camera_info", "sensor_msgs/msg/CameraInfo"],
      ["source", "/robot_description", "std_msgs/msg/String"],
    ]);
    for (const { origin, name, topic } of table) {
      expect(topic).toBe(origin === "explanation" ? `/torquelens/${name}` : `/${name}`);
    }
    expect(channelTable().map(({ name }) => name)).not.toContain("robot_description");
    expect(channelTable().map(({ name }) => name)).not.toContain("markers");
  });

  it("name several cameras in their topics", () => {
    const topics = channelTable({ cameras: ["wrist", "front"] }).map(({ topic }) => topic);
    expect(new Set(topics).size).toBe(topics.length);
    expect(topics).toContain("/camera/wrist/image");
    expect(topics).toContain("/camera/wrist/camera_info");
    expect(topics).toContain("/torquelens/heatmap/front");
    expect(topics).toContain("/torquelens/heatmap/front/mono16");
    expect(topics).toContain("/torquelens/overlay/front/compressed");
  });

  it("/torquelens/explanation carries the whole explanation", async () => {
    const message = await receive<ExplanationMessage>("/torquelens/explanation", explanation);
    const { torques, ...rest } = message;
    expect(rest).toEqual({
      header: HEADER,
      tick: 3n,
      method: "dtd",
      policy_sha256: "ab".repeat(32),
      level: 0,
      heatmap_joint: "",
      flags: ["in_contact", "idle"],
      latency_ms: 3.5,
      conservation_residual: Math.fround(1e-6),
      modalities: MODALITIES,
      references: ["range", "zero", "zero", "mean"],
      feature_points: "policy",
      shares: explanation.shares,
      element_offsets: Uint32Array.of(0, 0, 2, 4, 7),
      relevance: Float32Array.of(0.01, 0.02, 0.11, 0.12, 0.21, 0.22, 0.23),
      heatmap_peak: Float32Array.of(Math.max(...explanation.heatmaps.image!.data), 0, 0, 0),
    });
    expect(torques.map(({ joint, torque, importance }) => [joint, torque, importance])).toEqual([
      ["shoulder", 0.5, 1.25],
      ["elbow", -0.25, 0.75],
    ]);
    expect(torques[1]!.shares).toEqual(explanation.torqueShares.slice(4, 8));
    expect(torques[1]!.relevance).toEqual(Float32Array.of(0.3, 0.4, 1.3, 1.4, 2.4, 2.5, 2.6));
  });

  it("/torquelens/explanation below level full has no heatmap peak, and NaN as residual", async () => {
    const reduced = { ...explanation, level: "skip" as const, heatmaps: {}, relevance: {}, torqueRelevance: {} };
    const skipped = { ...reduced, conservationResidual: Number.NaN, torqueShares: new Float32Array(0) };
    const message = await receive<ExplanationMessage>("/torquelens/explanation", skipped);
    expect(message.level).toBe(2);
    expect(message.conservation_residual).toBeNaN();
    expect(message.element_offsets).toEqual(new Uint32Array(5));
    expect(message.heatmap_peak).toEqual(new Float32Array(4));
    expect(message.torques[0]).toMatchObject({ shares: new Float32Array(0), relevance: new Float32Array(0) });
  });

  it("/torquelens/ratios carries plain numbers", async () => {
    expect(await receive<RelevanceRatiosMessage>("/torquelens/ratios", explanation)).toEqual({
      header: HEADER,
      image: 0.5,
      position: 0.375,
      velocity: 0.125,
      configuration: 0.5,
      weighted_torque: 1.25 * 0.5 + 0.75 * 0.25,
      conservation_residual: Math.fround(1e-6),
      latency_ms: 3.5,
    });
  });

  it("/joint_states and /tf carry what the source knows", async () => {
    expect(await receive<JointStateMessage>("/joint_states", explanation)).toEqual({
      header: { ...HEADER, frame_id: "" },
      name: ["shoulder", "elbow"],
      position: observation.joints.position,
      velocity: observation.joints.velocity,
      effort: new Float64Array(0),
    });
    expect(await receive<TfMessage>("/tf", explanation)).toEqual({
      transforms: [
        {
          header: { ...HEADER, frame_id: "base" },
          child_frame_id: "upper_arm",
          transform: { translation: { x: 0.1, y: 0.2, z: 0.3 }, rotation: { x: 0, y: 0, z: 0.6, w: 0.8 } },
        },
      ],
    });
  });

  it("/camera/image is the image, byte for byte", async () => {
    const message = await receive<ImageMessage>("/camera/image", explanation);
    const { data, ...rest } = message;
    expect(rest).toEqual({ header: HEADER, height: 96, width: 128, encoding: "rgb8", is_bigendian: 0, step: 384 });
    expect(Buffer.compare(data, observation.images.image!.data)).toBe(0);
  });

  it("/camera/image refuses an image of the wrong size", () => {
    const image = { ...observation.images.image!, height: 95 };
    const broken = { ...explanation, observation: { ...observation, images: { image } } };
    const [channel] = channelTable().filter(({ topic }) => topic === "/camera/image");
    expect(() => channel!.convert(broken, LOOK)).toThrow("image image: 36864 bytes, expected 95 rows of 384");
  });

  it("/torquelens/heatmap/mono16 is relevance times 65535 over the peak", async () => {
    const message = await receive<ImageMessage>("/torquelens/heatmap/mono16", explanation);
    expect(message).toMatchObject({ header: HEADER, height: 96, width: 128, encoding: "mono16", step: 256 });
    const { heatmap_peak } = await receive<ExplanationMessage>("/torquelens/explanation", explanation);
    const view = new DataView(message.data.buffer, message.data.byteOffset, message.data.byteLength);
    const { data } = explanation.heatmaps.image!;
    for (let i = 0; i < data.length; i++) {
      const relevance = (view.getUint16(2 * i, true) / 65535) * heatmap_peak[0]!;
      expect(Math.abs(relevance - data[i]!)).toBeLessThan(heatmap_peak[0]! / 65535);
    }
  });

  it("/torquelens/overlay/compressed is a JPEG of the overlay", async () => {
    const message = await receive<CompressedImageMessage>("/torquelens/overlay/compressed", explanation);
    expect(message).toMatchObject({ header: HEADER, format: "rgb8; jpeg compressed bgr8" });
    const { data, info } = await sharp(message.data).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 128, height: 96, channels: 3 });
    const exact = overlay(observation.images.image!, explanation.heatmaps.image!).data;
    const error = data.reduce((sum, value, i) => sum + Math.abs(value - exact[i]!), 0) / data.length;
    expect(error).toBeLessThan(12);
  });

  it("have no image messages below level full but the camera's", () => {
    const reduced = { ...explanation, level: "shares" as const, heatmaps: {} };
    const sent = channelTable().filter((channel) => channel.convert(reduced, LOOK) !== undefined);
    expect(sent.map(({ topic }) => topic)).not.toContain("/torquelens/heatmap/mono16");
    expect(sent.map(({ topic }) => topic)).not.toContain("/torquelens/overlay/compressed");
    expect(sent.map(({ topic }) => topic)).toContain("/camera/image");
  });

  it("/robot_description is latched: there once, silent at every tick", () => {
    const encoder = new ChannelEncoder({ robotDescription: '<robot name="π"/>' });
    const channel = encoder.channels.find(({ topic }) => topic === "/robot_description")!;
    expect(channel.qos.durability).toBe("transient_local");
    expect(encoder.encode(channel, explanation)).toBeUndefined();
    const { schema } = messageType(channel.type);
    expect(decode<StringMessage>(schema, encoder.encodeLatched(channel)!)).toEqual({ data: '<robot name="π"/>' });
  });

  it("hand out typed arrays that begin at offset 0 of their buffer", async () => {
    for (const channel of channelTable()) {
      const message = (await channel.convert(explanation, LOOK)) as object;
      const visit = (value: unknown): void => {
        if (ArrayBuffer.isView(value)) expect(value.byteOffset).toBe(0);
        else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
      };
      visit(message);
    }
  });
});

describe("ChannelEncoder", () => {
  it("encodes a message once for all who ask within a tick", () => {
    const encoder = new ChannelEncoder();
    const [channel] = encoder.channels;
    const [first, second] = [sampleExplanation(0), sampleExplanation(1)];
    const bytes = encoder.encode(channel!, first);
    expect(encoder.encode(channel!, first)).toBe(bytes);
    expect(encoder.encode(channel!, second)).not.toBe(bytes);
  });
});

describe("toTime", () => {
  it("keeps every nanosecond", () => {
    expect(toTime(1_700_000_000_123_456_789n)).toEqual({ sec: 1_700_000_000, nanosec: 123_456_789 });
    expect(toTime(-1n)).toEqual({ sec: -1, nanosec: 999_999_999 });
  });
});

describe("encodePng", () => {
  it("is lossless", async () => {
    const pixels = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => 14 * i) };
    const { data } = await sharp(await encodePng(pixels))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([...data]).toEqual([...pixels.data]);
  });
});
