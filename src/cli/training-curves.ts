import { draw } from "../analysis/draw.js";
import type { HistoryState } from "../train/history.js";

/** Loss curves and success per iteration of the networks of a training, as one SVG. */
export function curvesSvg(
  histories: Readonly<Record<string, Pick<HistoryState, "curves" | "iterations">>>,
): Promise<string> {
  const losses = Object.entries(histories).flatMap(([network, { curves }]) => {
    let before = 0;
    return curves.flatMap(({ phase, points }) => {
      const from = before;
      before += points.length > 0 ? points[points.length - 1]![0]! : 0;
      return points.map(([step, loss]) => ({ network, phase, step: from + step!, loss: loss! }));
    });
  });
  const successes = Object.entries(histories).flatMap(([network, { iterations }]) =>
    iterations.map(({ actor, episodes, successes }, iteration) => ({
      network,
      actor,
      iteration,
      share: successes / episodes,
    })),
  );
  const network = { field: "network", type: "nominal" };
  return draw({
    vconcat: [
      {
        width: 640,
        height: 200,
        data: { values: losses },
        mark: { type: "line", strokeWidth: 1 },
        encoding: {
          x: { field: "step", type: "quantitative", title: "training step" },
          y: { field: "loss", type: "quantitative", scale: { type: "log" }, title: "loss" },
          color: network,
          detail: { field: "phase" },
        },
      },
      {
        width: 640,
        height: 140,
        data: { values: successes },
        mark: { type: "line", point: true },
        encoding: {
          x: { field: "iteration", type: "quantitative", axis: { tickMinStep: 1 } },
          y: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1] },
            axis: { format: "%" },
            title: "episodes that succeed",
          },
          color: network,
          shape: { field: "actor", type: "nominal" },
          detail: { field: "network" },
        },
      },
    ],
  });
}
