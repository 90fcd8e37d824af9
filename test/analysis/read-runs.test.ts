import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRuns } from "#src/analysis/read-runs.js";
import { counts, flagsAt, type Run, runName } from "#src/analysis/run.js";
import { Survey } from "#src/analysis/survey.js";
import { InputError } from "#src/errors.js";
import { mcapOf, samples } from "../bag/recordings.js";
import { imageShares, PERIOD, runOf, START, type Tick, writeBag } from "./runs.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-runs-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function all(path: string, options = {}): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of readRuns(path, options)) runs.push(run);
  return runs;
}

const images = ({ shares }: Run) =>
  Array.from(
    shares.filter((_, at) => at % 4 === 0),
    (share) => share.toFixed(2),
  );

describe("readRuns", () => {
  it("returns each episode with the contents of its messages", async () => {
    const ticks: Tick[] = [...imageShares([0.1, 0.2, 0.3]), ...imageShares([0.4, 0.5])];
    ticks[1] = { ...ticks[1]!, flags: ["idle", "in_contact"] };
    const path = await writeBag(folder, "two.mcap", ticks);
    const [first, second, ...more] = await all(path, { messages: ["/joint_states"] });
    expect(more).toEqual([]);
    expect([images(first!), images(second!)]).toEqual([
      ["0.10", "0.20", "0.30"],
      ["0.40", "0.50"],
    ]);
    expect([runName(first!), runName(second!)]).toEqual([path, `${path}#1`]);
    expect(Array.from(second!.stamp)).toEqual([START + 3n * PERIOD, START + 4n * PERIOD]);
    expect([first!.bagStart, second!.bagStart]).toEqual([START, START]);
    expect(flagsAt(first!, 1)).toEqual(["idle", "in_contact"]);
    expect([0, 1, 2].map((i) => counts(first!, i))).toEqual([true, false, true]);
    expect(Array.from(first!.torque)).toEqual([0.5, -0.25, 0.5, -0.25, 0.5, -0.25]);
    expect(first!.identity).toMatchObject({ method: "dtd", joints: ["shoulder", "elbow"], featurePoints: "policy" });
    expect(first!.messages.get("/joint_states")!.length + second!.messages.get("/joint_states")!.length).toBe(5);
  });

  it("takes contrasts, plain explanations and ticks below level full together: their shares are of one kind", async () => {
    const whole = imageShares([0.1, 0.2, 0.3]);
    const contrasted = whole.map((tick) => ({ ...tick, contrast: "elbow" }));
    const short = { ...whole[1]!, level: "shares" as const };
    const survey = new Survey({ name: "A" });
    survey.add(runOf(contrasted));
    survey.add(runOf([whole[0]!, short, contrasted[2]!]));
    expect(survey.runs.length).toBe(2);
    expect(survey.shares()[0]).toEqual({ mean: expect.closeTo(0.2, 6), std: expect.closeTo(0, 6) });
  });

  it("starts an episode where the clock is reset, and counts explanations out of order or repeated", async () => {
    const stamps = [10_000n, 10_050n, 10_050n, 10_040n, 10_100n, 100n, 150n].map((ms) => ms * 1_000_000n);
    const ticks = stamps.map((stamp, i) => ({ ...imageShares([i / 10])[0]!, first: false, stamp }));
    // The files of a split bag are read one after another; a file by log time, which is the stamp here.
    const path = join(folder, "clock");
    await mkdir(path);
    for (const [i, ticksOf] of [
      ticks.slice(0, 2),
      ticks.slice(2, 3),
      ticks.slice(3, 4),
      ticks.slice(4, 5),
      ticks.slice(5),
    ].entries())
      await writeBag(path, `clock_${i}.mcap`, ticksOf);
    const skipped: unknown[] = [];
    const runs = await all(path, { skipped: (count: number, reason: string) => skipped.push([count, reason]) });
    expect(runs.map(images)).toEqual([
      ["0.00", "0.10", "0.40"],
      ["0.50", "0.60"],
    ]);
    expect(skipped).toEqual([[2, "their stamps are not later than those before"]]);
  });

  it("reads a recording that was cut off", async () => {
    const path = await writeBag(folder, "cut.mcap", imageShares(Array.from({ length: 600 }, () => 0.5)));
    const whole = (await all(path))[0]!.ticks;
    await truncate(path, Math.floor((await stat(path)).size * 0.6));
    const problems: string[] = [];
    const rest = (await all(path, { problem: (text: string) => problems.push(text) }))[0]!.ticks;
    expect([whole, rest > 0 && rest < whole]).toEqual([600, true]);
    expect(problems).toEqual([expect.stringContaining("cut off or damaged")]);
  });

  it("rejects two policies, and files without explanations", async () => {
    const ticks = imageShares([0.1, 0.2]).map((tick, i) => ({ ...tick, policy: `${i}`.repeat(64) }));
    const path = await writeBag(folder, "mixed.mcap", ticks);
    await expect(all(path)).rejects.toThrow(/mixed\.mcap: found explanations of the policies 0{12}… and 1{12}…/);
    await writeFile(join(folder, "no.mcap"), "no bag");
    await expect(all(join(folder, "no.mcap"))).rejects.toThrow(InputError);
    await expect(all(join(folder, "none.mcap"))).rejects.toThrow("no such file");
    const good = await writeBag(folder, "good.mcap", imageShares([0.5]));
    await expect(all(good, { topic: "/other" })).rejects.toThrow(
      "no explanations on topic /other; found them on /torquelens/explanation",
    );
    expect(await all(good, { topic: "/torquelens/explanation" })).toHaveLength(1);
  });

  it("names the damage of a recording of which nothing can be read", async () => {
    const bytes = Buffer.from(await mcapOf(samples(3), { compression: "zstd" }));
    const chunk = bytes.indexOf(Buffer.concat([Buffer.from("zstd")])) - 4 - 4 - 8;
    bytes.writeBigUInt64LE(400_000_000n, chunk);
    const path = join(folder, "large.mcap");
    await writeFile(path, bytes.subarray(0, bytes.length - 200));
    await expect(all(path)).rejects.toThrow(
      /large\.mcap: no torquelens\/msg\/Explanation in what can be read of it: .*it unpacks to 400 MB; the limit is 256 MB a chunk\)/,
    );
  });
});
