import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inOwnProcess, torquelens } from "../run.js";

let folder: string;
let bag: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-whatif-"));
  bag = join(folder, "runs.mcap");
  await torquelens("sim", "--episodes", "2", "--speed", "0", "--no-live", "--record", bag);
});
afterAll(() => rm(folder, { recursive: true }));

const found = async (...argv: string[]) => {
  const { code, stdout, stderr } = await torquelens("whatif", bag, ...argv, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as {
    tick: number;
    command: Record<string, number>;
    what_if: { modality: string; by: string; command: Record<string, number>; change: Record<string, number> }[];
  };
};

describe("torquelens whatif", () => {
  it("says what the policy would command: nothing else where nothing is changed", async () => {
    const {
      tick,
      command,
      what_if: rows,
    } = await found("--at", "0.5", "--replace", "image=at:0.5", "--replace", "image=run1");
    expect(tick).toBe(10);
    expect(rows[0]!.change).toEqual({ shoulder: 0, elbow: 0 });
    for (const joint of ["shoulder", "elbow"])
      expect(rows[1]!.command[joint]).toBeCloseTo(command[joint]! + rows[1]!.change[joint]!, 4);
    expect(Math.abs(rows[1]!.change.shoulder!)).toBeGreaterThan(1e-3);
  });

  it("replaces every modality by its mean where none is named", async () => {
    const { what_if: rows } = await found("--at", "0.2");
    expect(rows.map(({ modality, by }) => `${modality}=${by}`)).toEqual(
      ["image", "joint_position", "joint_velocity", "end_effector_position", "end_effector_velocity"].map(
        (name) => `${name}=mean`,
      ),
    );
  });

  it("commands what the recording says, where nothing is replaced", async () => {
    const replay = await torquelens("report", bag, "--csv", join(folder, "t.csv"));
    expect(replay.code).toBe(0);
    const { command } = await found("--at", "0.5");
    const { readFile } = await import("node:fs/promises");
    const [head, ...lines] = (await readFile(join(folder, "t.csv"), "utf8")).split("\n").map((line) => line.split(","));
    const at = (name: string) => head!.indexOf(name);
    const row = lines.find((cells) => cells[at("tick")] === "10" && cells[at("joint")] === "shoulder")!;
    expect(command.shoulder).toBeCloseTo(Number(row[at("torque")]), 4);
  });

  it.each([
    [["--at", "99"], "--at: 99 s: the run is 2.45 s long"],
    [["--at", "1", "--run", "7"], "has 2 runs, from 0"],
    [["--at", "1", "--replace", "image=run9"], 'no run named "run9"'],
    [["--at", "1", "--replace", "image=zero", "--region", "90,90,20,20"], "inside the 96×96 image"],
    [["--at", "1", "--replace", "joint_velocity=zero", "--region", "1,1,2,2"], "joint_velocity is no image"],
    [["--at", "1", "--replace", "image=true"], "needs --outcome"],
  ])("refuses %j in one line", async (argv, message) => {
    const { code, stderr } = await torquelens("whatif", bag, ...argv);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toContain(message);
  });

  it("simulates the run again, and says what becomes of it", async () => {
    const dark = join(folder, "dark.mcap");
    const perturb = join(folder, "dark.yaml");
    await writeFile(perturb, "- { tick: 4, fault: black }\n");
    await torquelens("sim", "--episodes", "1", "--speed", "0", "--no-live", "--record", dark, "--perturb", perturb);
    const of = async (path: string) => JSON.parse((await torquelens("report", path, "--json")).stdout).sets[0].runs[0];
    const [lit, failed] = [(await of(bag)).outcome, (await of(dark)).outcome];
    const replacements = ["image=true", "image=zero", "image=without:target", "image=without:arm"];
    const { code, stdout, stderr } = await torquelens(
      ...["whatif", dark, "--at", "0.2", "--outcome", "--json"],
      ...replacements.flatMap((what) => ["--replace", what]),
    );
    expect(code, stderr).toBe(0);
    const { outcome, what_if: rows } = JSON.parse(stdout);
    const rounded = ({ success, error }: { success: boolean; error: number }) => ({
      success,
      error: expect.closeTo(error, 5),
    });
    expect(outcome).toEqual(rounded(failed));
    // A black image is one of zeros; the true one is that of the same episode in the light.
    expect(rows[1].outcome).toEqual(rounded(failed));
    expect(rows[0].outcome).toEqual(rounded(lit));
    expect([lit.success, failed.success]).toEqual([true, false]);
    expect(Math.abs(rows[2].change.shoulder)).toBeGreaterThan(1e-3);
    const text = await torquelens("whatif", dark, "--at", "0.2", "--outcome", "--replace", "image=true");
    expect(text.stdout).toMatch(/now .* failure, 0\.\d{3} m\n *image=true .* success, 0\.\d{3} m/);
    const unknown = await torquelens("whatif", dark, "--at", "0.2", "--outcome", "--replace", "image=without:table");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("expected one of arm, target") });
  });

  it("runs as a process, and in a report", async () => {
    const { code, stdout } = await inOwnProcess("whatif", bag, "--at", "0.5", "--replace", "image=blurred");
    expect(code).toBe(0);
    expect(stdout).toMatch(/image=blurred +-?\d/);
    const report = await torquelens("report", bag, "--what-if", "--json");
    const { agreement } = JSON.parse(report.stdout).what_if;
    expect(agreement[0]).toMatchObject({ method: "dtd", moments: 8 });
    for (const { regions, deletion, insertion } of agreement) {
      expect(Math.abs(regions)).toBeLessThanOrEqual(1);
      expect(Number.isFinite(deletion) && Number.isFinite(insertion)).toBe(true);
    }
  });
});
