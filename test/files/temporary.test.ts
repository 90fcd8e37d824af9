import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeAtomically } from "#src/files/atomic.js";
import { isOpen, removeLeftovers, temporary } from "#src/files/temporary.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-temporary-"));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
/** The name that another process would have used. */
const nameBy = (pid: number, target: string): string => temporary(at(target)).replace(`-${process.pid}-`, `-${pid}-`);
const ended = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

test("the next run that writes a file removes what a killed run left of it, and nothing else", async () => {
  const running = spawn("sleep", ["60"]);
  await once(running, "spawn");
  try {
    const left = nameBy(ended(), "out.csv");
    const kept = [
      nameBy(running.pid!, "out.csv"),
      nameBy(ended(), "other.csv"),
      temporary(at("out.csv")),
      at(".out.csv.tmp"),
      at(".out.csv.swp"),
    ];
    for (const path of [left, ...kept]) await writeFile(path, "half");
    await writeAtomically(at("out.csv"), "whole");
    expect((await readdir(folder)).sort()).toEqual([...kept, at("out.csv")].map((path) => basename(path)).sort());
  } finally {
    running.kill();
  }
});

test("a file of another machine, or of an earlier process with this id, goes by its age", async () => {
  const foreign = temporary(at("a")).replace(/[0-9a-f]{8}-/, "00000000-");
  const earlier = temporary(at("a"));
  for (const path of [foreign, earlier]) await writeFile(path, "half");
  const before = new Date(performance.timeOrigin - 1000);
  await utimes(earlier, before, before);
  await removeLeftovers(folder);
  expect(await readdir(folder)).toEqual([basename(foreign)]);
  const old = new Date(Date.now() - 2 * 3_600_000);
  await utimes(foreign, old, old);
  await removeLeftovers(folder, "b");
  expect(await readdir(folder)).toEqual([basename(foreign)]);
  await removeLeftovers(folder, "a");
  expect(await readdir(folder)).toEqual([]);
});

test.runIf(process.platform === "linux")("a file is known to be open while a process has it so", async () => {
  await writeFile(at("x"), "");
  expect(await isOpen(at("x"))).toBe(false);
  const handle = await open(at("x"));
  expect(await isOpen(at("x"))).toBe(true);
  await handle.close();
  expect([await isOpen(at("x")), await isOpen(at("none"))]).toEqual([false, false]);
});
