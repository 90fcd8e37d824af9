import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { worldPolicy } from "../../sim/worlds/policies.js";
import { torquelens } from "../run.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-sim-world-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function policyOf(world: string, options: Parameters<typeof worldPolicy>[1] = {}): Promise<string> {
  const { bytes, card } = worldPolicy(worldNamed(world).facts, options);
  const path = join(folder, `${world}-${JSON.stringify(options).replaceAll(/\W+/g, "-")}.onnx`);
  await writeFile(path, bytes);
  await writeFile(path.replace(/onnx$/, "yaml"), stringify(card));
  return path;
}

const sim = (...argv: string[]) => torquelens("sim", "--no-live", "--speed", "0", ...argv);

describe("torquelens sim with a world", () => {
  it.each([
    ["red-fetch-green", 1],
    ["breakout", 2],
    ["highway", 1],
  ])("explains every tick of %s", async (world, frames) => {
    const policy = await policyOf(world, { frames });
    const argv = ["--task", world, "--policy", policy, "--ticks", "12", "--method", "gradient"];
    const { code, stdout, stderr } = await sim(...argv, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { summary } = lines.pop();
    expect(lines).toHaveLength(12);
    const { facts } = worldNamed(world);
    for (const line of lines) {
      expect(line.joints).toEqual(facts.actions.names);
      expect(line.shares).toEqual({ image: 1 });
    }
    expect(summary).toMatchObject({ ticks: 12, final_error_m: { median: null, max: null } });
  });

  it("prints how each episode ended, and the mean return", async () => {
    const policy = await policyOf("red-fetch-green", { seed: 2 });
    const { code, stdout } = await sim("--task", "red-fetch-green", "--policy", policy, "--episodes", "2");
    expect(code).toBe(0);
    expect(stdout).toContain("the policy chooses an action; every choice is explained (method dtd).");
    expect(stdout).toContain("chooses among left, right, forward, pickup; sees image");
    expect(stdout).toMatch(/episode {3}1 {2}(failed|success), return \d\.\d\d {2}image 100 %( {2}misses \d+)?\n/);
    expect(stdout).toMatch(/2 episodes, success \d+ %, mean return \d\.\d\d\n/);
    expect(stdout).not.toContain("final error");
  });

  it("refuses a policy, goals or a perturbation that do not fit", async () => {
    const fetch = await policyOf("red-fetch-green");
    const refused = async (world: string, policy: string, ...argv: string[]): Promise<string> => {
      const { code, stderr } = await sim("--task", world, "--policy", policy, "--ticks", "1", ...argv);
      expect(code).toBe(2);
      expect(stderr.split("\n")).toHaveLength(2);
      return stderr;
    };
    expect(await refused("breakout", fetch)).toContain("the image is 64×64; that of world breakout is 84×84");
    expect(await refused("red-fetch-green", fetch, "--targets", "random")).toContain(
      "--targets: is for arms, and red-fetch-green has none",
    );
    const slow = await policyOf("red-fetch-green", { change: { control_period: 0.2 } });
    expect(await refused("red-fetch-green", slow)).toContain(
      "the control period is 0.2 s; that of world red-fetch-green is 0.1 s",
    );
    const names = ["right", "left", "forward", "pickup"];
    const swapped = await policyOf("red-fetch-green", {
      change: { actions: { output: "output", names, values: "logits" } },
    });
    expect(await refused("red-fetch-green", swapped)).toContain(
      "the policy commands right, left, forward, pickup; world red-fetch-green takes one of the actions left, right,",
    );
    expect(await refused("reacher", fetch)).toContain("the simulated arms take torques alone");
  });
});
