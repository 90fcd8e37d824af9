import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readMessages } from "#src/bag/read-messages.js";
import type { DiagnosticArrayMessage } from "#src/messages/types.js";
import { torquelens } from "../run.js";

let folder: string;
const path = (name: string) => join(folder, name);
const record = async (name: string, ...argv: string[]) => {
  const ended = await torquelens("sim", "--no-live", "--speed", "0", "--record", path(name), ...argv);
  expect(ended.stderr).toBe("");
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-good-"));
  await record("good.mcap", "--episodes", "4");
  await writeFile(path("covered.yaml"), "- { tick: 12, fault: { name: occluded } }\n");
});
afterAll(() => rm(folder, { recursive: true }));

/** What the status of faulty input said, one after another. */
async function faultsIn(name: string): Promise<string[]> {
  const said: string[] = [];
  const choose = ({ topics }: { topics: readonly { name: string }[] }) => ({
    decoded: topics.filter((topic) => topic.name === "/diagnostics") as never[],
  });
  for await (const { message } of readMessages(path(name), choose))
    for (const status of (message as DiagnosticArrayMessage).status)
      if (status.name.endsWith(": input faults")) said.push(status.message);
  return said;
}

it("diagnostics tell what is unlike a recording of good runs, and nothing of runs like them", async () => {
  const run = ["--episodes", "1", "--seed", "5", "--perturb", path("covered.yaml")];
  await record("with.mcap", ...run, "--good-runs", path("good.mcap"));
  await record("without.mcap", ...run);
  await record("like.mcap", "--episodes", "2", "--good-runs", path("good.mcap"));
  expect((await faultsIn("with.mcap")).join()).toContain("something is before the camera (image: ");
  expect((await faultsIn("without.mcap")).join()).not.toContain("before the camera");
  expect(new Set(await faultsIn("like.mcap"))).toEqual(new Set(["no fault in images, joint states and stamps"]));
});

it("refuses a recording without two good runs", async () => {
  await record("one.mcap", "--episodes", "1");
  const ended = await torquelens("sim", "--no-live", "--ticks", "3", "--good-runs", path("one.mcap"));
  expect(ended).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/one\.mcap: found . good runs?, expected two or more/),
  });
});
