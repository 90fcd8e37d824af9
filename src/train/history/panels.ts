import type { HistoryState } from "./history.js";

/** The histories of a training's networks, by name. */
export type Histories = Readonly<Record<string, Pick<HistoryState, "curves" | "iterations">>>;

/** Width of a panel, pixels. */
export const WIDTH = 640;
export const NETWORK = { field: "network", type: "nominal", legend: { title: "network" } };

/** The axis of the iterations, shared by all panels. */
export function iterationAxis(histories: Histories): object {
  const most = Math.max(...Object.values(histories).map(({ iterations }) => iterations.length - 1));
  const axis = { tickMinStep: 1, format: "d" };
  return { field: "iteration", type: "quantitative", scale: { domain: [0, Math.max(1, most)] }, axis };
}

export function lossPanel(histories: Histories): object {
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

export function successPanel(histories: Histories, x: object): object {
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
