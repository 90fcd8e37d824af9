import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, torquelens } from "../run.js";

const program = fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-train-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("bad usage is refused before any training, and nothing is written", async () => {
  const output = join(folder, "policy.onnx");
  const nowhere = join(folder, "none", "policy.onnx");
  const card = join(folder, "policy.yaml");
  const unwritable = `${nowhere}: cannot write it (no such directory), expected a writable file name`;
  expect(await torquelens("train", "--task", "cook", "-o", output)).toMatchObject(
    refusal('no task named "cook"; expected reacher, peg, door, baxter'),
  );
  expect(await torquelens("train", "--task", "reacher", "-o", nowhere)).toMatchObject(refusal(unwritable));
  expect(await torquelens("train", "--task", "reacher", "-o", card)).toMatchObject(
    refusal(`${card}: expected a file name ending in .onnx`),
  );
  const other = join(folder, "policy.bin");
  expect(await torquelens("train", "--task", "reacher", "-o", other)).toMatchObject(
    refusal(`${other}: expected a file name ending in .onnx`),
  );
  expect(await torquelens("train", "--task", "reacher", "-o", output, "--run", output)).toMatchObject(
    refusal(`${output}: it is another output of this command, expected a file of its own`),
  );
  expect(await torquelens("train", "--task", "reacher", "--algorithm", "guess", "-o", output)).toMatchObject(
    refusal('task reacher cannot be trained by "guess", expected imitation, gps'),
  );
  expect(await torquelens("train", "--task", "reacher", "--seed", "-1", "-o", output)).toMatchObject({ code: 2 });
  expect(await torquelens("train", "--task", "reacher", "--camera", "9x9000", "-o", output)).toMatchObject({ code: 2 });
  expect(await readdir(folder)).toEqual([]);
});

test("an interrupted training ends soon, leaves no policy, and another one does not overwrite it", async () => {
  const output = join(folder, "policy.onnx");
  const child = spawn(process.execPath, [program, "train", "--task", "reacher", "--device", "auto", "-o", output]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = !stderr.includes("device auto");
    stderr += text;
    if (isFirst && stderr.includes("device auto")) child.kill("SIGINT");
  });
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^device auto: training the convolutions on (cpu|cuda)$/m);
  const run = join(folder, "policy.run");
  expect(stderr).toContain(
    `torquelens: interrupted; no policy was written; run the same command to continue from ${run}`,
  );
  expect(await readdir(folder)).toEqual(["policy.run"]);
  expect(await torquelens("train", "--task", "reacher", "--seed", "1", "-o", output)).toMatchObject(
    refusal(`${run}: holds a training with seed 0, not 1; expected an empty folder, or the same training`),
  );
});
