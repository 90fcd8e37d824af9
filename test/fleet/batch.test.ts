import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { torquelens } from "../cli/run.js";
import { query, table } from "./queries.js";
import { policy, record } from "./recordings.js";
import { type Row, rowsIn, rowsOf, sortedWithout } from "./tables.js";

let folder: string;
let bags: string[];
const at = (name: string): string => join(folder, name);
const batch = (output: string, ...argv: string[]) =>
  torquelens("batch", ...argv, "--policy", policy, "-o", at(output), "--jobs", "1");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-batch-"));
  process.env.XDG_CACHE_HOME = at("cache");
  bags = [await record(folder, "arm-7.mcap", 1), await record(folder, "arm-8.mcap", 2)];
  expect(await batch("out", ...bags, "--robot", "/(arm-\\d+)/")).toMatchObject({ code: 0, stderr: "" });
});
afterAll(() => rm(folder, { recursive: true }));

/** The files of a folder with their contents. */
async function contents(of: string): Promise<Record<string, string>> {
  const names = await readdir(at(of), { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(
    async (file) => [file.slice(at(of).length), (await readFile(file)).toString("base64")] as const,
  );
  return Object.fromEntries((await Promise.all(read)).sort());
}

describe("torquelens batch", () => {
  it("writes the rows that replay and report write of the same recording", async () => {
    const explained = at("explained.mcap");
    expect(await torquelens("replay", bags[0]!, "--policy", policy, "-o", explained)).toMatchObject({ code: 0 });
    expect(await torquelens("report", explained, "--parquet", at("one.parquet"))).toMatchObject({ code: 0 });
    const rows = (await rowsIn(at("out"), "ticks")).filter(({ bag }) => bag === bags[0]);
    const places = ["bag", "slice", "settings", "policy", "date", "robot"];
    expect(sortedWithout(rows, ...places)).toEqual(sortedWithout(await rowsOf(at("one.parquet")), "bag"));
    expect(rows.length).toBe(60);
  });

  it("writes a row a run that tells the same as the rows of its ticks", async () => {
    const runs = await rowsIn(at("out"), "runs");
    expect(new Map(runs.map(({ bag, robot }) => [bag, robot]))).toEqual(
      new Map([
        [bags[0], "arm-7"],
        [bags[1], "arm-8"],
      ]),
    );
    const run = runs.find(({ bag }) => bag === bags[0])!;
    const all = (await rowsIn(at("out"), "ticks")).filter(({ bag, joint }) => bag === bags[0] && joint === "shoulder");
    const counted = all.filter(({ counts }) => counts);
    const share = ({ total_share_image }: Row) => total_share_image as number;
    const most = counted.reduce((a, b) => (share(b) > share(a) ? b : a));
    expect(run).toMatchObject({
      ticks: all.length,
      counted: counted.length,
      policy_name: "reacher",
      schema: 1,
      share_max_image: share(most),
      t_ns: all[0]!.t_ns,
    });
    expect(run.share_image).toBeCloseTo(counted.reduce((sum, tick) => sum + share(tick), 0) / counted.length, 6);
    const seek = (run.share_max_seek_image as number) - (run.seek as number);
    expect(seek).toBeCloseTo(Number((most.t_ns as bigint) - (all[0]!.t_ns as bigint)) / 1e9, 5);
  });

  it("opens in DuckDB, with the folders as columns", async () => {
    const rows = await query(
      `SELECT robot, joint, count(*)::INT AS rows, avg(total_share_image) FILTER (counts) AS share FROM ${table(at("out"), "ticks")}
       WHERE policy LIKE 'reacher-%' AND date = DATE '1970-01-01' GROUP BY ALL ORDER BY robot, joint`,
    );
    expect(rows.map(({ robot, joint, rows }) => [robot, joint, rows])).toEqual(
      ["arm-7", "arm-8"].flatMap((robot) => ["elbow", "shoulder"].map((joint) => [robot, joint, 30])),
    );
    const runs = await query(`SELECT robot, ticks, share_image FROM ${table(at("out"), "runs")} ORDER BY robot`);
    expect(runs.map(({ ticks }) => ticks)).toEqual([30, 30]);
    for (const [i, { share_image }] of runs.entries()) expect(share_image).toBeCloseTo(rows[2 * i]!.share as number, 6);
    expect(await query(`SELECT DISTINCT compression FROM parquet_metadata('${at("out")}/*/*/*/*/*.parquet')`)).toEqual([
      { compression: "ZSTD" },
    ]);
  });

  it("adds only what is new, makes the same bytes again, replaces what has changed, and cuts without losing a row", async () => {
    const before = await contents("out");
    const whole = (await rowsIn(at("out"), "ticks")).filter(({ bag }) => bag === bags[1]);
    const robot = ["--robot", "/(arm-\\d+)/"];
    const again = await batch("out", ...bags, ...robot, "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ explained: 0, already: 2, failed: [] });
    expect(JSON.parse((await batch("out", ...bags, ...robot, "--again", "--json")).stdout)).toMatchObject({
      explained: 2,
    });
    expect(await contents("out")).toEqual(before);
    await utimes(bags[1]!, 1e9, 1e9);
    expect(JSON.parse((await batch("out", ...bags, ...robot, "--json")).stdout)).toMatchObject({
      explained: 1,
      already: 1,
    });
    const after = Object.keys(await contents("out"));
    expect(after.length).toBe(Object.keys(before).length);
    expect(after.filter((name) => !(name in before)).length).toBe(2);
    // Cut into slices, which replace the whole.
    const sliced = await batch("out", bags[1]!, "--slice", "1", "--level", "full", ...robot, "--json");
    expect(JSON.parse(sliced.stdout)).toMatchObject({ explained: 2, already: 0 });
    const rows = (await rowsIn(at("out"), "ticks")).filter(({ bag }) => bag === bags[1]);
    expect(new Set(rows.map(({ slice }) => slice))).toEqual(new Set([0, 1]));
    const own = ["slice", "episode", "tick", "flags"];
    expect(sortedWithout(rows, ...own)).toEqual(sortedWithout(whole, ...own));
  });

  it("goes on after a recording that cannot be explained, and says why", async () => {
    await writeFile(at("broken.mcap"), "no recording");
    const { code, stdout, stderr } = await batch(
      "some",
      at("broken.mcap"),
      bags[0]!,
      at("missing.mcap"),
      "--level",
      "shares",
    );
    expect(code).toBe(2);
    expect(stdout).toMatch(/^explained 1 recording \(2 failed\)/);
    expect(stderr.split("\n").map((line) => line.replace(folder, ""))).toEqual([
      "torquelens: /missing.mcap: cannot read the recording (no such file)",
      expect.stringMatching(/^torquelens: \/broken\.mcap: /),
      "",
    ]);
  });
});
