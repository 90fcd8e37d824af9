// Every name that a document's code imports from this package is exported by it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "./code-blocks.js";

const root = new URL("../../", import.meta.url).pathname;
const { exports: entries } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  exports: Record<string, { default: string }>;
};
const IMPORT = /import (type )?\{([^}]*)\} from "torquelens(\/[\w/]+)?"/g;

const documents = [
  "README.md",
  ...(await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

describe("imports from torquelens", () => {
  for (const path of documents)
    it(`in ${path}`, async () => {
      for (const { text } of codeBlocks(await readFile(join(root, path), "utf8")))
        for (const [, typesOnly, names, entry = ""] of text.matchAll(IMPORT)) {
          expect(entries).toHaveProperty([`.${entry}`]);
          if (typesOnly) continue;
          const module = (await import(join(root, entries[`.${entry}`]!.default))) as object;
          for (const name of names!.split(",").map((part) => part.trim())) expect(module).toHaveProperty(name);
        }
    });
});

it("the README lists every entry of the package", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const listed = [...readme.matchAll(/^\| `torquelens(\/\w+)?` \|/gm)].map(([, entry = ""]) => `.${entry}`);
  expect(listed.sort()).toEqual(
    Object.keys(entries)
      .filter((entry) => !entry.endsWith(".json"))
      .sort(),
  );
});
