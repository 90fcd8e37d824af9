import { mean } from "../../../numbers/mean.js";
import type { IterationFigures } from "../../episodes/outcome.js";
import { type Histories, NETWORK, WIDTH } from "../../history/panels.js";
import type { ConditionFigures } from "./mirror-descent.js";

/** Figures of an iteration of the search. */
interface SearchFigures extends IterationFigures {
  readonly conditions: readonly ConditionFigures[];
}

/** The figures of each condition; undefined for the expert's round. */
export const conditionsOf = (figures: IterationFigures): readonly ConditionFigures[] | undefined =>
  isSearch(figures) ? figures.conditions : undefined;

const isSearch = (figures: IterationFigures): figures is SearchFigures => "conditions" in figures;

/** Panels of the policy's mean cost with the predicted cost of the controllers, and of the controllers' divergence. */
export function searchPanels(histories: Histories, x: object): object[] {
  const rows = searchRows(histories);
  return rows.length > 0 ? [costPanel(rows, x), divergencePanel(rows, x)] : [];
}

const STROKE = { symbolType: "stroke" };

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
    iterations.flatMap((figures, iteration): SearchRow[] => {
      const conditions = conditionsOf(figures);
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
