import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { channelTable } from "#src/messages/channels.js";
import { messageType } from "#src/messages/definitions.js";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const json = (name: string) => JSON.parse(read(name));

describe("the layouts", () => {
  const offered = new Set([
    ...channelTable({ robotDescription: "", jointElements: {} }).map(({ topic }) => topic),
    "/diagnostics",
  ]);

  const { configById: panels, layout } = json("launch/foxglove-layout.json") as {
    configById: Record<string, Record<string, unknown>>;
    layout: unknown;
  };
  const ofKind = (kind: string) => Object.entries(panels).filter(([id]) => id.startsWith(`${kind}!`));

  it("for Foxglove shows topics that there are", () => {
    const shown = [...JSON.stringify(panels).matchAll(/"(\/[a-z0-9_/]+)[".]/g)].map((match) => match[1]!);
    expect(shown.length).toBeGreaterThan(6);
    for (const topic of shown) expect(offered, topic).toContain(topic);
  });

  it("for Foxglove plots fields that there are", () => {
    const fields = new Set(messageType("torquelens/msg/RelevanceRatios").schema.match(/(?<=^float\d+ )\w+/gm));
    const plotted = [...JSON.stringify(panels).matchAll(/\/torquelens\/ratios\.(\w+)/g)].map((match) => match[1]!);
    expect(plotted).toEqual(["image", "position", "velocity", "latency_ms", "conservation_residual"]);
    for (const field of plotted) expect(fields, field).toContain(field);
  });

  it("for Foxglove places each panel once, in the tiling or on a tab", () => {
    const tiles = [JSON.stringify(layout), JSON.stringify(panels)].flatMap((text) =>
      [...text.matchAll(/"(?:first|second|layout)":"([^"]+)"/g)].map((match) => match[1]!),
    );
    expect(tiles.sort()).toEqual(Object.keys(panels).sort());
  });

  it("for Foxglove titles each panel for both viewers", () => {
    for (const [id, panel] of Object.entries(panels)) {
      if (id.startsWith("Tab!")) continue;
      expect(panel.foxglovePanelTitle, id).toEqual(expect.stringMatching(/./));
      expect(panel.lichtblickPanelTitle, id).toBe(panel.foxglovePanelTitle);
    }
  });

  it("for Foxglove shows the whole span of a recording, and one scale in each plot", () => {
    const plots = ofKind("Plot") as [string, { paths: { value: string }[] }][];
    expect(plots).toHaveLength(3);
    for (const [id, plot] of plots) {
      expect(plot, id).not.toHaveProperty("followingViewWidth");
      const scales = new Set(plot.paths.map(({ value }) => (/(latency|residual)/.exec(value) ?? ["share"])[0]));
      expect(scales.size, id).toBe(1);
    }
  });

  it("for Foxglove hides what would cover the arm's colours", () => {
    const views = ofKind("3D");
    expect(views).toHaveLength(2);
    for (const [, view] of views) {
      expect(view).toMatchObject({
        scene: { transforms: { axisScale: 0, showLabel: false, lineWidth: 0 } },
        layers: { urdf: { visible: false } },
        topics: { "/torquelens/markers": { visible: true }, "/robot_description": { visible: false } },
      });
    }
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
