// Side by side with other people's code: `PYTHON=/path/to/python npm run bench:peers`. See README.md beside this file.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { better } from "#src/bench/cases.js";
import { sampleFeeds } from "#src/bench/feeds.js";
import { levineNetwork } from "#src/bench/levine.js";
import { inChild } from "#src/bench/measuring.js";
import { NETWORKS } from "#src/bench/networks.js";
import { busyWarning, ratiosOf } from "#src/bench/ratios.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { compile } from "#src/relevance/compile.js";
import { Session } from "#src/runtime/session.js";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "240" },
    trained: { type: "boolean", default: false },
    threads: { type: "string", default: "2" },
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});
const [size, threads, seconds, rounds] = [values.size, values.threads, values.seconds, values.rounds].map(Number);
const python = process.env.PYTHON ?? "python3";
const script = fileURLToPath(new URL("peers.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "torquelens-peers-"));
const peer = (name) => JSON.parse(execFileSync(python, [script, folder, name, threads, seconds], { encoding: "utf8" }));

// The trained network is shown its task; what it says of noise would say nothing.
const { subject, observation } = values.trained ? await NETWORKS["trained-240"]() : { subject: levineNetwork(size) };
const explained = (method) => compile(subject, { method, depth: "heatmap" }).bytes;
/** Case, our model that runs it, and our case that it is compared with. */
const CASES = [
  ["forward", writeModel(subject.graph)],
  ["dtd", explained("dtd")],
  ["dtd-fast", compile(subject, { depth: "heatmap", precision: "fast" }).bytes],
  ["gradient-x-input", explained("gradient-x-input")],
  ["guided-backprop, 7 torques", explained("guided-backprop")],
  ["integrated-gradients, 50 steps", explained("integrated-gradients:steps=50")],
  ["torch-forward", undefined, "forward"],
  ["zennit-zplus", undefined, "dtd"],
  ["captum-lrp", undefined, "dtd"],
  ["torch-gradient", undefined, "gradient-x-input"],
  ["captum-guided-backprop", undefined, "guided-backprop, 7 torques"],
  ["captum-integrated-gradients", undefined, "integrated-gradients, 50 steps"],
];

try {
  await writeObservation();
  const versions = peer("versions");
  const best = new Map();
  for (let round = 0; round < rounds; round++)
    for (const [name, model] of CASES) {
      const measured = model
        ? (await inChild({ model, threads, device: "cpu", seconds, observation })).measured
        : peer(name);
      best.set(name, better(best.get(name), measured));
    }
  const times = (name) => ({ wallMs: best.get(name).median_ms, cpuMs: best.get(name).cpu_ms });
  const comparisons = [];
  const rows = CASES.map(([name, , ours]) => {
    const forward = ratiosOf(times(name), times("forward"));
    const own = ours && ratiosOf(times(name), times(ours));
    comparisons.push({ name, ratios: forward, others: best.get("forward").others });
    const { wallMs, cpuMs } = times(name);
    return {
      case: name,
      median_ms: wallMs,
      cpu_ms: cpuMs,
      ratio_to_forward: forward.wall,
      cpu_ratio_to_forward: forward.cpu,
      ...(own && { ours, ratio_to_ours: own.wall, cpu_ratio_to_ours: own.cpu }),
    };
  });
  const busy = busyWarning(comparisons);
  if (busy !== undefined) process.stderr.write(`warning: ${busy}\n`);
  if (values.json) process.stdout.write(`${JSON.stringify({ size, threads, versions, rows })}\n`);
  else process.stdout.write(table(rows, versions));
} finally {
  rmSync(folder, { recursive: true });
}

/** Writes the inputs of every case: the network, one observation, and the expected torques. */
async function writeObservation() {
  const bytes = writeModel(subject.graph);
  const session = await Session.create(bytes, { threads });
  const feeds = { ...sampleFeeds(subject.graph.inputs), ...observation };
  const { torque } = await session.run(feeds);
  await session.release();
  writeFileSync(join(folder, "levine.onnx"), bytes);
  const tensors = { ...feeds, torque };
  for (const [name, { data }] of Object.entries(tensors)) writeFileSync(join(folder, `${name}.bin`), data);
  const shapes = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  // Values of white where the first layer reads the picture.
  const white = values.trained ? 255 : 1;
  writeFileSync(join(folder, "observation.json"), JSON.stringify({ ...shapes, white }));
}

function table(rows, versions) {
  const used = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const lines = rows.map((row) =>
    [
      row.case,
      row.median_ms.toFixed(1),
      row.ratio_to_forward.toFixed(2),
      row.cpu_ratio_to_forward.toFixed(2),
      row.ours ? `${row.ratio_to_ours.toFixed(1)} × ${row.ours}` : "",
      row.ours ? row.cpu_ratio_to_ours.toFixed(1) : "",
    ].join(" | "),
  );
  return [
    `${values.trained ? "trained-240" : `levine-${size}`}, ${threads} threads, ${used.join(", ")}`,
    "",
    "| case | median ms | × our forward | by processor time | × ours | by processor time |",
    "|---|---:|---:|---:|---|---:|",
    ...lines.map((line) => `| ${line} |`),
    "",
  ].join("\n");
}
