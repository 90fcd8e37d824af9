import { mean } from "../../numbers/mean.js";
import type { Row } from "../../page/draw.js";
import { INKS } from "../../page/inks.js";
import { counts, type Run, secondsAt } from "../run.js";
import { modalityColor, SHARE_AXIS, WIDTH } from "./encodings.js";

/** Most points in time: more cannot be told apart at this width. */
const POINTS = 360;

const stacked = {
  field: "share",
  type: "quantitative",
  stack: "zero",
  scale: { domain: [0, 1] },
  axis: SHARE_AXIS,
  title: "share",
};

/** Shares of a run over time as stacked areas: of the α-weighted sum of torques, or of torque `joint`. Idle ticks are pale. */
export function overTime(run: Run, joint?: number): object {
  const { modalities } = run.identity;
  const rows = sharesOverTime(run, joint);
  const layers = [
    {
      data: { values: rows },
      mark: { type: "area", interpolate: "linear", stroke: INKS.paper.light, strokeWidth: 0.5 },
      encoding: {
        x: { field: "seconds", type: "quantitative", title: "time, s", scale: { nice: false }, axis: { grid: false } },
        y: stacked,
        color: { ...modalityColor(modalities), ...(joint !== undefined && { legend: null }) },
        order: { field: "order", type: "quantitative" },
      },
    },
    {
      data: { values: idleStretches(run) },
      mark: { type: "rect", color: INKS.paper.light, opacity: 0.7 },
      encoding: { x: { field: "from", type: "quantitative" }, x2: { field: "to" } },
    },
  ];
  return {
    width: joint === undefined ? WIDTH : WIDTH / 2 - 50,
    height: joint === undefined ? 180 : 110,
    layer: layers,
  };
}

function sharesOverTime(run: Run, joint: number | undefined): Row[] {
  const { modalities, joints } = run.identity;
  const width = modalities.length;
  const values = joint === undefined ? run.shares : run.torqueShares;
  const row = (i: number) => (joint === undefined ? i : i * joints.length + joint) * width;
  const bins = Math.min(POINTS, run.ticks);
  const rows: Row[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const [from, to] = [bin, bin + 1].map((edge) => Math.floor((edge * run.ticks) / bins)) as [number, number];
    const known = Array.from({ length: to - from }, (_, k) => from + k).filter((i) => !Number.isNaN(values[row(i)]!));
    if (known.length === 0) continue;
    const seconds = mean(known, (i) => secondsAt(run, i));
    modalities.forEach((modality, m) => {
      const share = mean(known, (i) => values[row(i) + m]!);
      rows.push({ seconds, modality, share, order: width - m });
    });
  }
  return rows;
}

function idleStretches(run: Run): Row[] {
  const stretches: Row[] = [];
  for (let i = 0; i < run.ticks; ) {
    const counted = counts(run, i);
    let end = i + 1;
    while (end < run.ticks && counts(run, end) === counted) end++;
    if (!counted) stretches.push({ from: secondsAt(run, i), to: secondsAt(run, Math.min(end, run.ticks - 1)) });
    i = end;
  }
  return stretches;
}
