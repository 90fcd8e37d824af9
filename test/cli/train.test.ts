import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusal, torquelens } from "./run.js";

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
    refusal('no training for a task named "cook", expected reacher'),
  );
  expect(await torquelens("train", "--task", "reacher", "-o", nowhere)).toMatchObject(refusal(unwritable));
  expect(await torquelens("train", "--task", "reacher", "-o", card)).toMatchObject(
    refusal(`${card}: expected a file name ending in .onnx`),
  );
  expect(await torquelens("train", "--task", "reacher", "--seed", "-1", "-o", output)).toMatchObject({ code: 2 });
  expect(await readdir(folder)).toEqual([]);
});
