import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { decode } from "../../messages/decode.js";
import { torquelens } from "../run.js";
import { writePolicy } from "../simulation.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sim-compare-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Messages of a recording by topic: stamp and content, without the latencies, which no two runs share. */
async function recorded(path: string): Promise<Map<string, unknown[]>> {
  const bag = await openBag(path);
  const found = new Map<string, unknown[]>();
  for await (const { topic, logTime, data } of bag.read()) {
    const message = decode<Record<string, unknown>>(topic.schema!.data, data);
    if ("latency_ms" in message) message.latency_ms = 0;
    if (Array.isArray(message.flags)) message.flags = message.flags.filter((flag) => flag !== "deadline_missed");
    found.set(topic.name, [...(found.get(topic.name) ?? []), [logTime, message]]);
  }
  await bag.close();
  return found;
}

async function run(name: string, policy: string, ...argv: string[]) {
  const path = join(folder, name);
  const settings = ["--no-live", "--speed", "0", "--ticks", "6", "--seed", "3", "--policy", policy];
  const { code, stderr } = await torquelens("sim", ...settings, "--record", path, ...argv);
  expect([code, stderr]).toEqual([0, ""]);
  return recorded(path);
}

it("records a second method with the numbers of a run with that method alone, and changes nothing else", async () => {
  const policy = await writePolicy(folder);
  const both = await run("both.mcap", policy, "--method", "gradient", "--compare", "lrp-gamma:gamma=0.5");
  const first = await run("first.mcap", policy, "--method", "gradient");
  const second = await run("second.mcap", policy, "--method", "lrp-gamma:gamma=0.5");

  const prefix = "/torquelens/compare/";
  const compared = [...both.keys()].filter((topic) => topic.startsWith(prefix)).sort();
  expect(compared).toEqual(
    ["explanation", "heatmap/camera_info", "heatmap/mono16", "overlay/compressed", "ratios"].map(
      (name) => `${prefix}${name}`,
    ),
  );
  for (const topic of compared) {
    expect(both.get(topic), topic).toHaveLength(6);
    expect(both.get(topic), topic).toEqual(second.get(topic.replace("/compare", "")));
  }
  // Reports of health hold latencies.
  for (const [topic, messages] of first) if (topic !== "/diagnostics") expect(both.get(topic), topic).toEqual(messages);
  const flags = both.get(`${prefix}explanation`)!.flatMap((entry) => (entry as [bigint, { flags: string[] }])[1].flags);
  expect(flags).not.toContain("torque_differs");
});

it("report reads the first method unless the second is asked for", async () => {
  const policy = await writePolicy(folder);
  await run("both.mcap", policy, "--method", "gradient", "--compare", "dtd");
  const methodOf = async (...argv: string[]) => {
    const { stdout, stderr } = await torquelens("report", join(folder, "both.mcap"), "--json", ...argv);
    expect(stderr).toBe("");
    return stdout;
  };
  expect(await methodOf()).toMatch(/"method": ?"gradient"/);
  expect(await methodOf("--topic", "/torquelens/compare/explanation")).toMatch(/"method": ?"dtd"/);
});

it("refuses a second method that is unknown, or that nobody would see", async () => {
  const unknown = await torquelens("sim", "--no-live", "--ticks", "1", "--compare", "nothing", "--record", "x.mcap");
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining("method nothing is unknown; known are") });
  expect(await torquelens("sim", "--no-live", "--ticks", "1", "--compare", "dtd")).toMatchObject({
    code: 2,
    stderr: "torquelens: --compare: --no-live without --record shows the second method nowhere\n",
  });
});
