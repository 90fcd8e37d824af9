import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { arrowsOf, importsBetweenRooms, roomTable, withoutImplied } from "../../scripts/rooms.js";

const read = (path: string) => readFile(new URL(`../../docs/${path}`, import.meta.url), "utf8");
const again = "run `npm run architecture`";

it("docs/architecture.md has the table of docs/rooms.json", async () => {
  expect((await read("architecture.md")).includes(roomTable()), again).toBe(true);
});

it("the picture's arrows are the imports", async () => {
  const imports = withoutImplied(await importsBetweenRooms());
  const expected = imports.map(({ from, to }) => `${from} ${to}`).sort();
  expect(arrowsOf(await read("images/architecture.svg")), again).toEqual(expected);
});
