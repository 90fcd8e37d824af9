import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { torquelens } from "../run.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-told-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("a recording of a policy that is told words it does not know says so, with the moment of each run", async () => {
  const bag = join(folder, "told.mcap");
  const policy = new URL("../../../models/tabletop/moca.onnx", import.meta.url).pathname;
  const { code, stderr } = await torquelens(
    ...["sim", "--task", "tabletop", "--policy", policy, "--episodes", "2", "--speed", "0", "--no-live"],
    ...["--instruction", "put the zorp into the bowl", "--record", bag],
  );
  expect(code, stderr).toBe(0);
  const { stdout } = await torquelens("report", bag, "--json");
  const { reasons, ranked_runs: ranked } = JSON.parse(stdout).why;
  expect(reasons[0]).toMatchObject({ name: "words_unknown" });
  expect(ranked).toEqual(
    [bag, `${bag}#1`].map((run) =>
      expect.objectContaining({
        run,
        about: "words",
        reason: "words_unknown",
        tick: 0,
        text: "“put the zorp into the bowl”: unknown: zorp",
      }),
    ),
  );
});
