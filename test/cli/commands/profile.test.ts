import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadProfile } from "#src/health/profile.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";
import { writePolicy } from "../simulation.js";

let folder: string;
let bag: string;
let ticks: { shares: Record<string, number>; flags: string[]; policy_sha256: string }[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-profile-"));
  bag = join(folder, "run.mcap");
  const policy = await writePolicy(folder);
  const run = await torquelens(
    "sim",
    "--policy",
    policy,
    "--ticks",
    "60",
    "--speed",
    "0",
    "--no-live",
    "--json",
    "--record",
    bag,
  );
  expect(run.stderr).toBe("");
  ticks = run.stdout
    .trim()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
});
afterAll(() => rm(folder, { recursive: true }));

describe("torquelens profile", () => {
  it("sums up a recording's shares as the run printed them", async () => {
    const output = join(folder, "profile.yaml");
    const { code, stdout, stderr } = await inOwnProcess("profile", bag, "-o", output);
    expect([code, stderr]).toEqual([0, ""]);
    const profile = await loadProfile(output);
    const counted = ticks.filter(({ flags }) => !flags.includes("idle"));
    expect(profile).toMatchObject({
      ticks: counted.length,
      recordings: ["run.mcap"],
      method: "dtd",
      policy_sha256: counted[0]!.policy_sha256,
    });
    expect(Object.keys(profile.shares!)).toEqual(Object.keys(counted[0]!.shares));
    for (const [name, { q01, q50, q99 }] of Object.entries(profile.shares!)) {
      const sorted = counted.map(({ shares }) => shares[name]!).sort((a, b) => a - b);
      const nearest = (part: number) => sorted[Math.ceil(part * sorted.length) - 1]!;
      for (const [found, part] of [
        [q01, 0.01],
        [q50, 0.5],
        [q99, 0.99],
      ] as const) {
        expect(found).toBeCloseTo(nearest(part), 4);
      }
    }
    expect(stdout).toContain(`${counted.length} explanations by dtd`);
    expect(stdout).toContain(output);
  });

  it("prints it where no file is named, or as JSON", async () => {
    const { stdout } = await torquelens("profile", bag);
    const file = join(folder, "printed.yaml");
    await writeFile(file, stdout);
    const profile = await loadProfile(file);
    expect(JSON.parse((await torquelens("profile", bag, "--json")).stdout)).toEqual(profile);
  });

  it("takes a folder as ros2 bag makes it", async () => {
    const made = join(folder, "bag");
    await mkdir(made);
    for (const name of ["bag_10.mcap", "bag_2.mcap"]) await copyFile(bag, join(made, name));
    const { recordings, ticks: counted } = JSON.parse((await torquelens("profile", made, "--json")).stdout);
    expect(recordings).toEqual(["bag"]);
    expect(counted).toBe(2 * ticks.filter(({ flags }) => !flags.includes("idle")).length);
    const empty = join(folder, "empty");
    await mkdir(empty);
    expect(await torquelens("profile", empty)).toMatchObject(
      refusal(`${empty}: a folder without .mcap or .db3 files, expected a bag`),
    );
  });

  it("refuses what is no recording, and writes nothing then", async () => {
    const output = join(folder, "no.yaml");
    const text = join(folder, "text.mcap");
    await writeFile(text, "hello");
    expect(await torquelens("profile", join(folder, "absent.mcap"), "-o", output)).toMatchObject(
      refusal(`${join(folder, "absent.mcap")}: cannot read the bag (no such file)`),
    );
    expect(await torquelens("profile", text, "-o", output)).toMatchObject(
      refusal(`${text}: neither MCAP nor SQLite, expected a bag (.mcap, .db3 or a rosbag2 folder)`),
    );
    expect(await torquelens("profile")).toMatchObject({ code: 2, stdout: "" });
    expect(await readdir(folder)).not.toContain("no.yaml");
  });

  it("reads what a killed run left behind", async () => {
    const part = join(folder, "run.mcap.part");
    const bytes = await readFile(bag);
    await writeFile(part, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const { code, stdout, stderr } = await torquelens("profile", part, "--json");
    expect(code).toBe(0);
    expect(stderr).toMatch(`warning: ${part}: cut off or damaged`);
    expect(JSON.parse(stdout).ticks).toBeGreaterThan(0);
    expect(JSON.parse(stdout).ticks).toBeLessThan(60);
  });
});
