import { expect, it } from "vitest";
import { stripOf } from "#src/analysis/page/film-strip.js";

const frame = { seconds: 1.25, camera: "wrist", about: "for elbow alone", jpeg: Uint8Array.of(1), width: 8, height: 6 };

it("labels heatmaps by what they explain and attention by its queries, which stand side by side", () => {
  const { text } = stripOf([
    { ...frame, points: [[2, 3]] },
    { ...frame, points: [], queries: ["tip", "<target>"] },
  ]);
  const [heatmap, attention] = text.split("</figure>");
  expect(heatmap).toContain("<figcaption>1.25 s, wrist, for elbow alone</figcaption>");
  expect(heatmap).toContain('alt="heatmap over the camera image at 1.25 s, wrist, for elbow alone"');
  expect(heatmap).toContain('<circle cx="2.5" cy="3.5"');
  expect(heatmap).not.toContain("style=");
  expect(attention).toContain("<figcaption>1.25 s, wrist, attention of tip, &#60;target&#62;</figcaption>");
  expect(attention).toContain('style="width: 264px"');
  expect(attention).not.toContain("<circle");
});

it("keeps a heatmap and the attention of its moment and camera together", () => {
  const heatmap = { ...frame, points: [] };
  const attention = { ...heatmap, queries: ["tip"] };
  const later = { seconds: 1.5 };
  const { text } = stripOf([heatmap, attention, { ...heatmap, ...later }, { ...attention, ...later }]);
  const ticks = text.split('<div class="tick">').slice(1);
  expect(ticks.map((tick) => tick.match(/<figcaption>[^,]+/g))).toEqual([
    ["<figcaption>1.25 s", "<figcaption>1.25 s"],
    ["<figcaption>1.50 s", "<figcaption>1.50 s"],
  ]);
  const { text: plain } = stripOf([heatmap, { ...heatmap, camera: "head" }]);
  expect(plain).not.toContain("tick");
});
