import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { writeAtomically, writeThrough } from "#src/files/atomic.js";
import { writing } from "#src/files/unwritable.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-unwritable-"));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  ["ENOSPC", "no space left on the device"],
  ["EDQUOT", "the disk quota is used up"],
  ["EMFILE", "too many files are open"],
  ["EROFS", "the file system is read-only"],
  ["EACCES", "permission denied"],
  ["EIO", "the disk fails"],
  ["ESTALE", "a code without a reason of its own"],
])("a write that fails with %s names the file, and leaves the old one", async (code, why) => {
  const path = join(folder, "out.csv");
  await writeFile(path, "old");
  const fails = writeThrough(path, async (half) => {
    await writeFile(half, "half");
    throw Object.assign(new Error(why), { code, syscall: "write" });
  });
  const error = (await fails.catch((reason: unknown) => reason)) as Error;
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toMatch(`${path}: cannot write it (${why}), expected`);
  expect(await readdir(folder)).toEqual(["out.csv"]);
});

test("an error that is none of the system's stays as it is", async () => {
  const fault = new TypeError("a fault of the program");
  await expect(
    writing("x", () => {
      throw fault;
    }),
  ).rejects.toBe(fault);
});

test("a name that is too long for the system is told", async () => {
  const path = join(folder, "n".repeat(300));
  await expect(writeAtomically(path, "")).rejects.toThrow(
    new InputError(`${path}: cannot write it (the name is too long), expected a writable file name`),
  );
});
