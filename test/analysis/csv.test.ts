import { expect, it } from "vitest";
import { quoted } from "#src/analysis/csv.js";

it.each([
  ["elbow", "elbow"],
  ['say "a, b"', '"say ""a, b"""'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-elbow", "'-elbow"],
  ["@sum", "'@sum"],
  ["\t=1", "'\t=1"],
  ["\r=1", '"\'\r=1"'],
  ["a=b", "a=b"],
])("writes %j as a cell %j", (text, cell) => expect(quoted(text)).toBe(cell));
