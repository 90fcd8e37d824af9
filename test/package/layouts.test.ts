import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { channelTable } from "#src/messages/channels.js";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const json = (name: string) => JSON.parse(read(name));

describe("the layouts", () => {
  const offered = new Set([
    ...channelTable({ robotDescription: "", jointElements: {} }).map(({ topic }) => topic),
    "/diagnostics",
  ]);

  it("for Foxglove shows topics that there are", () => {
    const { configById, layout } = json("launch/foxglove-layout.json");
    const shown = [...JSON.stringify(configById).matchAll(/"(\/[a-z0-9_/]+)[".]/g)].map((match) => match[1]!);
    expect(shown.length).toBeGreaterThan(6);
    for (const topic of shown) expect(offered, topic).toContain(topic);
    const panels = [...JSON.stringify(layout).matchAll(/"(?:first|second)":"([^"]+)"/g)].map((match) => match[1]!);
    expect(panels.sort()).toEqual(Object.keys(configById).sort());
  });

  it("for RViz shows topics that there are", () => {
    const { Displays } = parse(read("launch/torquelens.rviz"))["Visualization Manager"];
    const shown = Displays.flatMap((display: Record<string, { Value?: string }>) =>
      ["Topic", "Description Topic"].flatMap((key) => display[key]?.Value ?? []),
    );
    expect(shown.length).toBeGreaterThan(3);
    for (const topic of shown) expect(offered, topic).toContain(topic);
  });

  it("for RViz is renamed with the node's namespace by the launch file", () => {
    const renamed = /SHOWN = \(([^)]*)\)/.exec(read("launch/explain.launch.py"))![1]!;
    const topics = [...read("launch/torquelens.rviz").matchAll(/Value: \/torquelens\/(\S+)/g)].map(
      (match) => match[1]!,
    );
    expect([...renamed.matchAll(/'([^']+)'/g)].map((match) => match[1]!).sort()).toEqual(topics.sort());
  });
});
