import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { THRESHOLDS } from "#src/health/thresholds.js";
import { channelTable } from "#src/messages/channels.js";

const page = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

/** Cells of the rows of all tables of a page. */
const rows = (text: string): string[][] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .slice(1, -1)
        .split(" | ")
        .map((cell) => cell.trim().replaceAll("`", "")),
    );

it("docs/topics.md lists the topics and types of the table, and which are not recorded", async () => {
  const documented = rows(await page("topics.md")).map(([topic, type, , holds]) => [
    topic,
    type,
    !holds!.includes("Not recorded"),
  ]);
  const table = channelTable({ robotDescription: "<robot/>", jointElements: {} });
  expect(documented).toEqual(table.map(({ topic, type, recorded }) => [topic, type, recorded]));
});

it("docs/topics.md names the topics of several cameras", async () => {
  const text = await page("topics.md");
  const several = channelTable({ cameras: ["NAME", "OTHER"] }).filter(({ topic }) => topic.includes("NAME"));
  for (const { topic } of several) expect(text).toContain(`\`${topic}\``);
});

it("docs/diagnostics.md has the thresholds and their defaults", async () => {
  const documented = rows(await page("diagnostics.md")).filter(([name]) => name! in THRESHOLDS);
  expect(documented).toEqual(
    Object.entries(THRESHOLDS).map(([name, { default: value, text }]) => [name, String(value), text]),
  );
});
