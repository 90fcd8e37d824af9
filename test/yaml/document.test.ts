import { expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { yamlData } from "#src/yaml/parse.js";

const refused = (text: string) => {
  try {
    yamlData(text, "c.yaml");
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return undefined;
};

it.each([
  ["lists in brackets", (n: number) => "[".repeat(n) + "]".repeat(n)],
  ["lists of dashes", (n: number) => `${"- ".repeat(n)}a`],
  ["mappings in braces", (n: number) => "{a: ".repeat(n) + "}".repeat(n)],
])("%s are read to a depth of 100 and no deeper", (_, nested) => {
  const message = /^c\.yaml: not YAML, line 1: nested deeper than 100 levels$/;
  expect(refused(nested(100))).toBeUndefined();
  expect(refused(nested(101))).toMatch(message);
  expect(refused(nested(50_000))).toMatch(message);
});

it("mappings of many keys, and of many faults, are read in time that grows with their length", () => {
  const keys = Array.from({ length: 30_000 }, (_, i) => `k${i}`);
  const text = keys.map((key, i) => `${key}: ${i}\n`).join("");
  expect(yamlData(text, "c.yaml")).toEqual(Object.fromEntries(keys.map((key, i) => [key, i])));
  expect(refused(`${text}k7: 0\n`)).toBe("c.yaml: not YAML, line 30001: Map keys must be unique");
  expect(refused(`a: ${"!x ".repeat(50_000)}`)).toMatch(/^c\.yaml: not YAML, line 1: A node can have at most one tag/);
});

it("a key that is a list or a mapping is refused", () => {
  expect(refused("a: 1\n? [b]\n: 2\n")).toBe("c.yaml: not YAML, line 2: a key must be a text or a number");
  expect(refused("? ".repeat(50_000))).toBe("c.yaml: not YAML, line 1: nested deeper than 100 levels");
});

it("a key given twice or named __proto__ is refused with its line, at any depth", () => {
  expect(refused("a:\n  - b: 1\n    c: 2\n    b: 3\n")).toBe("c.yaml: not YAML, line 4: Map keys must be unique");
  expect(refused("a:\n  - {b: 1, __proto__: 2}\n")).toBe("c.yaml: not YAML, line 2: a key cannot be __proto__");
  expect(yamlData("constructor: 1\ntoString: {valueOf: 2}\n", "c.yaml")).toEqual({
    constructor: 1,
    toString: { valueOf: 2 },
  });
});
