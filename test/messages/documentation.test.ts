import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import type { ExplanationFlag } from "#src/explain/explanation.js";
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
  const table = channelTable({
    robotDescription: "<robot/>",
    jointElements: {},
    attended: ["image"],
    listens: true,
    isSimulated: true,
    diagnostics: () => undefined,
  });
  expect(documented).toEqual(table.map(({ topic, type, recorded }) => [topic, type, recorded]));
});

it("docs/topics.md names the topics of several cameras", async () => {
  const text = await page("topics.md");
  const several = channelTable({ cameras: ["NAME", "OTHER"], attended: ["NAME"] }).filter(({ topic }) =>
    topic.includes("NAME"),
  );
  for (const { topic } of several) expect(text).toContain(`\`${topic}\``);
});

it("docs/topics.md names the topics of a second method", async () => {
  const [, list] = /^Under `\/torquelens\/compare\/`: (.*)\.$/m.exec(await page("topics.md"))!;
  const named = [...list!.matchAll(/`([\w/]+)`/g)].map(([, name]) => `/torquelens/compare/${name}`);
  expect(named).toEqual(channelTable({ isCompared: true, isSimulated: true }).map(({ topic }) => topic));
});

it("docs/diagnostics.md has the thresholds and their defaults", async () => {
  const documented = rows(await page("diagnostics.md")).filter(([name]) => name! in THRESHOLDS);
  expect(documented).toEqual(
    Object.entries(THRESHOLDS).map(([name, { default: value, text }]) => [name, String(value), text]),
  );
});

it("docs/topics.md explains every flag", async () => {
  const flags: Record<ExplanationFlag | "episode_start", true> = {
    idle: true,
    not_finite: true,
    torque_differs: true,
    not_conserving: true,
    empty_pool: true,
    deadline_missed: true,
    importance_unknown: true,
    in_contact: true,
    at_limit: true,
    limit_clipped: true,
    velocity_differentiated: true,
    joint_position_assumed: true,
    mixed_joint_states: true,
    mixed_images: true,
    unknown_words: true,
    episode_start: true,
  };
  const [, list] = (await page("topics.md")).split("### Flags");
  const named = list!.split("\n## ")[0]!.matchAll(/^- ((?:`\w+`(?:, )?)+):/gm);
  expect([...named].flatMap(([, names]) => names!.replaceAll("`", "").split(", ")).sort()).toEqual(
    Object.keys(flags).sort(),
  );
});
