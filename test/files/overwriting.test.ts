import { link, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refuseOverwriting } from "#src/files/overwriting.js";

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-overwriting-"));
  await mkdir(at("bag"));
  for (const name of ["a.mcap", "bag/part.mcap"]) await writeFile(at(name), name);
  await symlink("a.mcap", at("link.mcap"));
  await link(at("a.mcap"), at("hard.mcap"));
  await symlink(".", at("here"));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  ["the input itself", ["a.mcap"], ["a.mcap"]],
  ["a symbolic link to it", ["a.mcap"], ["link.mcap"]],
  ["its other name", ["a.mcap"], ["hard.mcap"]],
  ["the link's target", ["link.mcap"], ["a.mcap"]],
  ["a file of an input folder", ["bag"], ["bag/part.mcap"]],
  ["the input folder", ["bag"], ["bag"]],
  ["two outputs", [], ["new.csv", "new.csv"]],
  ["two outputs by two ways", [], ["new.csv", "here/new.csv"]],
])("refused: %s", async (_title, inputs, outputs) => {
  await expect(refuseOverwriting(inputs.map(at), outputs.map(at))).rejects.toThrow(/expected a file of its own/);
});

test.each([
  ["a new file", ["a.mcap"], ["b.mcap"]],
  ["a new file in an input folder", ["bag"], ["bag/explained.mcap"]],
  ["one input twice", ["a.mcap", "a.mcap"], ["b.mcap"]],
  ["an input that is no file, as a method's name", ["dtd"], ["dtd"]],
])("taken: %s", async (_title, inputs, outputs) => {
  await refuseOverwriting(inputs.map(at), outputs.map(at));
});

test("what is not given is left out, and a device can be both", async () => {
  await refuseOverwriting([undefined, "/dev/null"], ["/dev/null", "/dev/null", undefined]);
});
