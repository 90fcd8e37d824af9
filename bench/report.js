// Time and memory of a report, for one long run and for many short ones:
//   npm run bench:report [-- TICKS RUNS]
import { spawnSync } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const [ticks = 10_000, runs = 1_000] = process.argv.slice(2).map(Number);
const TICKS_OF_A_RUN = 100;
const program = new URL("../bin/torquelens.js", import.meta.url).pathname;
const main = new URL("../dist/cli/main.js", import.meta.url).href;
const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));

/** Runs `torquelens report` in a process of its own, and measures its peak memory. */
function report(...argv) {
  const code = `import { main } from ${JSON.stringify(main)};
    process.exitCode = await main(${JSON.stringify(["report", ...argv])});
    console.error(process.resourceUsage().maxRSS);`;
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(stderr);
  return { seconds: seconds.toFixed(1), "memory, MB": Math.round(Number(stderr.trim().split("\n").at(-1)) / 1024) };
}

function record(name, count) {
  const path = join(folder, name);
  const options = ["sim", "--speed", "0", "--no-live", "--json", "--ticks", String(count), "--record", path];
  const { status, stderr } = spawnSync(process.execPath, [program, ...options], { maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error(String(stderr));
  return path;
}

try {
  const long = record("long.mcap", ticks);
  const short = record("short.mcap", TICKS_OF_A_RUN);
  const many = Array.from({ length: runs }, (_, run) => join(folder, `run-${run}.mcap`));
  for (const path of many) await copyFile(short, path);
  const page = join(folder, "report.html");
  const table = join(folder, "table");
  console.table({
    [`${ticks} ticks, page`]: report(long, "-o", page),
    [`${ticks} ticks, page, CSV and Parquet`]: report(
      long,
      "-o",
      page,
      "--csv",
      table,
      "--parquet",
      `${table}.parquet`,
    ),
    [`${runs} bags of ${TICKS_OF_A_RUN} ticks, page`]: report(...many, "-o", page),
  });
} finally {
  await rm(folder, { recursive: true });
}
