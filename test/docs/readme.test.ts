// Runs the README's TypeScript on the policy of docs/getting-started.md, against this package.
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import ts from "typescript";
import { expect, it } from "vitest";
import { codeBlocks } from "./code-blocks.js";

const root = new URL("../../", import.meta.url).pathname;
const blocksOf = async (path: string) => codeBlocks(await readFile(join(root, path), "utf8"));

it("the README's TypeScript explains an image", async () => {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-readme-"));
  try {
    const code = (await blocksOf("README.md")).find(({ language }) => language === "ts")!.text;
    const card = (await blocksOf("docs/getting-started.md")).find(({ language }) => language === "yaml")!.text;
    const local = code.replace(/"torquelens(?:\/(\w+))?"/g, (_, entry = "index") => `"${root}dist/entry/${entry}.js"`);
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    await writeFile(join(folder, "explain.mjs"), ts.transpile(local, options));
    await copyFile(join(root, "test/data/getting-started/policy.onnx"), join(folder, "policy.onnx"));
    await writeFile(join(folder, "policy.yaml"), card);
    const camera = { create: { width: 96, height: 96, channels: 3, background: "teal" } } as const;
    await sharp(camera).png().toFile(join(folder, "camera.png"));
    const { stdout } = await promisify(execFile)(process.execPath, ["explain.mjs"], { cwd: folder });
    expect((await sharp(join(folder, "overlay.png")).metadata()).width).toBe(96);
    expect(stdout).toMatch(/'image', 'joint_position', 'joint_velocity'/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
