import { CurveStatistics } from "../../analysis/curve.js";
import { bars } from "../../analysis/page/bars.js";
import { curves } from "../../analysis/page/curves.js";
import { plural } from "../../numbers/format.js";
import { own } from "../../own.js";
import { draw } from "../../page/draw.js";
import { INKS } from "../../page/inks.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import type { Course } from "./course.js";
import {
  type AnywhereFindings,
  type Charted,
  DEFAULT_CONVENTION,
  type Measured,
  measuredBy,
  type SetFindings,
  type TaskFindings,
} from "./findings.js";
import { METHODS, PAPER_TASKS } from "./paper.js";
import { ofGroup, ofRow, rowsOf } from "./share-rows.js";

/** A figure of a task, made again from its policy. */
export interface Figure {
  /** Methods that have a file each; if absent, there is one file for all. */
  readonly methods?: readonly string[];
  /** Vega-Lite specification. @param method one of `methods` */
  spec(findings: TaskFindings, method: string): object;
  caption(findings: TaskFindings, method: string): string;
}

const titleOf = ({ task, set }: Pick<Charted, "task" | "set">) => (set === undefined ? task : `${task}, ${set}`);

export type FigureName = "fig4" | "conventions" | "fig5" | "fig6" | "cascade";

export const FIGURES: Readonly<Record<FigureName, Figure>> = {
  fig4: {
    spec: methodBars,
    caption: ({ measured, episodes }) => {
      const { ticks } = ofGroup(measuredBy(measured, METHODS[0], DEFAULT_CONVENTION).courses, "image");
      return `Mean share along the trajectories, over ${plural(ticks, "tick")} that count in ${plural(episodes, "episode")}; whiskers: ± one standard deviation over ticks. Configuration is all but the image. Of the paper’s figures the text gives image and configuration.`;
    },
  },
  conventions: {
    spec: conventionBars,
    caption: () =>
      "The image’s share under each convention; whiskers: standard deviation over ticks; dashed: the paper’s.",
  },
  fig5: {
    methods: METHODS,
    spec: courseChart,
    caption: ({ episodes }, method) =>
      `Shares over time by ${method}: mean over ${plural(episodes, "episode")}, band: ± one standard deviation. Configuration is all but the image. Ticks that count in less than a quarter of the episodes are left out.`,
  },
  fig6: {
    methods: METHODS,
    spec: changeChart,
    caption: ({ episodes }, method) =>
      `Shares by ${method} where the target moves: mean over ${plural(episodes, "episode")}, band: ± one standard deviation.`,
  },
  cascade: {
    spec: cascadeLines,
    caption: () => "Rank correlation with the policy’s heatmaps as its layers are randomised one after another.",
  },
};

/** Charts that a set of policies has, too. */
const OF_SETS = { fig4: methodBars, fig5: courseChart, fig6: changeChart };
export type SetFigure = keyof typeof OF_SETS;

/** Figures and pictures of a set of policies, as SVG by the name of their files (without ending). */
export async function setFigures(findings: SetFindings): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const [name, spec] of Object.entries(OF_SETS))
    for (const { file, method } of filesOf(name as SetFigure, findings))
      found.set(setFile(file, findings), await draw(spec(findings, method)));
  for (const [file, svg] of pictureFiles(findings)) found.set(setFile(file, findings), svg);
  return found;
}

/** The name of a set's file of a figure. */
export const setFile = (file: string, { name }: Pick<SetFindings, "name">): string => file.replace("-", `-${name}-`);

/** Files of a figure, names without ending, with the method that each is of. */
export const filesOf = (
  name: FigureName,
  { task }: Pick<Charted, "task">,
): { readonly file: string; readonly method: string }[] =>
  FIGURES[name].methods?.map((method) => ({ file: `${name}-${task}-${method}`, method })) ?? [
    { file: `${name}-${task}`, method: "" },
  ];

/** The figures and pictures of a task, as SVG by the name of their files (without ending). */
export async function figures(findings: TaskFindings): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of Object.keys(FIGURES) as FigureName[]) {
    for (const { file, method } of filesOf(name, findings)) {
      found.set(file, await draw(FIGURES[name].spec(findings, method)));
    }
  }
  for (const [file, svg] of pictureFiles(findings)) found.set(file, svg);
  return found;
}

const pictureFiles = ({ task, pictures }: Pick<Charted, "task" | "pictures">): (readonly [string, string])[] =>
  pictures.flatMap(({ condition, tick, camera, heatmaps }) => [
    [`fig3-${task}-${condition}-${tick}-camera`, camera.svg] as const,
    ...heatmaps.map(({ method, panel }) => [`fig3-${task}-${condition}-${tick}-${method}`, panel.svg] as const),
  ]);

/** Fig. 4: mean ± std of each modality's share along trajectories, a bar per method, with marks at the paper's values. */
function methodBars(findings: Charted): object {
  const { task, modalities, measured } = findings;
  const names = rowsOf(modalities);
  const chart = bars(
    METHODS.map((name) => ({ name, modalities: names })),
    (set, row) => ofRow(measuredBy(measured, METHODS[set]!, DEFAULT_CONVENTION).courses, modalities, names[row]!),
  );
  const paper = own(PAPER_TASKS, task)?.image;
  const title = `${titleOf(findings)}: shares along trajectories`;
  if (paper === undefined) return { ...chart, title };
  // At the middle bar of their group.
  const set = METHODS[1];
  const values = [
    { set, modality: "image", paper },
    { set, modality: "configuration", paper: 1 - paper },
  ];
  return {
    ...chart,
    title: `${title} (diamonds: the paper’s)`,
    layer: [
      ...chart.layer,
      {
        data: { values },
        mark: { type: "point", shape: "diamond", filled: true, size: 110, color: PAPER_COLOR, opacity: 1 },
        encoding: {
          x: { field: "paper", type: "quantitative" },
          y: { field: "modality", type: "nominal", sort: null },
          yOffset: { field: "set", type: "nominal", sort: null },
        },
      },
    ],
  };
}

const PAPER_COLOR = INKS.accent.light;

/** The image's share under every convention by every method, with a line at the paper's value. */
function conventionBars({ task, measured }: TaskFindings): object {
  const chart = bars(
    METHODS.map((name) => ({ name, modalities: CONVENTIONS.map((convention) => convention.name) })),
    (set, c) => ofGroup(measuredBy(measured, METHODS[set]!, CONVENTIONS[c]!.name).courses, "image"),
  );
  const paper = own(PAPER_TASKS, task)?.image;
  if (paper === undefined) return { ...chart, title: `${task}: image’s share by convention` };
  const rule = {
    data: { values: [{ paper }] },
    mark: { type: "rule", color: PAPER_COLOR, strokeDash: [4, 3], strokeWidth: 1.5 },
    encoding: { x: { field: "paper", type: "quantitative" } },
  };
  return {
    ...chart,
    title: `${task}: image’s share by convention (dashed: the paper’s)`,
    layer: [...chart.layer, rule],
  };
}

function courseChart(findings: Charted, method: string): object {
  return overTime(findings, measuredBy(findings.measured, method, DEFAULT_CONVENTION));
}

/** Charts of a policy that was trained with goals anywhere, as SVG by the name of their files (without ending). */
export async function anywhereFigures(findings: AnywhereFindings): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { file, method } of filesOf("fig6", findings))
    found.set(anywhereFile(file), await draw(changeChart(findings, method)));
  return found;
}

/** The name of the file of a figure of a policy that was trained with goals anywhere. */
export const anywhereFile = (file: string): string => file.replace("-", "-anywhere-");

function changeChart(findings: Pick<Charted, "change" | keyof OverTime>, method: string): object {
  const { measured, windows } = findings.change;
  return overTime(findings, measuredBy(measured, method, DEFAULT_CONVENTION), windows.at);
}

type OverTime = Pick<Charted, "task" | "set" | "modalities" | "period" | "ticks">;

/** Figs. 5 and 6: shares over time, mean and deviation over episodes. @param mark tick of the dotted line */
function overTime(findings: OverTime, { method, courses }: Measured, mark?: number): object {
  const { modalities, period, ticks } = findings;
  const names = rowsOf(modalities);
  const statistics = new CurveStatistics({ from: 0, to: (ticks - 1) * period, points: ticks }, names.length);
  const counting = Array.from(
    { length: ticks },
    (_, tick) => courses.filter((course) => countsAt(course, tick)).length,
  );
  for (const { ratios, shares } of courses) {
    statistics.add(
      Float32Array.from({ length: ticks * names.length }, (_, at) => {
        const [tick, name] = [Math.floor(at / names.length), names[at % names.length]!];
        if (counting[tick]! < FEWEST * courses.length) return Number.NaN;
        if (name === "image" || name === "configuration") return ratios[name][tick]!;
        return shares[tick * modalities.length + modalities.indexOf(name)]!;
      }),
    );
  }
  const title = `${titleOf(findings)} by ${method}${mark === undefined ? "" : "; dotted: the target moves"}`;
  return { ...curves(statistics, names, "time, s", mark === undefined ? undefined : mark * period), title };
}

/** Least part of the episodes in which a tick must count to be drawn. */
const FEWEST = 0.25;
const countsAt = ({ ratios }: Course, tick: number) => !Number.isNaN(ratios.image[tick]!);

/** Rank correlation with the policy's heatmaps as its layers are randomised, from the torques to the image. */
function cascadeLines({ task, cascade: all }: TaskFindings): object {
  const cascade = all.filter(({ convention }) => convention === DEFAULT_CONVENTION);
  const layers = ["as it is", ...(cascade[0]?.steps ?? []).map(({ layer }) => layer)];
  const values = cascade.flatMap(({ method, steps }) => [
    { method, layer: layers[0], spearman: 1 },
    ...steps.map(({ layer, spearman }) => ({ method, layer, spearman: Number.isNaN(spearman) ? null : spearman })),
  ]);
  return {
    title: `${task}: heatmaps against the policy’s own`,
    width: 560,
    height: 200,
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "layer", type: "nominal", sort: layers, title: "randomised down to", axis: { labelAngle: 0 } },
      y: { field: "spearman", type: "quantitative", title: "rank correlation", scale: { domain: [-0.2, 1] } },
      color: {
        field: "method",
        type: "nominal",
        sort: null,
        scale: { range: ["#0072b2", "#e69f00", "#009e73", "#666666"] },
      },
    },
  };
}
