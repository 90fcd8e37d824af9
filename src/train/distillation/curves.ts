import { draw } from "../../page/draw.js";
import type { HistoryState } from "../history/history.js";
import { type Histories, iterationAxis, lossPanel, NETWORK, successPanel, WIDTH } from "../history/panels.js";
import type { DistillationCheckpoint } from "./options.js";

type Curves = Pick<HistoryState, "curves" | "iterations">;

/** Both objectives of Eq. 5 over the training. */
function objectivesPanel(histories: Histories): object {
  const values = Object.entries(histories).flatMap(([network, { curves }]) => {
    let before = 0;
    return curves.flatMap(({ points }) => {
      const from = before;
      before += points.at(-1)?.[0] ?? 0;
      return points.flatMap(([step, , regulariser, distance]) => [
        { network, objective: "gradient where the teacher's saliency is low", step: from + step!, value: regulariser! },
        { network, objective: "distance from the teacher", step: from + step!, value: distance! },
      ]);
    });
  });
  return {
    width: WIDTH,
    height: 200,
    data: { values: values.filter(({ value }) => value > 0) },
    mark: { type: "line", strokeWidth: 1 },
    encoding: {
      x: { field: "step", type: "quantitative", title: "training step" },
      y: { field: "value", type: "quantitative", scale: { type: "log" }, title: "objective" },
      color: NETWORK,
      strokeDash: { field: "objective", type: "nominal", legend: { title: "objective" } },
    },
  };
}

/** A distillation's curves in its run folder. */
export const distillationCurves = {
  of: ({ history: { curves, iterations } }: DistillationCheckpoint): Curves => ({ curves, iterations }),
  svg(histories: Histories): Promise<string> {
    const x = iterationAxis(histories);
    const vconcat = [lossPanel(histories), objectivesPanel(histories), successPanel(histories, x)];
    return draw({ vconcat, resolve: { scale: { strokeDash: "independent" } } });
  },
};
