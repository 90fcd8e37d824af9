import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileOf, partIn } from "#src/fleet/dataset/layout.js";
import { checkedJob, type Job, partOf } from "#src/fleet/job/job.js";
import { Roots } from "#src/fleet/store/place.js";

const job: Job = {
  version: "1.0.0",
  schema: 1,
  recording: { uri: "/data/run.mcap", fingerprint: "0123456789ab" },
  output: "/data/out",
  policy: "a".repeat(64),
  settings: {
    ...{ method: "dtd", precision: "exact", level: "full", every: 1 },
    ...{ image: {}, joints: [], values: { goal: [1, 2] }, given: {}, msgPath: [] },
  },
};
const place = { table: "runs", policy: "p", date: "2026-11-29", robot: "arm 7/α" } as const;

describe("a job's data", () => {
  it("are taken as they were made", () => {
    expect(checkedJob(JSON.parse(JSON.stringify(job)), "1.0.0")).toEqual(job);
    const sliced = { ...job, robot: "arm-7", slice: { index: 1, start: "10", end: "20" }, again: true as const };
    expect(checkedJob(sliced, "1.0.0")).toEqual(sliced);
  });

  it.each<readonly [what: string, data: unknown, message: RegExp]>([
    ["no job", "rm -rf /", /do not fit: job: /],
    ["another version", { ...job, version: "2.0.0", more: 1 }, /made by torquelens 2\.0\.0; this worker is 1\.0\.0/],
    ["another schema", { ...job, schema: 7 }, /schema 7 of data sets; this worker writes 1/],
    ["an unknown key", { ...job, command: "sh" }, /Unrecognized key: "command"/],
    ["a policy that is a path", { ...job, policy: "../../etc/passwd" }, /policy: expected 64 hex digits/],
    ["a line break in a path", { ...job, output: "/data/a\nb" }, /output: found a control character/],
    ["a huge name", { ...job, robot: "x".repeat(401) }, /robot: /],
    ["a bad number", { ...job, settings: { ...job.settings, every: 0 } }, /settings\.every: /],
    ["files of other recordings", { ...job, replaces: ["runs/policy=p/date=d/robot=r/x.parquet"] }, /asks to remove/],
    ["files elsewhere", { ...job, replaces: ["../../etc/passwd"] }, /asks to remove/],
  ])("are refused: %s", (_, data, message) => {
    expect(() => checkedJob(data, "1.0.0")).toThrow(message);
  });

  it("may name files of the same recording to remove", () => {
    const old = partOf({ ...job, recording: { ...job.recording, fingerprint: "ffffffffffff" } });
    const replaces = [fileOf({ ...place, part: old })];
    expect(checkedJob({ ...job, replaces }, "1.0.0")).toEqual({ ...job, replaces });
  });
});

describe("a part's name", () => {
  it("tells recording and settings, not the order of keys", () => {
    const { level, ...others } = job.settings;
    expect(partOf({ ...job, settings: { level, ...others } })).toBe(partOf(job));
    expect(partOf({ ...job, settings: { ...others, level: "shares" } }).slice(0, 16)).not.toBe(
      partOf(job).slice(0, 16),
    );
    expect(partOf({ ...job, robot: "arm-7" }).slice(0, 16)).toBe(partOf(job).slice(0, 16));
  });

  it("is read from a file's name, whatever robots are called", () => {
    for (const robot of ["arm 7/α", "..", ".", "a=b", "%2F", "'\"; DROP TABLE", "x".repeat(150)]) {
      const part = { ...place, robot, part: partOf(job) };
      expect(fileOf(part)).toMatch(/^runs\/policy=p\/date=2026-11-29\/robot=[A-Za-z0-9_.%-]+\/[0-9a-f-]+\.parquet$/);
      expect(fileOf(part).split("/")).not.toContain("robot=..");
      expect(partIn(fileOf(part))).toEqual(part);
    }
    expect(partIn("runs/policy=p/date=d/robot=r/.x.parquet.tmp")).toBeUndefined();
  });
});

describe("the roots of a worker", () => {
  let folder: string;
  const at = (...names: string[]): string => join(folder, ...names);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-roots-"));
    for (const name of ["data", "data-old", "secret"]) await mkdir(at(name));
    await writeFile(at("secret", "run.mcap"), "");
    await symlink(at("secret"), at("data", "link"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("hold what lies in them, there or not", async () => {
    const roots = await Roots.of([at("data"), "s3://lab/recordings/"]);
    for (const uri of [at("data"), at("data", "new", "out"), "s3://lab/recordings", "s3://lab/recordings/a/b.mcap"])
      await roots.check(uri);
    await Roots.all.check("/etc/passwd");
  });

  it("hold nothing else: by links, dots, or names that begin alike", async () => {
    const roots = await Roots.of([at("data"), "s3://lab/recordings"]);
    for (const uri of [
      "/etc/passwd",
      at("secret", "run.mcap"),
      at("data", "link", "run.mcap"),
      at("data", "link", "new"),
      `${at("data")}/../secret/run.mcap`,
      at("data-old"),
      "s3://lab/recordings-old/a",
      "s3://lab/recordings/../secret",
      "s3://other/recordings/a",
      "http://127.0.0.1/a",
    ])
      await expect(roots.check(uri), uri).rejects.toThrow(
        /expected a path or an s3:\/\/ URL|may read and write \(--root\)/,
      );
    await expect(Roots.of([at("nosuch")])).rejects.toThrow("cannot read the folder (no such file)");
  });
});
