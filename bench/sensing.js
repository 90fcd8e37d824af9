// Time from a camera message to an observation, without the network, and processor time:
//   npm run bench:sensing [-- REPEATS]
// On a busy machine processor time is the steadier figure.
import { performance } from "node:perf_hooks";
import sharp from "sharp";
import { smoothPicture } from "#src/bench/recording.js";
import { decodeImage } from "#src/image/decode.js";
import { Framing } from "#src/image/framing.js";
import { nearestRank } from "#src/numbers/quantile.js";
import { JointBuffer } from "#src/sensing/joint-buffer.js";

const REPEATS = Number(process.argv[2] ?? 300);
const header = { stamp: { sec: 0, nanosec: 0 }, frame_id: "camera" };

function raw(encoding, width, height, bytes, padding = 0) {
  const step = width * bytes + padding;
  return { header, width, height, encoding, step, is_bigendian: 0, data: smoothPicture(step * height) };
}

async function compressed(format, width, height) {
  const data = await sharp(smoothPicture(width * height * 3), { raw: { width, height, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  return { header, format, data: new Uint8Array(data) };
}

function modality(width, height, resize) {
  return { kind: "image", name: "image", width, height, encoding: "rgb8", crop: undefined, resize };
}

const rows = [];

async function time(name, run) {
  for (let i = 0; i < 30; i++) await run();
  const times = [];
  const used = [];
  for (let i = 0; i < REPEATS; i++) {
    const before = process.cpuUsage();
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    used.push((user + system) / 1000);
  }
  const at = (list, part) => nearestRank(list, part).toFixed(2);
  rows.push({ what: name, "p50 ms": at(times, 0.5), "p99 ms": at(times, 0.99), "processor p50 ms": at(used, 0.5) });
}

const same = new Framing(modality(240, 240, undefined));
for (const [message, size] of [
  [raw("rgb8", 240, 240, 3), "240×240"],
  [raw("rgb8", 240, 240, 3, 16), "240×240, padded rows"],
  [raw("yuv422_yuy2", 240, 240, 2), "240×240"],
  [raw("bayer_rggb8", 240, 240, 1), "240×240"],
  [await compressed("jpeg", 240, 240), "240×240"],
])
  await time(`${size} ${message.encoding ?? message.format}`, async () => same.frame(await decodeImage(message)));

for (const filter of ["nearest", "bilinear", "area", "antialias"]) {
  const framing = new Framing(modality(240, 240, filter));
  const message = raw("rgb8", 640, 480, 3);
  await time(`640×480 rgb8 → 240×240 ${filter}`, async () => framing.frame(await decodeImage(message)));
}
const area = new Framing(modality(240, 240, "area"));
for (const message of [
  raw("rgba8", 640, 480, 4),
  raw("mono8", 640, 480, 1),
  raw("yuv422_yuy2", 640, 480, 2),
  raw("bayer_rggb8", 640, 480, 1),
  await compressed("jpeg", 640, 480),
  await compressed("png", 640, 480),
])
  await time(`640×480 ${message.encoding ?? message.format} → 240×240 area`, async () =>
    area.frame(await decodeImage(message)),
  );

const names = Array.from({ length: 7 }, (_, j) => `joint_${j}`);
const joints = new JointBuffer(names, {
  missingVelocity: "refuse",
  needsVelocity: true,
  controlPeriod: 50_000_000n,
  horizon: 5_000_000_000n,
});
const state = { header, name: names, position: new Float64Array(7), velocity: new Float64Array(7), effort: [] };
let stamp = 0n;
await time("7 joint states in and one interpolated, 1 kHz", () => {
  for (let i = 0; i < 7; i++) {
    stamp += 1_000_000n;
    joints.add(state, stamp);
  }
  return joints.at(stamp - 500_000n, "interpolate", 50_000_000n);
});
console.table(rows);
