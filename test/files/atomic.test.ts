import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { assertWritable, writeAtomically } from "#src/files/atomic.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-atomic-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a file is written whole and nothing else is left", async () => {
  await assertWritable(join(folder, "out.onnx"));
  await writeAtomically(join(folder, "out.onnx"), Uint8Array.of(1, 2, 3));
  expect(await readFile(join(folder, "out.onnx"))).toEqual(Buffer.of(1, 2, 3));
  expect(await readdir(folder)).toEqual(["out.onnx"]);
});

test("an existing file is replaced and keeps its mode; a link stays a link", async () => {
  await writeFile(join(folder, "old"), "old");
  await chmod(join(folder, "old"), 0o640);
  await symlink("old", join(folder, "link"));
  await writeAtomically(join(folder, "link"), "new");
  expect(await readFile(join(folder, "old"), "utf8")).toBe("new");
  expect((await stat(join(folder, "old"))).mode & 0o777).toBe(0o640);
  expect((await readdir(folder)).sort()).toEqual(["link", "old"]);
});

test.each([
  ["a directory that does not exist", "none/out", "no such directory"],
  ["a directory", "taken", "it is a directory"],
  ["a path through a file", "file/out", "part of the path is not a directory"],
])("refused: %s", async (_title, name, why) => {
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "file"), "");
  const path = join(folder, name);
  const refusal = new InputError(`${path}: cannot write it (${why}), expected a writable file name`);
  await expect(assertWritable(path)).rejects.toThrow(refusal);
  await expect(writeAtomically(path, "x")).rejects.toThrow(refusal);
  expect((await readdir(folder)).sort()).toEqual(["file", "taken"]);
});

test.runIf(process.platform === "linux")("a full device is an InputError and stays a device", async () => {
  const why = "no space left on the device";
  await expect(writeAtomically("/dev/full", "x")).rejects.toThrow(
    new InputError(`/dev/full: cannot write it (${why}), expected room for it`),
  );
  expect((await stat("/dev/full")).isCharacterDevice()).toBe(true);
});
