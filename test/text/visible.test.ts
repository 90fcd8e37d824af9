import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { visible, visibleLine } from "#src/text/visible.js";

describe("visible", () => {
  it.each([
    ["a terminal's escape", "\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"],
    ["a control sequence of one byte", "\u009b2J", "\\u009b2J"],
    ["a carriage return and a backspace", "real\rfake\b", "real\\u000dfake\\u0008"],
    ["a bidirectional override", "elbow\u202e\u2066x", "elbow\\u202e\\u2066x"],
    ["characters that are not seen", "el\u200bbow\ufeff\u00ad", "el\\u200bbow\\ufeff\\u00ad"],
    ["line separators", "a\u2028b\u2029c\u0085d", "a\\u2028b\\u2029c\\u0085d"],
    ["tag characters", "\u{e0041}", "\\udb40\\udc41"],
    ["half a pair", "\ud83d!", "\\ud83d!"],
    ["lines, tabs, letters of any writing and emoji", "a\tb\nεπαγωγή 关节 مفصل 🦾", "a\tb\nεπαγωγή 关节 مفصل 🦾"],
  ])("shows %s", (_, text, expected) => expect(visible(text)).toBe(expected));

  it("keeps JSON the same JSON", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (strings) => {
        const text = visible(JSON.stringify(strings));
        expect(JSON.parse(text)).toEqual(strings);
        expect(text).toBe(visible(text));
      }),
    );
  });
});

test("visibleLine stays on its line", () => expect(visibleLine("a\n\tb\r")).toBe("a\\n\\tb\\u000d"));

/** Files of a folder of the sources, by path. */
function sources(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [path, readFileSync(join(folder, path), "utf8")]);
}

test("nothing but terminal.ts writes text to a terminal, besides what only benchmarks run", () => {
  const writes = sources(fileURLToPath(new URL("../../src", import.meta.url)))
    .filter(([, text]) => /process\.std(out|err)\.write|console\./.test(text))
    .map(([path]) => path)
    .filter((path) => !path.startsWith("bench"));
  expect(writes).toEqual([join("text", "terminal.ts")]);
});
