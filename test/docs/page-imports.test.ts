import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../viewer/src/", import.meta.url));

/** Folders of the page, and those that each may import, as docs/architecture.md draws them. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  ui: ["wire"],
  source: ["wire"],
  model: ["wire", "source", "ui"],
  export: ["wire", "model", "ui"],
  panels: ["wire", "source", "model", "export", "ui", "session.ts"],
};
/** Code of src that runs in browsers, and types of what the server answers. */
const OURS =
  /^#src\/(image\/|outputs\/|text\/|messages\/(types|stamp)\.js$|explain\/explanation\.js$|web\/answers\.js$|relevance\/contract\/contrast\.js$)/;

const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name!);

test.each(files)("%s imports downwards", (file) => {
  const folder = file.split("/")[0]!;
  const may = MAY[folder];
  for (const name of importsOf(file)) {
    if (name.startsWith("#src/")) expect(name).toMatch(OURS);
    if (!name.startsWith(".") || may === undefined) continue;
    const target = relative(root, join(dirname(join(root, file)), name)).replace(/\.js$/, ".ts");
    const to = target.split("/")[0]!;
    if (to !== folder) expect(may, `${file} imports ${target}`).toContain(to);
  }
});
