// Rate of reading and decoding a bag without inference, MB of payload per second: MCAP (zstd and uncompressed), SQLite.
//   npm run bench:bags [-- images]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sqlite from "node-sqlite3-wasm";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { cameraSample, HEIGHT, recordMcap, WIDTH } from "#src/bench/recording.js";
import { columns } from "#src/cli/output/table.js";
import { decodeImage } from "#src/image/decode.js";
import { encoderOf } from "#src/messages/cdr.js";

const { positionals } = parseArgs({ allowPositionals: true });
const COUNT = Number(positionals[0] ?? 500);
const TYPE = "sensor_msgs/msg/Image";

const logTime = (tick) => 1_000_000_000n + BigInt(tick) * 33_000_000n;
const samples = function* () {
  for (let tick = 0; tick < COUNT; tick++) yield cameraSample(tick, logTime(tick));
};

function writeDb3(path) {
  const database = new sqlite.Database(path);
  database.exec("PRAGMA journal_mode=MEMORY");
  database.exec("CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT)");
  database.exec("CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)");
  database.exec("CREATE INDEX timestamp_idx ON messages (timestamp ASC)");
  database.run("INSERT INTO topics VALUES (1, '/image', ?, 'cdr')", [TYPE]);
  database.exec("BEGIN");
  const encode = encoderOf(TYPE);
  for (const { logTime: time, message } of samples())
    database.run("INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)", [time, encode(message)]);
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
    "MCAP, uncompressed": ["plain.mcap", (path) => recordMcap(path, "none", samples())],
    "MCAP, zstd": ["packed.mcap", (path) => recordMcap(path, "zstd", samples())],
    SQLite: ["bag.db3", async (path) => writeDb3(path)],
  };
  process.stdout.write(`${COUNT} images of ${WIDTH}x${HEIGHT}, read and decoded, best of 3\n`);
  for (const [name, [file, write]] of Object.entries(cases)) {
    const path = join(folder, file);
    await write(path);
    const rates = [];
    for (let round = 0; round < 3; round++) rates.push(await read(path));
    process.stdout.write(`${columns([[name.padEnd(20), `${Math.max(...rates).toFixed(0)} MB/s`]])}\n`);
  }
} finally {
  await rm(folder, { recursive: true });
}
