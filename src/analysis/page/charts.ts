import { mean } from "../../numbers/mean.js";
import { colors, type Row } from "../../page/draw.js";
import { type CurveStatistics, gridPoint } from "../curve.js";
import { counts, type Run, secondsAt } from "../run.js";

/** Charts as Vega-Lite specifications. */

const WIDTH = 720;
const SHARE_AXIS = { format: "%", values: [0, 0.25, 0.5, 0.75, 1] };
/** More points than that cannot be told apart at this width. */
const POINTS = 360;

const modalityColor = (modalities: readonly string[]) => ({
  field: "modality",
  type: "nominal",
  scale: colors(modalities),
  sort: null,
});

const stacked = {
  field: "share",
  type: "quantitative",
  stack: "zero",
  scale: { domain: [0, 1] },
  axis: SHARE_AXIS,
  title: "share",
};

/** Shares of one run over time as stacked areas, what is idle pale; the α-weighted sum, or of one torque. */
export function overTime(run: Run, joint?: number): object {
  const { modalities } = run.identity;
  const rows = sharesOverTime(run, joint);
  const layers = [
    {
      data: { values: rows },
      mark: { type: "area", interpolate: "linear", stroke: "white", strokeWidth: 0.5 },
      encoding: {
        x: { field: "seconds", type: "quantitative", title: "time, s", scale: { nice: false }, axis: { grid: false } },
        y: stacked,
        color: { ...modalityColor(modalities), ...(joint !== undefined && { legend: null }) },
        order: { field: "order", type: "quantitative" },
      },
    },
    {
      data: { values: idleStretches(run) },
      mark: { type: "rect", color: "white", opacity: 0.7 },
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

/** Mean shares over a grid, with a band of a standard deviation to both sides. */
export function curves(
  statistics: CurveStatistics,
  modalities: readonly string[],
  axis: string,
  mark?: number,
): object {
  const rows: Row[] = modalities.flatMap((modality, m) =>
    Array.from({ length: statistics.grid.points }, (_, k) => {
      const { mean, std } = statistics.at(k, m);
      const spread = Number.isNaN(std) ? 0 : std;
      const [low, high] = [Math.max(0, mean - spread), Math.min(1, mean + spread)];
      return { at: gridPoint(statistics.grid, k), modality, mean: finite(mean), low: finite(low), high: finite(high) };
    }),
  );
  const x = {
    field: "at",
    type: "quantitative",
    title: axis,
    scale: { nice: false },
    axis: { grid: false, tickCount: 12 },
  };
  const color = modalityColor(modalities);
  return {
    width: WIDTH,
    height: 220,
    layer: [
      {
        data: { values: rows },
        mark: { type: "area", opacity: 0.22, invalid: "break-paths-show-domains" },
        encoding: {
          x,
          y: { field: "low", type: "quantitative", title: "share", axis: SHARE_AXIS, scale: { domain: [0, 1] } },
          y2: { field: "high" },
          color,
        },
      },
      {
        data: { values: rows },
        mark: { type: "line", strokeWidth: 2, invalid: "break-paths-show-domains" },
        encoding: { x, y: { field: "mean", type: "quantitative" }, color, strokeDash: dashes(modalities) },
      },
      ...(mark === undefined
        ? []
        : [
            {
              data: { values: [{ at: mark }] },
              mark: { type: "rule", color: "#333", strokeDash: [2, 2] },
              encoding: { x: { field: "at", type: "quantitative" } },
            },
          ]),
    ],
  };
}

/** Lines differ in print without colour, too. */
const dashes = (modalities: readonly string[]) => ({
  field: "modality",
  type: "nominal",
  sort: null,
  scale: {
    domain: [...modalities],
    range: modalities.map(
      (_, m) =>
        [
          [1, 0],
          [6, 2],
          [2, 2],
          [8, 2, 2, 2],
          [12, 3],
        ][m % 5]!,
    ),
  },
});

const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** Mean share of each modality, a bar a set, with the standard deviation over runs as a whisker. */
export function bars(
  sets: readonly {
    readonly name: string;
    readonly modalities: readonly string[];
  }[],
  statistics: (set: number, m: number) => { readonly mean: number; readonly std: number },
): Readonly<Record<string, unknown>> & { readonly layer: readonly object[] } {
  const modalities = [...new Set(sets.flatMap((set) => set.modalities))];
  const rows: Row[] = sets.flatMap(({ name, modalities: own }, set) =>
    own.map((modality, m) => {
      const { mean, std } = statistics(set, m);
      const spread = Number.isNaN(std) ? 0 : std;
      return {
        set: name,
        modality,
        mean: finite(mean),
        low: Math.max(0, mean - spread),
        high: Math.min(1, mean + spread),
      };
    }),
  );
  const several = sets.length > 1;
  const y = { field: "modality", type: "nominal", sort: null, title: null, axis: { labelLimit: 240 } };
  const offset = several ? { yOffset: { field: "set", type: "nominal", sort: null } } : {};
  const color = several
    ? { field: "set", type: "nominal", sort: null, scale: colors(sets.map(({ name }) => name)) }
    : { ...modalityColor(modalities), legend: null };
  const x = { field: "mean", type: "quantitative", title: "share", axis: SHARE_AXIS, scale: { domain: [0, 1] } };
  return {
    width: WIDTH - 160,
    height: { step: several ? 16 : 26 },
    data: { values: rows },
    layer: [
      { mark: { type: "bar" }, encoding: { x, y, ...offset, color } },
      {
        mark: { type: "rule", color: "#222", strokeWidth: 1.5 },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" }, y, ...offset },
      },
    ],
  };
}
