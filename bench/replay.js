// How much of the rate that inference alone allows a replay reaches: bags with images of 640x480, rounds in turn.
//   npm run bench:replay [-- --network levine-240 --images 200 --rounds 3]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import { BagSource } from "../dist/bag/bag-source.js";
import { ExplainedBag } from "../dist/bag/explained-bag.js";
import { openBag } from "../dist/bag/open-bag.js";
import { PartFile } from "../dist/bag/part-file.js";
import { replay } from "../dist/bag/replay.js";
import { LIVE_POLICIES } from "../dist/bench/live/policies.js";
import { ExplainerPool } from "../dist/explain/explainer-pool.js";
import { jointElementsOf } from "../dist/explain/joint-relevance.js";
import { encoderOf } from "../dist/messages/cdr.js";
import { ChannelEncoder } from "../dist/messages/channel-encoder.js";
import { messageType } from "../dist/messages/definitions.js";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", multiple: true, default: Object.keys(LIVE_POLICIES) },
    images: { type: "string", default: "200" },
    rounds: { type: "string", default: "3" },
  },
});
const IMAGES = Number(options.images);
const [WIDTH, HEIGHT] = [640, 480];
const [IMAGE, JOINTS] = ["sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"];
const [RATE, JOINT_RATE] = [20, 100];

/** A smooth picture with some noise, as cameras have. */
function picture(tick) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < data.length; i++) data[i] = 128 + 60 * Math.sin(i / 700 + tick) + ((i * 2654435761) >>> 29);
  return data;
}

/** Joint states every hundredth of a second, and an image with every fifth. */
async function record(path, compression, joints) {
  await zstd.isLoaded;
  const file = await PartFile.create(path);
  const compressChunk = (data) => ({ compression, compressedData: zstd.compress(data, 1) });
  const writer = new McapWriter({ writable: file, ...(compression && { compressChunk }) });
  await writer.start({ profile: "ros2", library: "bench" });
  const channel = async (topic, name) => {
    const schema = { name, encoding: "ros2msg", data: new TextEncoder().encode(messageType(name).schema) };
    const schemaId = await writer.registerSchema(schema);
    const channelId = await writer.registerChannel({ schemaId, topic, messageEncoding: "cdr", metadata: new Map() });
    const encode = encoderOf(name);
    let sequence = 0;
    return (logTime, message) =>
      writer.addMessage({ channelId, sequence: sequence++, logTime, publishTime: logTime, data: encode(message) });
  };
  const [image, jointState] = [await channel("/image", IMAGE), await channel("/joint_states", JOINTS)];
  const pictures = Array.from({ length: 8 }, (_, tick) => picture(tick));
  for (let i = 0; i <= (IMAGES * JOINT_RATE) / RATE; i++) {
    const ns = 1_000_000_000 + (i * 1e9) / JOINT_RATE;
    const header = { stamp: { sec: Math.floor(ns / 1e9), nanosec: ns % 1e9 }, frame_id: "camera" };
    const position = Float64Array.from(joints, (_, j) => 0.5 * Math.sin(i / 50 + j));
    const velocity = Float64Array.from(joints, (_, j) => 0.5 * Math.cos(i / 50 + j));
    await jointState(BigInt(ns), { header, name: joints, position, velocity, effort: new Float64Array() });
    if (i % (JOINT_RATE / RATE) > 0) continue;
    const data = pictures[(i / 5) % pictures.length];
    const size = { width: WIDTH, height: HEIGHT, step: 3 * WIDTH };
    await image(BigInt(ns), { header, ...size, encoding: "rgb8", is_bigendian: 0, data });
  }
  await writer.end();
  await file.finish();
}

const sourceOf = (bag, policy, values) =>
  BagSource.open(bag, policy, { values, copied: () => true, problem: (topic, why) => console.error(topic, why) });

/** Explanations a second of observations that are there already. */
async function alone(explainer, observations) {
  const started = performance.now();
  let next = 0;
  const work = async () => {
    while (next < IMAGES) await explainer.explain(observations[next++ % observations.length]);
  };
  await Promise.all(Array.from({ length: explainer.size }, work));
  return IMAGES / ((performance.now() - started) / 1000);
}

/** Explanations a second of a recording, copied and explained into a file. */
async function replayed(explainer, policy, path, values) {
  const bag = await openBag(path);
  const source = await sourceOf(bag, policy, values);
  const encoder = new ChannelEncoder({ jointElements: jointElementsOf(policy.modalities) });
  const compression = bag.isPacked ? "zstd" : "none";
  const output = await ExplainedBag.create(`${path}.explained.mcap`, { encoder, compression });
  const failed = (error) => {
    throw error;
  };
  const started = performance.now();
  await replay({ source, explainer, jobs: explainer.size, output, failed });
  await output.close();
  const rate = output.explained / ((performance.now() - started) / 1000);
  await source.close();
  await bag.close();
  return rate;
}

const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
try {
  console.log(`${IMAGES} images of ${WIDTH}x${HEIGHT}, best of ${options.rounds}; explanations a second\n`);
  console.log("network          bag           jobs   inference alone   replay   part");
  for (const network of options.network) {
    const policy = await LIVE_POLICIES[network]();
    const others = policy.modalities.filter(({ kind, quantity }) => kind === "values" && quantity === "other");
    const values = Object.fromEntries(others.map(({ name, size }) => [name, new Float64Array(size).fill(0.1)]));
    for (const [name, compression] of [
      ["uncompressed", ""],
      ["zstd", "zstd"],
    ]) {
      const path = join(folder, `${network}-${name}.mcap`);
      await record(path, compression, policy.card.joints);
      const bag = await openBag(path);
      const source = await sourceOf(bag, policy, values);
      const observations = [];
      for await (const observation of source.observations()) if (observations.push(observation) === 8) break;
      await source.close();
      await bag.close();
      for (const jobs of [1, 2]) {
        const explainer = await ExplainerPool.create(policy, { jobs, threads: 1 });
        let [best, top] = [0, 0];
        for (let round = 0; round < Number(options.rounds); round++) {
          best = Math.max(best, await alone(explainer, observations));
          top = Math.max(top, await replayed(explainer, policy, path, values));
        }
        await explainer.close();
        console.log(
          network.padEnd(16),
          name.padEnd(13),
          String(jobs).padStart(4),
          best.toFixed(1).padStart(17),
          top.toFixed(1).padStart(8),
          (top / best).toFixed(2).padStart(6),
        );
      }
      await rm(path);
      await rm(`${path}.explained.mcap`);
    }
  }
} finally {
  await rm(folder, { recursive: true });
}
