import { draw } from "../../page/draw.js";
import { PALETTE } from "../../page/inks.js";
import type { GoalsRow } from "./goals.js";
import { METHODS } from "./paper.js";

/** Name of a number of goals in words. */
export const goalsName = (goals: GoalsRow["goals"]): string =>
  goals === "four" ? "4" : goals === "random" ? "anywhere" : String(goals);

/** Numbers of goals in the rows, from few to many. */
export const goalsOf = (rows: readonly GoalsRow[]): GoalsRow["goals"][] => {
  const order = (goals: GoalsRow["goals"]): number =>
    goals === "four" ? 4 : goals === "random" ? Number.POSITIVE_INFINITY : goals;
  return [...new Set(rows.map(({ goals }) => goals))].sort((a, b) => order(a) - order(b));
};

/** The image's share in each tenth of the episodes, a line a policy, by the number of goals of its training. */
export function goalsChart(rows: readonly GoalsRow[]): Promise<string> {
  const names = goalsOf(rows).map(goalsName);
  const values = rows.flatMap(({ goals, seed, method, image }) =>
    image.map((share, part) => ({
      goals: goalsName(goals),
      policy: `${goals} ${seed}`,
      method,
      part: part + 1,
      share,
    })),
  );
  return draw({
    title: "reacher: the image’s share over the episode, by the number of goals of the training",
    data: { values },
    facet: { column: { field: "method", type: "nominal", sort: [...METHODS], title: null } },
    spec: {
      width: 190,
      height: 180,
      mark: { type: "line", point: true, invalid: "break-paths-show-domains" },
      encoding: {
        x: { field: "part", type: "ordinal", title: "tenth of the episode", axis: { labelAngle: 0 } },
        y: {
          field: "share",
          type: "quantitative",
          title: "image’s share",
          scale: { domain: [0, 1] },
          axis: { format: "%" },
        },
        detail: { field: "policy" },
        color: {
          field: "goals",
          type: "nominal",
          sort: names,
          title: "goals",
          scale: { domain: names, range: PALETTE.slice(0, names.length) },
        },
      },
    },
  });
}
