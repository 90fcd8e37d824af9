import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { readAll, writeMcap } from "../../bag/recordings.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";
import { simulate, type Tick, writePolicy } from "../simulation.js";

let folder: string;
let policy: string;
let bag: string;
let other: string;
let ticks: Tick[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-report-"));
  policy = await writePolicy(folder);
  bag = join(folder, "run <1>.mcap");
  other = join(folder, "other.mcap");
  ({ ticks } = await simulate("--policy", policy, "--episodes", "2", "--record", bag));
  await simulate("--policy", policy, "--episodes", "2", "--seed", "3", "--record", other);
});
afterAll(() => rm(folder, { recursive: true }));

const shipped = (task: string) => fileURLToPath(new URL(`../../../models/${task}.onnx`, import.meta.url));
const report = (...argv: string[]) => torquelens("report", ...argv);

describe("torquelens report", () => {
  it("has the numbers that the run printed", async () => {
    const { code, stdout, stderr } = await inOwnProcess("report", bag, "--json", "--event", "tick:20");
    expect([code, stderr]).toEqual([0, ""]);
    const [set] = JSON.parse(stdout).sets;
    expect(set).toMatchObject({ method: "dtd", joints: ticks[0]!.joints, policy_sha256: ticks[0]!.policy_sha256 });
    const half = ticks.length / 2;
    const episodes = [ticks.slice(0, half), ticks.slice(half)];
    expect(set.runs.map((run: { ticks: number }) => run.ticks)).toEqual([half, half]);
    for (const [e, episode] of episodes.entries()) {
      const counted = episode.filter(({ flags }) => !flags.includes("idle"));
      expect(set.runs[e].counted).toBe(counted.length);
      for (const [modality, { mean }] of Object.entries<{ mean: number }>(set.runs[e].shares)) {
        const expected = counted.reduce((sum, { shares }) => sum + shares[modality]!, 0) / counted.length;
        expect(mean).toBeCloseTo(expected, 4);
      }
    }
    expect(set.events[0]).toMatchObject({ event: "tick:20", count: 2 });
  });

  it("writes one page that needs nothing else, whose links lead somewhere", async () => {
    const output = join(folder, "report.html");
    const { code, stdout } = await report(bag, other, "-o", output, "--at", "0.5,1");
    expect(code).toBe(0);
    expect(stdout).toContain(output);
    const text = await readFile(output, "utf8");
    expect(text).toContain("run &#60;1&#62;.mcap");
    expect(text).not.toMatch(/<script|<link|<iframe|@import|url\(|(src|href)="(?!data:|#)/);
    expect(text.match(/<svg/g)!.length).toBeGreaterThan(4);
    expect(text).toContain("data:image/jpeg;base64,");
    expect(text).toMatch(/<img src="data:image\/jpeg[^>]+><svg[^>]+><circle /);
    // The letters of a picture may be any.
    expect(text.replaceAll(/data:image[^"]+/g, "")).not.toMatch(/NaN|undefined|\[object/);
    const ids = new Set(Array.from(text.matchAll(/ id="([^"]+)"/g), ([, id]) => id));
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
    await report(bag, other, "-o", join(folder, "again.html"), "--at", "0.5,1");
    expect(await readFile(join(folder, "again.html"), "utf8")).toBe(text);
  });

  it("writes tables with a row a tick and joint; Parquet says what CSV says", async () => {
    const [csv, parquet] = [join(folder, "t.csv"), join(folder, "t.parquet")];
    expect(await report(bag, "--csv", csv, "--parquet", parquet)).toMatchObject({ code: 0, stderr: "" });
    const [head, ...lines] = (await readFile(csv, "utf8")).trimEnd().split("\n");
    const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, c) => [head!.split(",")[c], cell])));
    const joints = ticks[0]!.joints as string[];
    expect(rows).toHaveLength(ticks.length * joints.length);
    const last = ticks.at(-1)!;
    expect(rows.at(-1)).toMatchObject({
      tick: String(last.tick),
      joint: joints.at(-1),
      policy_sha256: last.policy_sha256,
    });
    expect(Number(rows.at(-1)!.torque)).toBeCloseTo(last.torque.at(-1)!, 5);
    expect(Number(rows.at(-1)!.total_share_image)).toBeCloseTo(last.shares.image!, 5);
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
    expect(read).toHaveLength(rows.length);
    for (const [r, row] of read.entries()) {
      for (const [name, value] of Object.entries(row)) {
        const cell = rows[r]![name]!;
        if (typeof value === "number") expect(Math.fround(Number(cell))).toBe(Math.fround(value));
        else expect(String(value ?? "")).toBe(cell);
      }
    }
  });

  it("compares two sets", async () => {
    const { stdout } = await report(bag, "--against", other, "--names", "before,after", "--json");
    const { sets, comparison } = JSON.parse(stdout);
    expect(sets.map(({ name }: { name: string }) => name)).toEqual(["before", "after"]);
    for (const { modality, a, b, difference, interval_95 } of comparison) {
      expect(a).toBe(sets[0].shares[modality].mean);
      expect(difference).toBeCloseTo(b - a, 5);
      expect(interval_95[0]).toBeLessThanOrEqual(difference);
      expect(interval_95[1]).toBeGreaterThanOrEqual(difference);
    }
    const output = join(folder, "two.html");
    expect(await report(bag, "--against", other, "-o", output)).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(output, "utf8")).toContain("A and B");
  });

  it("gives the same ticks' shares under every convention, as a replay under it does", async () => {
    const output = join(folder, "conventions.html");
    const policy = shipped("reacher");
    const bag = join(folder, "shipped.mcap");
    const { ticks } = await simulate("--policy", policy, "--episodes", "1", "--record", bag);
    const { code, stdout, stderr } = await report(bag, "--policy", policy, "--json", "-o", output);
    expect([code, stderr]).toEqual([0, ""]);
    const [set] = JSON.parse(stdout).sets;
    const counted = ticks.filter(({ flags }) => !flags.includes("idle")).length;
    const rows = new Map<string, { ticks: number; shares: Record<string, number> }>();
    for (const { convention, ...row } of set.conventions) rows.set(convention, row);
    expect([...rows.keys()]).toEqual(["the card's", "zero", "corner", "mean", "mean-corner", "standardised"]);
    for (const [convention, { ticks: used, shares }] of rows) {
      expect(used, convention).toBe(counted);
      expect(Object.values(shares).reduce((sum, share) => sum + share)).toBeCloseTo(1, 4);
    }
    for (const [modality, share] of Object.entries(rows.get("the card's")!.shares)) {
      const mean = ticks.reduce((sum, { flags, shares }) => sum + (flags.includes("idle") ? 0 : shares[modality]!), 0);
      expect(share).toBeCloseTo(mean / counted, 4);
    }
    for (const convention of ["zero", "corner"]) {
      const again = join(folder, `${convention}.mcap`);
      expect(
        await torquelens("replay", bag, "--policy", policy, "-o", again, "--convention", convention),
      ).toMatchObject({
        code: 0,
      });
      const { runs } = JSON.parse((await report(again, "--json")).stdout).sets[0];
      for (const [modality, share] of Object.entries(rows.get(convention)!.shares)) {
        const all = runs.map((run: { counted: number; shares: Record<string, { mean: number }> }) => [
          run.counted,
          run.shares[modality]!.mean,
        ]);
        const mean = all.reduce((sum: number, [n, of]: [number, number]) => sum + n * of, 0) / counted;
        expect(share, `${convention} ${modality}`).toBeCloseTo(mean, 4);
      }
      const { stdout } = await report(again, "--policy", policy, "--json");
      const names = JSON.parse(stdout).sets[0].conventions.map((row: { convention: string }) => row.convention);
      expect(names[0]).toBe(convention === "zero" ? "the card's" : "the card's (the runs': corner)");
      expect(names.slice(1)).toEqual([...rows.keys()].slice(1));
    }
    expect(rows.get("mean")!.shares.image).not.toBeCloseTo(rows.get("zero")!.shares.image!, 2);
    const cardOfOther = join(folder, "other.yaml");
    const text = await readFile(policy.replace(/onnx$/, "yaml"), "utf8");
    const model = policy.replace(/onnx$/, "xml");
    const moved = text.replace("file: reacher.xml", `file: ${model}`);
    await writeFile(cardOfOther, `${moved}\nreference: { joint_position: { values: [1, 1] } }\n`);
    const others = join(folder, "others.mcap");
    const how = ["--policy", policy, "--card", cardOfOther];
    expect(await torquelens("replay", bag, ...how, "-o", others)).toMatchObject({ code: 0 });
    const [shown] = (await report(others, "--policy", policy)).stdout.match(/the card's .*\)/) ?? [];
    expect(shown).toMatch(/^the card's \(the runs': joint_position from values, .*feature points from policy\)$/);
    const page = await readFile(output, "utf8");
    expect(page).toContain("Shares under other conventions");
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  it.each([
    ["without a contrast", ["--method", "lrp-epsilon"]],
    ["with a contrast", ["--method", "lrp-epsilon", "--contrast", "elbow"]],
  ])("measures the image's signed relevance %s under every convention, as the runs do", async (about, how) => {
    const policy = shipped("reacher");
    const bag = join(folder, `${about}.mcap`);
    const { ticks } = await simulate("--policy", policy, "--ticks", "12", "--record", bag, ...how);
    const { code, stdout } = await report(bag, "--policy", policy, "--json");
    expect(code).toBe(0);
    const counted = ticks.filter(({ flags }) => !flags.includes("idle"));
    const image = counted.reduce((sum, { shares }) => sum + shares.image!, 0) / counted.length;
    const [own] = JSON.parse(stdout).sets[0].conventions;
    expect(own).toMatchObject({ convention: "the card's", ticks: counted.length });
    expect(own.shares.image).toBeCloseTo(image, 4);
  });

  it("refuses a card of other kinds than the runs', and says where two sets differ in them", async () => {
    const bag = join(folder, "torques.mcap");
    const positions = join(folder, "positions.mcap");
    const card = join(folder, "positions.yaml");
    const own = await readFile(shipped("reacher").replace(/onnx$/, "yaml"), "utf8");
    const other = own
      .replace(/^torque:\n( .*\n)+/m, "outputs: { torque: joint_position }\n")
      .replace("file: reacher.xml", `file: ${shipped("reacher").replace(/onnx$/, "xml")}`);
    await writeFile(card, other);
    const how = ["--policy", shipped("reacher"), "--card", card];
    await simulate("--policy", shipped("reacher"), "--ticks", "12", "--record", bag);
    expect(await torquelens("replay", bag, ...how, "-o", positions)).toMatchObject({ code: 0 });
    expect(await report(bag, ...how)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /its card is not that of the runs: found the kinds of outputs joint_torque N·m .* and joint_position rad from present/,
      ),
    });
    expect(await report(positions, ...how)).toMatchObject({ code: 0, stderr: "" });
    expect((await report(bag, "--against", positions)).stderr).toMatch(
      /explained differently.*A: kinds joint_torque, method dtd.*B: kinds joint_position from present, method dtd/,
    );
  });

  it("refuses a policy that the runs were not explained by", async () => {
    const hash = ticks[0]!.policy_sha256 as string;
    const { code, stderr } = await report(bag, "--policy", shipped("peg"));
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`expected that of the runs' policy, ${hash.slice(0, 12)}`),
    ]);
    expect(await report(bag, "--card", "x.yaml")).toMatchObject(
      refusal("--card: the card of no policy, expected --policy too"),
    );
  });

  it("leaves out what is no explained recording, and says so, as long as there is one", async () => {
    const no = join(folder, "no.mcap");
    await writeFile(no, "nothing");
    expect(await report(no)).toMatchObject(
      refusal(`${no}: neither MCAP nor SQLite, expected a bag (.mcap, .db3 or a rosbag2 folder)`),
    );
    const { code, stderr, stdout } = await report(no, bag);
    expect([code, stderr]).toEqual([
      0,
      `warning: left out ${no}: neither MCAP nor SQLite, expected a bag (.mcap, .db3 or a rosbag2 folder)\n`,
    ]);
    expect(stdout).toContain("2 runs");
  });

  it("leaves out one damaged explanation, counts it, and keeps the rest and the other bags", async () => {
    const whole = await openBag(bag);
    const messages = await readAll(whole);
    await whole.close();
    const explanations = messages.filter(({ topic }) => topic === "/torquelens/explanation");
    const place = messages.indexOf(explanations[3]!);
    const damaged = join(folder, "damaged.mcap");
    await writeMcap(damaged, messages.with(place, { ...explanations[3]!, data: explanations[3]!.data.slice(0, 40) }));
    const { code, stderr, stdout } = await report(damaged, other, "--json");
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: .*damaged\.mcap: \/torquelens\/explanation: 1 message could not be decoded, the first at 0\.15 s: a message does not fit torquelens\/msg\/Explanation .*\n$/,
    );
    const { sets, notes } = JSON.parse(stdout);
    expect(notes).toHaveLength(1);
    expect(sets[0].runs.map((run: { ticks: number }) => run.ticks)).toEqual([49, 50, 50, 50]);
    const none = join(folder, "none.mcap");
    await writeMcap(none, [{ ...explanations[3]!, data: explanations[3]!.data.slice(0, 40) }]);
    expect(await report(none)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("none of its explanations can be read"),
    });
    expect(await report(none, other)).toMatchObject({ code: 0, stderr: expect.stringContaining(`left out ${none}: `) });
  });

  it.runIf(process.platform === "linux")("names the table that does not fit on the disk", async () => {
    const full = join(folder, "full");
    await symlink("/dev/full", full);
    const reason = `${full}: cannot write it (no space left on the device), expected room for it`;
    for (const option of ["--csv", "--parquet", "-o"])
      expect(await report(bag, option, full), option).toMatchObject(refusal(reason));
    const csv = join(folder, "whole.csv");
    expect(await report(bag, "--csv", csv, "--parquet", full)).toMatchObject(refusal(reason));
    expect((await readdir(folder)).filter((name) => name.includes("whole.csv"))).toEqual(["whole.csv"]);
    expect((await readFile(csv, "utf8")).split("\n")).toHaveLength(2 * ticks.length + 2);
    await rm(csv);
    await rm(full);
  });

  it("says which event happens in no run", async () => {
    const { stdout, stderr } = await report(bag, "--json", "--event", "topic:/nowhere", "--event", "tick:20");
    expect(stderr).toBe("warning: --event topic:/nowhere: happens in no run\n");
    expect(JSON.parse(stdout).notes).toEqual(["--event topic:/nowhere: happens in no run"]);
  });

  it("refuses what does not fit, in one line, and leaves no file behind", async () => {
    const before = await readdir(folder);
    const missing = join(folder, "missing.mcap");
    expect(await report(missing, "--csv", join(folder, "x.csv"))).toMatchObject(
      refusal(`${missing}: cannot read the bag (no such file)`),
    );
    expect(await report(bag, bag)).toMatchObject(refusal(`${bag}: named twice, expected each bag once`));
    expect(await report(bag, "--event", "soon")).toMatchObject({ code: 2 });
    const nowhere = join(folder, "nowhere", "r.html");
    expect(await report(bag, "-o", nowhere)).toMatchObject({ code: 2, stderr: expect.stringContaining(nowhere) });
    expect(await readdir(folder)).toEqual(before);
  });
});
