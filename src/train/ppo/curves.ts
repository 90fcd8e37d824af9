import { draw } from "../../page/draw.js";
import { NETWORK, WIDTH } from "../history/panels.js";
import type { Figure, PpoPoint } from "./history.js";

/** Panels of the curves: a figure, and what its axis says. */
const PANELS: readonly (readonly [Figure, string])[] = [
  ["success", "episodes that succeed"],
  ["return", "return of an episode"],
  ["length", "steps of an episode"],
  ["entropy", "entropy, nats"],
  ["kl", "change of the policy, nats"],
  ["error", "squared error of the value"],
  ["right", "part of the steps at which the expert’s action is the likeliest"],
  ["mask", "cross entropy of the mask, nats"],
];

/** Curves of a training's networks over its steps, as one SVG: of the figures that the training has. */
export function ppoCurvesSvg(histories: Readonly<Record<string, readonly PpoPoint[]>>): Promise<string> {
  const values = Object.entries(histories).flatMap(([network, points]) =>
    points.map((point) => ({ network, ...point })),
  );
  const shown = PANELS.filter(([field]) => values.some((point) => typeof point[field] === "number"));
  const vconcat = shown.map(([field, title]) => ({
    width: WIDTH,
    height: 120,
    mark: { type: "line", strokeWidth: 1 },
    encoding: {
      x: { field: "steps", type: "quantitative", title: "steps", axis: { format: "~s" } },
      y: { field, type: "quantitative", title, ...(field === "success" && { scale: { domain: [0, 1] } }) },
      color: NETWORK,
    },
  }));
  return draw({ data: { values }, vconcat });
}
