import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { torquelens } from "../run.js";

let folder: string;
let bag: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-outcomes-"));
  bag = join(folder, "runs.mcap");
  const perturb = join(folder, "p.yaml");
  await writeFile(perturb, "- {tick: 0, episode: 1, light: 0}\n");
  const { code } = await torquelens(
    ...["sim", "--episodes", "2", "--speed", "0", "--no-live", "--record", bag, "--perturb", perturb],
  );
  expect(code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

const sets = async (...argv: string[]) => {
  const { code, stdout, stderr } = await torquelens("report", ...argv, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).sets as { name: string; runs: { name: string; outcome: { success: boolean } | null }[] }[];
};
const named = (found: Awaited<ReturnType<typeof sets>>) => found.map(({ name, runs }) => [name, runs.length]);

describe("outcomes of runs", () => {
  it("are written by the simulator, and divide the runs", async () => {
    const found = await sets(bag, "--against", "outcome=failure");
    expect(named(found)).toEqual([
      ["success", 1],
      ["failure", 1],
    ]);
    expect(found[1]!.runs[0]).toMatchObject({
      name: `${bag}#1`,
      outcome: { success: false, condition: "second", perturbations: [{ tick: 0, episode: 1, light: 0 }] },
    });
    expect(named(await sets(bag, "--by", "condition"))).toEqual([
      ["first", 1],
      ["second", 1],
    ]);
    expect(named(await sets(bag, "--against", "ablation=black"))).toEqual([["not black", 2]]);
  });

  it("are in the tables, and in a replay of the recording", async () => {
    const again = join(folder, "again.mcap");
    const policy = new URL("../../../models/reacher.onnx", import.meta.url).pathname;
    expect((await torquelens("replay", bag, "--policy", policy, "-o", again)).code).toBe(0);
    const csv = join(folder, "t.csv");
    await torquelens("report", again, "--csv", csv, "--by", "outcome");
    const [head, ...lines] = (await readFile(csv, "utf8")).trimEnd().split("\n");
    const at = (name: string) => head!.split(",").indexOf(name);
    const cells = lines.map((line) => line.split(",")).map((cell) => [cell[at("set")], cell[at("success")]]);
    expect(new Set(cells.map(String))).toEqual(new Set(["success,true", "failure,false"]));
  });

  it("come from a table, or from the bag's metadata, where the runs are a robot's", async () => {
    const table = join(folder, "outcomes.csv");
    await writeFile(table, "run,success\nruns,failure\nruns#1,failure\n");
    expect(named(await sets(bag, "--outcome", table, "--by", "outcome"))).toEqual([["failure", 2]]);
    const robot = join(folder, "robot");
    await mkdir(robot);
    await cp(bag, join(robot, "a.mcap"));
    await writeFile(
      join(robot, "metadata.yaml"),
      "rosbag2_bagfile_information:\n  relative_file_paths: [a.mcap]\n  custom_data: {torquelens.outcome: maybe}\n",
    );
    expect((await torquelens("report", robot)).stderr).toContain('custom_data: torquelens.outcome: found "maybe"');
  });

  it("are named where a group is none", async () => {
    const wrong = await torquelens("report", bag, "--against", "outcome=bad");
    expect(wrong.stderr).toContain("expected outcome=success, outcome=failure or outcome=unknown");
    expect((await torquelens("report", bag, "--against", "weather=rain")).stderr).toContain("expected bags, or one of");
  });
});
