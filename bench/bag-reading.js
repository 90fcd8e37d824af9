// Reading and decoding of a bag without inference: MB of payload a second, for MCAP (zstd and uncompressed) and SQLite.
//   npm run bench:bags [-- images]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import sqlite from "node-sqlite3-wasm";
import { decoderOf } from "../dist/bag/decode.js";
import { openBag } from "../dist/bag/open-bag.js";
import { PartFile } from "../dist/bag/part-file.js";
import { decodeImage } from "../dist/image/decode.js";
import { encoderOf } from "../dist/messages/cdr.js";
import { messageType } from "../dist/messages/definitions.js";

const { positionals } = parseArgs({ allowPositionals: true });
const COUNT = Number(positionals[0] ?? 500);
const [WIDTH, HEIGHT] = [640, 480];
const TYPE = "sensor_msgs/msg/Image";

/** A picture with something in it, so that compression has work to do. */
function picture(tick) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < data.length; i++) data[i] = 128 + 60 * Math.sin(i / 700 + tick) + ((i * 2654435761) >>> 29);
  return data;
}

const encode = encoderOf(TYPE);
const pictures = Array.from({ length: 8 }, (_, tick) => picture(tick));
const message = (tick) =>
  encode({
    header: { stamp: { sec: 1 + Math.floor(tick / 30), nanosec: (tick % 30) * 33_000_000 }, frame_id: "camera" },
    width: WIDTH,
    height: HEIGHT,
    encoding: "rgb8",
    is_bigendian: 0,
    step: WIDTH * 3,
    data: pictures[tick % pictures.length],
  });
const logTime = (tick) => 1_000_000_000n + BigInt(tick) * 33_000_000n;

async function writeMcap(path, compression) {
  await zstd.isLoaded;
  const file = await PartFile.create(path);
  const compressChunk = (data) => ({ compression, compressedData: zstd.compress(data, 1) });
  const writer = new McapWriter({ writable: file, ...(compression && { compressChunk }) });
  await writer.start({ profile: "ros2", library: "bench" });
  const data = new TextEncoder().encode(messageType(TYPE).schema);
  const schemaId = await writer.registerSchema({ name: TYPE, encoding: "ros2msg", data });
  const channelId = await writer.registerChannel({
    schemaId,
    topic: "/image",
    messageEncoding: "cdr",
    metadata: new Map(),
  });
  for (let tick = 0; tick < COUNT; tick++) {
    const time = logTime(tick);
    await writer.addMessage({ channelId, sequence: tick, logTime: time, publishTime: time, data: message(tick) });
  }
  await writer.end();
  await file.finish();
}

function writeDb3(path) {
  const database = new sqlite.Database(path);
  database.exec("PRAGMA journal_mode=MEMORY");
  database.exec("CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT)");
  database.exec("CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)");
  database.exec("CREATE INDEX timestamp_idx ON messages (timestamp ASC)");
  database.run("INSERT INTO topics VALUES (1, '/image', ?, 'cdr')", [TYPE]);
  database.exec("BEGIN");
  for (let tick = 0; tick < COUNT; tick++)
    database.run("INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)", [logTime(tick), message(tick)]);
  database.exec("COMMIT");
  database.close();
}

async function read(path) {
  const started = performance.now();
  const bag = await openBag(path);
  const decode = decoderOf(bag.topics[0], path);
  let bytes = 0;
  for await (const { data } of bag.read()) {
    bytes += data.length;
    await decodeImage(decode(data));
  }
  await bag.close();
  return bytes / 1e6 / ((performance.now() - started) / 1000);
}

const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
try {
  const cases = {
    "MCAP, uncompressed": ["plain.mcap", (path) => writeMcap(path, "")],
    "MCAP, zstd": ["packed.mcap", (path) => writeMcap(path, "zstd")],
    SQLite: ["bag.db3", async (path) => writeDb3(path)],
  };
  process.stdout.write(`${COUNT} images of ${WIDTH}x${HEIGHT}, read and decoded, best of 3\n`);
  for (const [name, [file, write]] of Object.entries(cases)) {
    const path = join(folder, file);
    await write(path);
    const rates = [];
    for (let round = 0; round < 3; round++) rates.push(await read(path));
    process.stdout.write(
      `${name.padEnd(20)} ${Math.max(...rates)
        .toFixed(0)
        .padStart(5)} MB/s\n`,
    );
  }
} finally {
  await rm(folder, { recursive: true });
}
