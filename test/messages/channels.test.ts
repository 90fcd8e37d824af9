import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import type { Explanation } from "#src/explain/explanation.js";
import { encodePng } from "#src/image/encode.js";
import type { Optics } from "#src/image/image.js";
import { overlay } from "#src/image/overlay.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { type ChannelOptions, channelTable, type Look } from "#src/messages/channels.js";
import { messageType } from "#src/messages/definitions.js";
import { checkDisplay, type DisplayOptions, RateLimit } from "#src/messages/display.js";
import { instructionIn } from "#src/messages/explanation-numbers.js";
import { toTime } from "#src/messages/robot.js";
import type {
  CameraInfoMessage,
  CompressedImageMessage,
  ExplanationMessage,
  ImageMessage,
  JointStateMessage,
  RelevanceRatiosMessage,
  StringMessage,
  TfMessage,
} from "#src/messages/types.js";
import { decode } from "./decode.js";
import { MODALITIES, sampleExplanation, sampleImage } from "./sample.js";

const HEADER = { stamp: { sec: 1_700_000_000, nanosec: 273_456_789 }, frame_id: "camera_optical_frame" };
const TICK = 3;
const LOOK: Look = { display: {}, robot: undefined, description: undefined, report: undefined };

/** A calibration, every number of it its own. */
function optics(scale: number): Optics {
  const numbers = (count: number, from: number) => Float64Array.from({ length: count }, (_, i) => scale * (from + i));
  return {
    distortionModel: "plumb_bob",
    distortion: Float64Array.of(0.1, 0, 0, 0, 0),
    intrinsics: numbers(9, 10),
    rectification: numbers(9, 20),
    projection: numbers(12, 30),
  };
}

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
    const table = channelTable({
      robotDescription: "<robot/>",
      jointElements: {},
      attended: ["image"],
      listens: true,
      isSimulated: true,
      diagnostics: () => undefined,
    });
    expect(table.map(({ origin, topic, type }) => [origin, topic, type])).toEqual([
      ["explanation", "/torquelens/explanation", "torquelens/msg/Explanation"],
      ["explanation", "/torquelens/ratios", "torquelens/msg/RelevanceRatios"],
      ["explanation", "/torquelens/heatmap", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/heatmap/mono16", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/heatmap/camera_info", "sensor_msgs/msg/CameraInfo"],
      ["explanation", "/torquelens/overlay", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/overlay/compressed", "sensor_msgs/msg/CompressedImage"],
      ["explanation", "/torquelens/attention", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/attention/mono16", "sensor_msgs/msg/Image"],
      ["explanation", "/torquelens/attention/compressed", "sensor_msgs/msg/CompressedImage"],
      ["explanation", "/torquelens/markers", "visualization_msgs/msg/MarkerArray"],
      ["source", "/joint_states", "sensor_msgs/msg/JointState"],
      ["source", "/tf", "tf2_msgs/msg/TFMessage"],
      ["source", "/instruction", "std_msgs/msg/String"],
      ["source", "/camera/image", "sensor_msgs/msg/Image"],
      ["source", "/camera/camera_info", "sensor_msgs/msg/CameraInfo"],
      ["source", "/robot_description", "std_msgs/msg/String"],
      ["source", "/torquelens/simulation", "torquelens/msg/Simulation"],
      ["source", "/diagnostics", "diagnostic_msgs/msg/DiagnosticArray"],
    ]);
    for (const { origin, name, topic } of table) {
      expect(topic).toBe(origin === "explanation" ? `/torquelens/${name}` : `/${name}`);
    }
    for (const name of ["instruction", "robot_description", "torquelens/simulation", "diagnostics"])
      expect(channelTable().map((channel) => channel.name)).not.toContain(name);
    expect(channelTable().map(({ name }) => name)).not.toContain("markers");
  });

  it("/torquelens/simulation carries the state of a simulation, and has no message without one", async () => {
    const simulation = {
      task: "reacher",
      condition: "third",
      episode: 2,
      tick: 7,
      ticks: 50,
      isPaused: true,
      speed: 0.5,
      goal: [0.1, -0.2],
      tipLink: "forearm",
      progress: 0.25,
      error: 0.5,
      success: false,
      light: 0.75,
      occlude: [1, 2, 3, 4],
      wrench: [1, 2, 3, 4, 5, 6],
    };
    const simulated = { ...explanation, observation: { ...observation, simulation } };
    expect(await receive("/torquelens/simulation", simulated, { isSimulated: true })).toEqual({
      header: HEADER,
      task: "reacher",
      condition: "third",
      episode: 2,
      episode_tick: 7,
      episode_ticks: 50,
      paused: true,
      speed: 0.5,
      goal: Float64Array.of(0.1, -0.2),
      tip_link: "forearm",
      progress: 0.25,
      error: 0.5,
      success: false,
      light: 0.75,
      occlude: Uint32Array.of(1, 2, 3, 4),
      wrench: Float64Array.of(1, 2, 3, 4, 5, 6),
    });
    const encoder = new ChannelEncoder({ isSimulated: true });
    const channel = encoder.channels.find(({ topic }) => topic === "/torquelens/simulation")!;
    expect(encoder.encode(channel, explanation)).toBeUndefined();
  });

  it("/diagnostics carries the report that was made with an explanation", async () => {
    const status = { level: 1, name: "a: b", message: "c", hardware_id: "d", values: [{ key: "e", value: "f" }] };
    const diagnostics = (asked: Explanation) => (asked === explanation ? [status] : undefined);
    expect(await receive("/diagnostics", explanation, { diagnostics })).toEqual({
      header: { ...HEADER, frame_id: "" },
      status: [status],
    });
    const encoder = new ChannelEncoder({ diagnostics });
    const channel = encoder.channels.find(({ topic }) => topic === "/diagnostics")!;
    expect(encoder.encode(channel, { ...explanation })).toBeUndefined();
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
      contrast_joint: "",
      against_joint: "",
      chosen_action: "",
      flags: ["in_contact", "idle"],
      latency_ms: 3.5,
      conservation_residual: Math.fround(1e-6),
      omitted: 2 ** -11,
      modalities: MODALITIES,
      references: ["range", "zero", "zero", "mean"],
      feature_points: "policy",
      shares: explanation.shares,
      element_offsets: Uint32Array.of(0, 0, 2, 4, 7),
      relevance: Float32Array.of(0.01, 0.02, 0.11, 0.12, 0.21, 0.22, 0.23),
      heatmap_peak: Float32Array.of(Math.max(...explanation.heatmaps.image!.data), 0, 0, 0),
      feature_point_offsets: Uint32Array.of(0, 2, 2, 2, 2),
      feature_point_x: Float32Array.of(10, 30.5),
      feature_point_y: Float32Array.of(20, 40.25),
      attention_offsets: new Uint32Array(5),
      attention_queries: [],
      attention_peak: new Float32Array(0),
      instruction: "",
      instruction_modality: "",
      instruction_tokens: [],
      unknown_words: [],
    });
    expect(torques.map(({ joint, torque, importance }) => [joint, torque, importance])).toEqual([
      ["shoulder", 0.5, 1.25],
      ["elbow", -0.25, 0.75],
    ]);
    expect(torques[1]!.shares).toEqual(explanation.torqueShares.slice(4, 8));
    expect(torques[1]!.relevance).toEqual(Float32Array.of(0.3, 0.4, 1.3, 1.4, 2.4, 2.5, 2.6));
  });

  it("/torquelens/explanation carries what was told, which its numbers read back", async () => {
    const instruction = {
      text: "Open the azure drawer",
      modality: "joint_position",
      tokens: ["open", "azure"],
      unknown: ["azure"],
      relevance: Float32Array.of(0.01, 0.02),
    };
    const message = await receive<ExplanationMessage>("/torquelens/explanation", { ...explanation, instruction });
    expect(message).toMatchObject({
      instruction: "Open the azure drawer",
      instruction_modality: "joint_position",
      instruction_tokens: ["open", "azure"],
      unknown_words: ["azure"],
    });
    expect(instructionIn(message)).toEqual(instruction);
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

  it("/joint_states and /tf carry the source's data", async () => {
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

  it("/torquelens/heatmap is relevance in N m, sign and all", async () => {
    const signed = { width: 3, height: 1, data: Float32Array.of(0.5, -0.25, Number.NaN) };
    const message = await receive<ImageMessage>("/torquelens/heatmap", { ...explanation, heatmaps: { image: signed } });
    const { data, ...rest } = message;
    expect(rest).toEqual({ header: HEADER, height: 1, width: 3, encoding: "32FC1", is_bigendian: 0, step: 12 });
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    expect([0, 4, 8].map((at) => view.getFloat32(at, true))).toEqual([0.5, -0.25, Number.NaN]);
  });

  it.each([
    [{}, [65535, 0], 0.5],
    [{ negative: "cool" as const }, [65535, 0], 0.5],
    [{ negative: "magnitude" as const }, [32768, 65535], 1],
    [{ scale: 2 }, [16384, 0], 2],
  ])("/torquelens/heatmap/mono16 with %j has the peak of the explanation", async (display, grey, peak) => {
    const signed = { width: 2, height: 1, data: Float32Array.of(0.5, -1) };
    const mixed = { ...explanation, heatmaps: { image: signed } };
    const { data } = await receive<ImageMessage>("/torquelens/heatmap/mono16", mixed, { display });
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    expect([0, 2].map((at) => view.getUint16(at, true))).toEqual(grey);
    const { heatmap_peak } = await receive<ExplanationMessage>("/torquelens/explanation", mixed, { display });
    expect(heatmap_peak[0]).toBe(peak);
  });

  it("/torquelens/overlay is the overlay, byte for byte", async () => {
    const display = { colormap: "viridis", opacity: 0.5 } as const;
    const message = await receive<ImageMessage>("/torquelens/overlay", explanation, { display });
    const { data, ...rest } = message;
    expect(rest).toEqual({ header: HEADER, height: 96, width: 128, encoding: "rgb8", is_bigendian: 0, step: 384 });
    const exact = overlay(observation.images.image!, explanation.heatmaps.image!, display).data;
    expect(Buffer.compare(data, exact)).toBe(0);
  });

  it("show the camera's whole image where the policy sees a part of it", async () => {
    const whole = { ...sampleImage(200, 150), frameId: "camera_optical_frame", optics: optics(2) };
    const region = [10, 20, 128, 96] as const;
    const image = { ...observation.images.image!, optics: optics(1) };
    const cameras = { image: { image: whole, region } };
    const part = { ...explanation, observation: { ...observation, images: { image }, cameras } };
    expect(await receive<ImageMessage>("/camera/image", part)).toMatchObject({
      width: 200,
      height: 150,
      header: HEADER,
    });
    const drawn = await receive<ImageMessage>("/torquelens/overlay", part);
    const exact = overlay(whole, explanation.heatmaps.image!, {}, region);
    expect(drawn).toMatchObject({ width: 200, height: 150 });
    const { feature_point_x, feature_point_y } = await receive<ExplanationMessage>("/torquelens/explanation", part);
    expect([...feature_point_x, ...feature_point_y]).toEqual([20, 40.5, 40, 60.25]);
    expect(Buffer.compare(drawn.data, exact.data)).toBe(0);
    const info = await receive<CameraInfoMessage>("/camera/camera_info", part);
    expect(info).toMatchObject({ width: 200, height: 150, k: optics(2).intrinsics });
    const heatmapInfo = await receive<CameraInfoMessage>("/torquelens/heatmap/camera_info", part);
    expect(heatmapInfo).toEqual({
      header: HEADER,
      width: 128,
      height: 96,
      distortion_model: "plumb_bob",
      d: Float64Array.of(0.1, 0, 0, 0, 0),
      k: optics(1).intrinsics,
      r: optics(1).rectification,
      p: optics(1).projection,
      binning_x: 0,
      binning_y: 0,
      roi: { x_offset: 0, y_offset: 0, height: 0, width: 0, do_rectify: false },
    });
  });

  it("have no camera_info where the camera is not known", () => {
    const silent = channelTable().filter((channel) => channel.convert(explanation, LOOK) === undefined);
    expect(silent.map(({ name }) => name)).toEqual(["heatmap/camera_info", "camera/camera_info"]);
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

  it("have only the camera's image messages below level full", () => {
    const reduced = { ...explanation, level: "shares" as const, heatmaps: {} };
    const sent = channelTable().filter((channel) => channel.convert(reduced, LOOK) !== undefined);
    expect(sent.map(({ topic }) => topic)).not.toContain("/torquelens/heatmap/mono16");
    expect(sent.map(({ topic }) => topic)).not.toContain("/torquelens/overlay/compressed");
    expect(sent.map(({ topic }) => topic)).toContain("/camera/image");
  });

  it("/robot_description is latched: sent once, not at ticks", () => {
    const encoder = new ChannelEncoder({ robotDescription: '<robot name="π"/>' });
    const channel = encoder.channels.find(({ topic }) => topic === "/robot_description")!;
    expect(channel.qos.durability).toBe("transient_local");
    expect(encoder.encode(channel, explanation)).toBeUndefined();
    const { schema } = messageType(channel.type);
    expect(decode<StringMessage>(schema, encoder.encodeLatched(channel)!)).toEqual({ data: '<robot name="π"/>' });
  });

  it("hand out typed arrays that begin at offset 0 of their buffer", async () => {
    const image = { ...observation.images.image!, optics: optics(1) };
    const calibrated = { ...explanation, observation: { ...observation, images: { image } } };
    for (const channel of channelTable()) {
      const message = (await channel.convert(calibrated, LOOK)) as object;
      const visit = (value: unknown): void => {
        if (ArrayBuffer.isView(value)) expect(value.byteOffset).toBe(0);
        else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
      };
      visit(message);
    }
  });
});

describe("ChannelEncoder", () => {
  const channelOf = (encoder: ChannelEncoder, name: string) =>
    encoder.channels.find((channel) => channel.name === name)!;

  it("encodes a message once for all readers within a tick", () => {
    const encoder = new ChannelEncoder();
    const [channel] = encoder.channels;
    const [first, second] = [sampleExplanation(0), sampleExplanation(1)];
    const bytes = encoder.encode(channel!, first);
    expect(encoder.encode(channel!, first)).toBe(bytes);
    expect(encoder.encode(channel!, second)).not.toBe(bytes);
  });

  it("changes the given display options from now on, and keeps the others", async () => {
    const encoder = new ChannelEncoder({ display: { colormap: "turbo" } });
    const channel = channelOf(encoder, "overlay");
    const explanation = sampleExplanation();
    const drawn = async () =>
      decode<ImageMessage>(messageType(channel.type).schema, (await encoder.encode(channel, explanation))!);
    const exact = (options: object) =>
      overlay(explanation.observation.images.image!, explanation.heatmaps.image!, options).data;
    expect(Buffer.compare((await drawn()).data, exact({ colormap: "turbo" }))).toBe(0);
    encoder.setDisplay({ opacity: 0.3 });
    expect(Buffer.compare((await drawn()).data, exact({ colormap: "turbo", opacity: 0.3 }))).toBe(0);
    encoder.setDisplay({ colormap: undefined });
    expect(Buffer.compare((await drawn()).data, exact({ opacity: 0.3 }))).toBe(0);
    expect(() => encoder.setDisplay({ opacity: 2, colormap: "viridis" })).toThrow(InputError);
    expect(Buffer.compare((await drawn()).data, exact({ opacity: 0.3 }))).toBe(0);
  });

  it("makes smaller JPEGs of lower quality", async () => {
    const encoder = new ChannelEncoder();
    const channel = channelOf(encoder, "overlay/compressed");
    const size = async () => (await encoder.encode(channel, sampleExplanation()))!.length;
    const before = await size();
    encoder.setDisplay({ jpegQuality: 30 });
    expect(await size()).toBeLessThan(before / 2);
  });

  it("limits the rate of heatmaps and overlays only, equally on every channel", () => {
    const encoder = new ChannelEncoder({ display: { heatmapRate: 5 } });
    const sent = (name: string) =>
      Array.from({ length: 20 }, (_, tick) => tick).filter(
        (tick) => encoder.encode(channelOf(encoder, name), sampleExplanation(tick)) !== undefined,
      );
    expect(sent("explanation")).toHaveLength(20);
    expect(sent("camera/image")).toHaveLength(20);
    // 20 ticks at 20 Hz.
    expect(sent("heatmap")).toEqual([0, 4, 8, 12, 16]);
    expect(sent("overlay")).toEqual([0, 4, 8, 12, 16]);
    encoder.setDisplay({ heatmapRate: undefined });
    expect(sent("heatmap/mono16")).toHaveLength(20);
  });
});

describe("RateLimit", () => {
  it("passes the given rate on average, with any jitter", () => {
    const jitter = fc.integer({ min: -4_000_000, max: 4_000_000 });
    fc.assert(
      fc.property(
        fc.array(jitter, { minLength: 400, maxLength: 400 }),
        fc.constantFrom(1, 2, 3, 5, 7, 10),
        (late, rate) => {
          const limit = new RateLimit();
          const granted = late.filter((by, tick) =>
            limit.due(BigInt(tick * 50_000_000 + by + 10_000_000), rate),
          ).length;
          expect(Math.abs(granted - 20 * rate)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it("goes on when the clock jumps, and gives one stamp one answer", () => {
    const limit = new RateLimit();
    expect([limit.due(10_000n, 1), limit.due(10_000n, 1), limit.due(10_001n, 1)]).toEqual([true, true, false]);
    expect(limit.due(10_000_000_000n, 1)).toBe(true);
    expect(limit.due(5n, 1)).toBe(true);
    expect(limit.due(6n, 1)).toBe(false);
  });
});

describe("checkDisplay", () => {
  it.each([
    [{ colormap: "jet" }, 'colormap: found "jet", expected inferno, viridis or turbo'],
    [{ negative: "red" }, 'negative: found "red", expected cool, magnitude or hide'],
    [{ opacity: 1.5 }, "opacity: found 1.5, expected a number from 0 to 1"],
    [{ opacity: Number.NaN }, "opacity: found NaN, expected a number from 0 to 1"],
    [{ scale: 0 }, "scale: found 0, expected a number above 0, relevance per pixel in the outputs' unit"],
    [{ jpegQuality: 0 }, "jpegQuality: found 0, expected a whole number from 1 to 100"],
    [{ jpegQuality: 50.5 }, "jpegQuality: found 50.5, expected a whole number from 1 to 100"],
    [{ heatmapRate: -1 }, "heatmapRate: found -1, expected a number of hertz above 0"],
    [{ toString: 1 }, "toString: expected one of colormap, scale, negative, opacity, jpegQuality, heatmapRate"],
  ])("refuses %j", (options, message) => {
    expect(() => checkDisplay(options as DisplayOptions)).toThrow(InputError);
    expect(() => checkDisplay(options as DisplayOptions)).toThrow(`display option ${message}`);
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
