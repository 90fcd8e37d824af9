import { mean } from "../numbers/mean.js";
import { draw } from "../page/draw.js";
import type { HistoryState } from "./history.js";
import type { ConditionFigures } from "./outcome.js";

type Histories = Readonly<Record<string, Pick<HistoryState, "curves" | "iterations">>>;

/**
 * Loss curves and success per iteration of the networks of a training, as one SVG. With guided policy search also the
 * cost of the policy's runs and what the controllers promise, and how far the controllers go from the policy.
 */
export function curvesSvg(histories: Histories): Promise<string> {
  const search = searchRows(histories);
  const x = iterationAxis(histories);
  const panels = [lossPanel(histories), successPanel(histories, x)];
  if (search.length > 0) panels.push(costPanel(search, x), divergencePanel(search, x));
  return draw({ vconcat: panels, resolve: { scale: { strokeDash: "independent" } } });
}

const WIDTH = 640;
const NETWORK = { field: "network", type: "nominal", legend: { title: "network" } };
const STROKE = { symbolType: "stroke" };

/** The axis of the iterations, the same in every panel. */
function iterationAxis(histories: Histories): object {
  const most = Math.max(...Object.values(histories).map(({ iterations }) => iterations.length - 1));
  const axis = { tickMinStep: 1, format: "d" };
  return { field: "iteration", type: "quantitative", scale: { domain: [0, Math.max(1, most)] }, axis };
}

function lossPanel(histories: Histories): object {
  const losses = Object.entries(histories).flatMap(([network, { curves }]) => {
    let before = 0;
    return curves.flatMap(({ phase, points }) => {
      const from = before;
      before += points.length > 0 ? points[points.length - 1]![0]! : 0;
      return points.map(([step, loss]) => ({ network, phase, step: from + step!, loss: loss! }));
    });
  });
  return {
    width: WIDTH,
    height: 200,
    data: { values: losses },
    mark: { type: "line", strokeWidth: 1 },
    encoding: {
      x: { field: "step", type: "quantitative", title: "training step" },
      y: { field: "loss", type: "quantitative", scale: { type: "log" }, title: "loss" },
      color: NETWORK,
      detail: { field: "phase" },
    },
  };
}

function successPanel(histories: Histories, x: object): object {
  const successes = Object.entries(histories).flatMap(([network, { iterations }]) =>
    iterations.map(({ actor, episodes, successes }, iteration) => ({
      network,
      actor,
      iteration,
      share: successes / episodes,
    })),
  );
  return {
    width: WIDTH,
    height: 140,
    data: { values: successes },
    mark: { type: "line", point: true },
    encoding: {
      x,
      y: {
        field: "share",
        type: "quantitative",
        scale: { domain: [0, 1] },
        axis: { format: "%" },
        title: "episodes that succeed",
      },
      color: NETWORK,
      shape: { field: "actor", type: "nominal", legend: { title: "who acts" } },
      detail: { field: "network" },
    },
  };
}

/** Means over the conditions of every iteration of the search. */
interface SearchRow {
  readonly network: string;
  readonly iteration: number;
  readonly of: string;
  readonly cost?: number;
  readonly divergence?: number;
}

function searchRows(histories: Histories): SearchRow[] {
  return Object.entries(histories).flatMap(([network, { iterations }]) =>
    iterations.flatMap(({ conditions }, iteration): SearchRow[] => {
      if (conditions === undefined) return [];
      const meanOf = (value: (figures: ConditionFigures) => number) => mean(conditions, value);
      const at = { network, iteration };
      return [
        { ...at, of: "of the policy", cost: meanOf(({ cost }) => cost) },
        { ...at, of: "promised by the controllers", cost: meanOf(({ cost, promise }) => cost - promise) },
        { ...at, of: "divergence", divergence: meanOf(({ divergence }) => divergence) },
        { ...at, of: "bound", divergence: meanOf(({ bound }) => bound) },
      ];
    }),
  );
}

const costPanel = (rows: readonly SearchRow[], x: object): object =>
  searchPanel(
    x,
    rows.filter(({ cost }) => cost !== undefined),
    { field: "cost", scale: { zero: false }, title: "mean cost" },
    ["of the policy", "promised by the controllers"],
  );

const divergencePanel = (rows: readonly SearchRow[], x: object): object =>
  searchPanel(
    x,
    rows.filter(({ divergence }) => divergence !== undefined),
    { field: "divergence", title: "mean divergence (nats)" },
    ["divergence", "bound"],
  );

/** A line a network and kind of row, the second kind dashed. */
const searchPanel = (x: object, values: readonly SearchRow[], y: object, kinds: readonly [string, string]): object => ({
  width: WIDTH,
  height: 120,
  data: { values },
  mark: { type: "line" },
  encoding: {
    x,
    y: { type: "quantitative", ...y },
    color: NETWORK,
    strokeDash: { field: "of", type: "nominal", scale: { domain: kinds, range: [[], [4, 3]] }, legend: STROKE },
  },
});
