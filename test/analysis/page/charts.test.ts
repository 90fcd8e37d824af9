import { expect, test } from "vitest";
import { parseEvent } from "#src/analysis/events.js";
import {
  COMPARISON_CHARTS,
  EVENT_CHARTS,
  figures,
  PHASE_CHARTS,
  RUN_CHARTS,
  SET_CHARTS,
  TORQUE_CHARTS,
} from "#src/analysis/page/charts.js";
import { Survey } from "#src/analysis/survey.js";
import { phasesOf } from "#src/analysis/why/phases.js";
import { imageShares, runOf } from "../runs.js";

const runs = [0.2, 0.5].map((share, k) => runOf(imageShares(Array(20).fill(share)), { bag: `${k}.mcap` }));
const set = new Survey({ name: "two runs", events: [parseEvent("tick:10")] });
for (const run of runs) set.add(run);
const { modalities } = set.identity;

const posed = (name: string) => ({
  name,
  poses: Array.from({ length: 20 }, (_, i) => [i]),
  tickShares: Array.from({ length: 20 }, () => modalities.map(() => 1 / modalities.length)),
});
const phases = phasesOf(modalities, { name: "success", runs: [posed("a")] }, { name: "failure", runs: [posed("b")] })!;

test.each([
  ["sets", () => figures(COMPARISON_CHARTS, [set, set]), COMPARISON_CHARTS.length],
  ["phases", () => figures(PHASE_CHARTS, phases), PHASE_CHARTS.length],
  ["a set", () => figures(SET_CHARTS, set), SET_CHARTS.length],
  ["an event", () => figures(EVENT_CHARTS, { ...set.alignments[0]!, modalities }), EVENT_CHARTS.length],
  ["a run", () => figures(RUN_CHARTS, runs[0]!), RUN_CHARTS.length],
  ["a torque", () => figures(TORQUE_CHARTS, { run: runs[0]!, joint: 1 }), TORQUE_CHARTS.length],
] as const)("every chart of %s is an SVG with a caption", async (_, draw, count) => {
  const drawn = await draw();
  expect(drawn).toHaveLength(count);
  for (const { text } of drawn) {
    expect(text).toMatch(/<svg.+<\/svg>.*<figcaption>[^<]+<\/figcaption>/s);
    expect(text).not.toMatch(/NaN|undefined/);
  }
});

test("the tables below a set's charts hold its metrics", () => {
  const [shares, episode] = SET_CHARTS.map((chart) => chart.tables(set).text);
  expect(shares).toContain('35.0 %</td><td class="n">21.2 %');
  expect(episode).toContain("at 25 %");
});
