// Runs docs/getting-started.md: writes the files that it says to save, and runs every block of commands, in order.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeBlocks } from "./code-blocks.js";

const root = new URL("../../", import.meta.url).pathname;
const blocks = codeBlocks(await readFile(join(root, "docs/getting-started.md"), "utf8"));
const NEEDS_MORE = /not run by `npm test`/;
const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-getting-started-"));
  await copyFile(join(root, "test/data/getting-started/policy.onnx"), join(folder, "policy.onnx"));
  const camera = { create: { width: 160, height: 120, channels: 3, background: "teal" } } as const;
  await sharp(camera).png().toFile(join(folder, "camera.png"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("docs/getting-started.md", () => {
  for (const { language, text, before } of blocks) {
    const file = /[Ss]ave[^.]* as `([\w.]+)`/.exec(before)?.[1];
    if (language === "sh")
      for (const line of text.trim().split("\n"))
        it(`runs ${line}`, async () => {
          expect(line).toMatch(/^npx torquelens /);
          const command = line.replace("npx torquelens", `"${process.execPath}" "${root}bin/torquelens.js"`);
          await run("sh", ["-c", command], { cwd: folder });
        });
    else if (language === "yaml" || language === "json")
      it(`has a ${file} to save`, async () => {
        expect(file).toBeDefined();
        await writeFile(join(folder, file!), text);
      });
  }

  it("leaves the files that it names", async () => {
    const names = ["explained/explanation.json", "explained.mcap", "report.html", "shares.csv", "explained.onnx"];
    for (const name of names) expect((await stat(join(folder, name))).size, name).toBeGreaterThan(0);
  });

  it("says which commands the tests do not run, and why", () => {
    const others = blocks.filter(({ language }) => language === "");
    expect(others).toHaveLength(2);
    for (const { before } of others) expect(before).toMatch(NEEDS_MORE);
  });
});
