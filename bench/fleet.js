// A fleet's recordings: what the engine costs beside processes of this machine alone, throughput by workers, jobs handed
// over, and a report on many runs. Needs redis-server, else exit code 77:
//   npm run bench:fleet [-- BAGS RUNS]
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Redis } from "ioredis";
import { engineAddress } from "#src/fleet/engine/address.js";
import { Batches, newBatch } from "#src/fleet/engine/batches.js";
import { packageMetadata } from "#src/package-files.js";
import { freePort } from "./free-port.js";

const [bags = 16, runs = 10_000] = process.argv.slice(2).map(Number);
/** Ticks of a recording of 20 s at 20 Hz. */
const TICKS = 400;
const JOBS = 10_000;
if (spawnSync("redis-server", ["--version"]).error) {
  console.log("bench:fleet: no redis-server; install it (apt install redis-server)");
  process.exit(77);
}
const program = new URL("../bin/torquelens.js", import.meta.url).pathname;
const policy = new URL("../models/reacher.onnx", import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
const { version } = packageMetadata();

/** Runs a command; wall and processor time of it and the processes that it started and waited for, seconds. */
function timed(...argv) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>"$0"';
  const errors = join(folder, "stderr");
  const { status, stderr } = spawnSync("bash", ["-c", script, errors, process.execPath, program, ...argv], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${argv.join(" ")}: ${execFileSync("cat", [errors])}`);
  const [wall, user, system] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
  return { wall, cpu: user + system };
}

/** Processor time of a process and those that it started, seconds (Linux). */
function processorTime(pid) {
  // The name before them may hold spaces; ticks are hundredths of a second.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return (Number(stat[11]) + Number(stat[12])) / 100 + children.reduce((sum, child) => sum + processorTime(child), 0);
}

/** Starts workers, and waits until they take jobs. */
async function workers(count, url) {
  const argv = [program, "worker", url, "--root", folder, "--concurrency", "1"];
  const started = Array.from({ length: count }, () =>
    spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "ignore"] }),
  );
  for (const one of started) await once(one.stdout, "data");
  for (const one of started) one.stdout.resume();
  return {
    /** Ends them; returns their processor time. */
    async end() {
      const cpu = started.reduce((sum, { pid }) => sum + processorTime(pid), 0);
      const ended = started.map((one) => once(one, "exit"));
      for (const one of started) one.kill("SIGTERM");
      await Promise.all(ended);
      return cpu;
    },
  };
}

const port = await freePort();
const redis = spawn(
  "redis-server",
  ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "yes"],
  { stdio: "ignore" },
);
const url = `redis://127.0.0.1:${port}`;
const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50 });
client.on("error", () => {});
const used = async () => {
  const text = await client.info("cpu");
  return ["used_cpu_user", "used_cpu_sys"].reduce(
    (sum, key) => sum + Number(new RegExp(`${key}:([\\d.]+)`).exec(text)[1]),
    0,
  );
};
const memory = async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))[1]);

try {
  const first = join(folder, "run-0.mcap");
  timed("sim", "--policy", policy, "--speed", "0", "--no-live", "--ticks", `${TICKS}`, "--record", first);
  const all = Array.from({ length: bags }, (_, i) => join(folder, `run-${i}.mcap`));
  for (const bag of all.slice(1)) await copyFile(first, bag);
  const { size } = await stat(first);
  let outputs = 0;
  const batch = (...argv) =>
    timed("batch", ...all, "--policy", policy, "-o", join(folder, `out-${outputs++}`), ...argv);
  const seconds = (value) => Number(value.toFixed(1));
  const table = {};

  const embedded = batch("--jobs", "1");
  table["1 process of this machine"] = { "wall, s": seconds(embedded.wall), "processor, s": seconds(embedded.cpu) };
  for (const count of [1, 2, 4].filter((count) => count <= Math.max(2, availableParallelism()))) {
    const before = await used();
    const some = await workers(count, url);
    const { wall, cpu } = batch("--engine", url);
    const total = cpu + (await some.end()) + (await used()) - before;
    table[`${count} worker${count > 1 ? "s" : ""}`] = {
      "wall, s": seconds(wall),
      "processor, s": seconds(total),
      "recordings a minute": Math.round((60 * bags) / wall),
      "processor time beside 1 process": `${(100 * (total / embedded.cpu - 1)).toFixed(1)} %`,
    };
  }
  console.log(`${bags} recordings of ${TICKS} ticks (20 s), ${(size / 1e6).toFixed(1)} MB each:`);
  console.table(table);

  const idle = await memory();
  const address = engineAddress(url, {});
  const batches = await Batches.open(address, version, console.error);
  const job = (i) => ({
    version,
    schema: 1,
    recording: { uri: `/lab/recordings/2026-11-29/arm-${i % 40}/run-${i}.mcap`, fingerprint: "0123456789ab" },
    output: "/lab/explained",
    policy: "a".repeat(64),
    settings: {
      method: "dtd",
      precision: "exact",
      level: "full",
      every: 1,
      image: {},
      joints: [],
      values: {},
      given: {},
      msgPath: [],
    },
  });
  const jobs = Array.from({ length: JOBS }, (_, i) => job(i));
  const began = performance.now();
  await batches.add(jobs, { id: newBatch(), output: "/lab/explained", already: 0 });
  const took = (performance.now() - began) / 1000;
  console.log(
    `${JOBS} jobs handed over in ${took.toFixed(2)} s; Redis holds ${Math.round(((await memory()) - idle) / JOBS)} bytes a job`,
  );
  await batches.close();

  // The table of runs of a fleet: copies of one part under other names.
  const [part] = execFileSync("find", [join(folder, "out-0", "runs"), "-name", "*.parquet"], {
    encoding: "utf8",
  }).split("\n");
  const place = (i) =>
    join(folder, "fleet", "runs", "policy=reacher-00000000", `date=2026-11-${10 + (i % 20)}`, `robot=arm-${i % 40}`);
  for (let i = 0; i < runs; i++) {
    if (i < 800) await mkdir(place(i), { recursive: true });
    await copyFile(part, join(place(i), `${i.toString(16).padStart(24, "0")}-0123456789ab.parquet`));
  }
  const main = new URL("../dist/cli/main.js", import.meta.url).href;
  const code = `import { main } from ${JSON.stringify(main)};
    process.exitCode = await main(${JSON.stringify(["report", "--dataset", join(folder, "fleet"), "-o", join(folder, "page.html")])});
    console.error(process.resourceUsage().maxRSS);`;
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  const peak = Math.round(Number(stderr.trim().split("\n").at(-1)) / 1024);
  console.log(
    `report on ${runs} runs in as many parts: ${((performance.now() - start) / 1000).toFixed(1)} s, ${peak} MB at most`,
  );
  const parts = execFileSync("du", ["-sb", join(folder, "out-0", "ticks")], { encoding: "utf8" }).split("\t")[0];
  console.log(
    `a recording's part: ${Math.round(Number(parts) / bags / 1000)} kB of ticks, ${Math.round((await stat(part)).size / 1000)} kB of runs`,
  );
} finally {
  client.disconnect();
  redis.kill();
  await rm(folder, { recursive: true, force: true });
}
