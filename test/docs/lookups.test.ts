import ts from "typescript";
import { expect, it } from "vitest";
import { lookups } from "../../scripts/lookups.js";

const NAME = "/snippet.ts";

/** The lookups in a program of one file. */
function found(text: string): string[] {
  const host = ts.createCompilerHost({});
  const read = host.getSourceFile;
  host.getSourceFile = (name, ...rest) =>
    name === NAME ? ts.createSourceFile(NAME, text, ts.ScriptTarget.ES2022, true) : read(name, ...rest);
  const program = ts.createProgram([NAME], { strict: true, lib: ["lib.es5.d.ts"], types: [] }, host);
  return lookups(program, (name) => name === NAME).map((place) => place.replace(/^.*?:\d+ /, ""));
}

it("finds a read, a write and an `in` by any string, also in a type parameter", () => {
  const text = `
    const table: Record<string, number> = {};
    export const read = (key: string) => table[key];
    export const chained = (key: string, held?: Record<string, number>) => held?.[key];
    export const generic = <K extends string>(record: Record<K, number>, key: K) => record[key];
    export const write = (key: string) => { table[key] = 1; };
    export const has = (key: string) => key in table;
    export const ending = (key: string) => table[key + ".weight"];`;
  const expected = ["table[key]", "held?.[key]", "record[key]", "table[key]", "key in table"];
  expect(found(text)).toEqual([...expected, 'table[key + ".weight"]']);
});

it("leaves indices, literals, closed sets of names and names with a prefix alone", () => {
  const text = `
    const table: Record<string, number> = {};
    const sides = { left: 1, right: 2 };
    export const index = (list: number[], i: number) => list[i];
    export const literal = table["a"];
    export const closed = (side: "left" | "right") => sides[side];
    export const prefixed = (key: string) => table[\`torquelens.\${key}\`];
    for (const key in table) console.log(key);`;
  expect(found(text)).toEqual([]);
});
