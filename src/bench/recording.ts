import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import type { Compression } from "../bag/compression.js";
import { PartFile } from "../bag/part-file.js";
import { encoderOf } from "../messages/cdr.js";
import { messageType } from "../messages/definitions.js";
import type { ImageMessage, JointStateMessage, Time } from "../messages/types.js";

/** Size of a recorded camera image, pixels. */
export const [WIDTH, HEIGHT] = [640, 480];

/** A message to record. */
export interface Sample {
  readonly topic: string;
  /** Full name of the type; the same for all messages of a topic. */
  readonly type: string;
  /** Nanoseconds since 1970. */
  readonly logTime: bigint;
  readonly message: object;
}

/** `size` bytes of a smooth picture with some noise, as cameras have; different for every `tick`. */
export function smoothPicture(size: number, tick = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => 128 + 60 * Math.sin(i / 700 + tick) + ((i * 2654435761) >>> 29));
}

const PICTURES = Array.from({ length: 8 }, (_, tick) => smoothPicture(WIDTH * HEIGHT * 3, tick));

const stampOf = (logTime: bigint): Time => ({
  sec: Number(logTime / 1_000_000_000n),
  nanosec: Number(logTime % 1_000_000_000n),
});

/** A camera image on `/image`. */
export function cameraSample(tick: number, logTime: bigint): Sample {
  const message: ImageMessage = {
    header: { stamp: stampOf(logTime), frame_id: "camera" },
    width: WIDTH,
    height: HEIGHT,
    encoding: "rgb8",
    is_bigendian: 0,
    step: WIDTH * 3,
    data: PICTURES[tick % PICTURES.length]!,
  };
  return { topic: "/image", type: "sensor_msgs/msg/Image", logTime, message };
}

/** Joints that swing, on `/joint_states`. */
export function jointSample(joints: readonly string[], tick: number, logTime: bigint): Sample {
  const wave = (shape: (phase: number) => number) => Float64Array.from(joints, (_, j) => 0.5 * shape(tick / 50 + j));
  const message: JointStateMessage = {
    header: { stamp: stampOf(logTime), frame_id: "camera" },
    name: [...joints],
    position: wave(Math.sin),
    velocity: wave(Math.cos),
    effort: new Float64Array(),
  };
  return { topic: "/joint_states", type: "sensor_msgs/msg/JointState", logTime, message };
}

/** Writes an MCAP file as rosbag2 lays it out. */
export async function recordMcap(path: string, compression: Compression, samples: Iterable<Sample>): Promise<void> {
  await zstd.isLoaded;
  const file = await PartFile.create(path);
  const compressChunk = (data: Uint8Array) => ({ compression, compressedData: zstd.compress(data, 1) });
  const writer = new McapWriter({ writable: file, ...(compression === "zstd" && { compressChunk }) });
  await writer.start({ profile: "ros2", library: "bench" });
  const channels = new Map<string, { id: number; encode: (message: object) => Uint8Array; count: number }>();
  for (const { topic, type, logTime, message } of samples) {
    let channel = channels.get(topic);
    if (!channel) {
      const schema = new TextEncoder().encode(messageType(type).schema);
      const schemaId = await writer.registerSchema({ name: type, encoding: "ros2msg", data: schema });
      const facts = { schemaId, topic, messageEncoding: "cdr", metadata: new Map() };
      channel = { id: await writer.registerChannel(facts), encode: encoderOf(type), count: 0 };
      channels.set(topic, channel);
    }
    const data = channel.encode(message);
    await writer.addMessage({ channelId: channel.id, sequence: channel.count++, logTime, publishTime: logTime, data });
  }
  await writer.end();
  await file.finish();
}
