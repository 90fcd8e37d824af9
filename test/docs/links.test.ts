// Every relative link in a document leads to a file and a heading that exist, every file and npm script that a document
// names exists, and docs/README.md lists every document.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const LEFT_OUT = /^(node_modules|build|dist|shared|\.git|docs\/api|ros\/node_modules|test\/data)(\/|$)/;

async function documents(folder = ""): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      if (LEFT_OUT.test(path)) return [];
      if (entry.isDirectory()) return documents(path);
      return entry.name.endsWith(".md") ? [path] : [];
    }),
  );
  return found.flat();
}

const pages = new Map<string, string>();
for (const path of await documents())
  pages.set(path, (await readFile(join(root, path), "utf8")).replace(/^```[\s\S]*?^```$/gm, ""));

/** Anchors of a document's headings, as GitHub makes them. */
function anchors(text: string): string[] {
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, "")
      .replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** Relative links of a document, without those in code. */
const linksOf = (text: string) =>
  [...text.replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^[a-z]+:/.test(link));

describe("links", () => {
  for (const [path, text] of pages)
    it(`of ${path}`, () => {
      for (const link of linksOf(text)) {
        const [file, anchor] = link.split("#");
        const to = file === "" ? path : relative(root, resolve(root, dirname(path), file!));
        expect(existsSync(join(root, to)), link).toBe(true);
        if (anchor !== undefined) expect(anchors(pages.get(to)!), link).toContain(anchor);
      }
    });
});

const scripts = JSON.parse(await readFile(join(root, "package.json"), "utf8")).scripts as Record<string, string>;

describe("files and scripts that are named", () => {
  for (const [path, text] of pages)
    if (path !== "CHANGELOG.md")
      it(`in ${path}`, () => {
        for (const [, file] of text.matchAll(/`((?:src|test|scripts|bench|launch|models|urdf|msg|bin)\/[\w./-]+)`/g))
          expect(existsSync(join(root, file!)), file).toBe(true);
        for (const [, script] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts, script).toHaveProperty([script!]);
      });
});

it("docs/README.md lists every document in docs/", () => {
  const listed = linksOf(pages.get("docs/README.md")!).map((link) => join("docs", link));
  const present = [...pages.keys()].filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(present.filter((path) => !listed.includes(path))).toEqual([]);
});
