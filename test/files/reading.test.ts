import { execFileSync } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { readIfThere, readText, readWhole } from "#src/files/reading.js";

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-reading-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("a file is read whole, an empty one too", async () => {
  await writeFile(at("file"), "τ = 3");
  await writeFile(at("empty"), "");
  expect(await readText(at("file"), "the text")).toBe("τ = 3");
  expect(await readWhole(at("empty"), "the text")).toHaveLength(0);
});

test("a pipe is read to its end, whenever its writer begins and however slowly it goes on", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  const found = readWhole(at("pipe"), "the data");
  await sleep(100);
  const writer = createWriteStream(at("pipe"));
  const parts = Array.from({ length: 5 }, (_, i) => Buffer.alloc(50_000, i));
  for (const part of parts) {
    writer.write(part);
    await sleep(30);
  }
  writer.end();
  expect((await found).equals(Buffer.concat(parts))).toBe(true);
});

test("a pipe without a writer is not waited for for ever", { timeout: 60_000 }, async () => {
  execFileSync("mkfifo", [at("silent")]);
  await expect(readWhole(at("silent"), "the policy")).rejects.toThrow(
    new InputError(`${at("silent")}: cannot read the policy (a pipe to which nothing is written)`),
  );
});

test("what is no file is refused with the reason", async () => {
  await mkdir(at("folder"));
  await writeFile(at("some"), "");
  await symlink(at("circle"), at("circle"));
  const reasons: [string, string][] = [
    [at("none"), "no such file"],
    [at("folder"), "it is a folder"],
    [at("some/file"), "part of the path is not a folder"],
    [at("circle"), "its links lead in a circle"],
    [at("n".repeat(300)), "the name is too long"],
    ["/dev/zero", "it is a device"],
    ["a\0b", "its name is not one of a file"],
  ];
  for (const [path, reason] of reasons)
    await expect(readText(path, "the card"), path).rejects.toThrow(
      new InputError(`${path}: cannot read the card (${reason})`),
    );
});

test("a file that may be missing is read where it is there, and refused where it cannot be", async () => {
  await writeFile(at("there"), "1");
  expect(String(await readIfThere(at("there"), "the text"))).toBe("1");
  expect(await readIfThere(at("not there"), "the text")).toBeUndefined();
  await mkdir(at("no file"));
  await expect(readIfThere(at("no file"), "the text")).rejects.toThrow("cannot read the text (it is a folder)");
  await symlink(at("gone"), at("leads nowhere"));
  await expect(readIfThere(at("leads nowhere"), "the text")).rejects.toThrow("(no such file)");
});

test("a file that the user may not read is refused", async () => {
  await writeFile(at("secret"), "1", { mode: 0 });
  // Root may read all: another user takes its place for a moment.
  const isRoot = process.geteuid!() === 0;
  if (isRoot) process.seteuid!(65_534);
  try {
    for (const read of [readText, readIfThere])
      await expect(read(at("secret"), "the text")).rejects.toThrow(
        new InputError(`${at("secret")}: cannot read the text (permission denied)`),
      );
  } finally {
    if (isRoot) process.seteuid!(0);
  }
});

test("a file that holds no text is not read as text", async () => {
  await writeFile(at("image"), Buffer.from("89504e470d0a1a0a0000000d", "hex"));
  await expect(readText(at("image"), "the policy card")).rejects.toThrow(
    `${at("image")}: cannot read the policy card (not a text file in UTF-8)`,
  );
});
