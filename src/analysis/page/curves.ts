import type { Row } from "../../page/draw.js";
import { INKS } from "../../page/inks.js";
import { type CurveStatistics, gridPoint } from "../curve.js";
import { finite, modalityColor, SHARE_AXIS, WIDTH } from "./encodings.js";

/**
 * Mean shares over a grid, with a band of ± one standard deviation.
 * @param mark place of a dotted line
 */
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
              mark: { type: "rule", color: INKS.text.light, strokeDash: [2, 2] },
              encoding: { x: { field: "at", type: "quantitative" } },
            },
          ]),
    ],
  };
}

/** Dashes tell lines apart in print without colour. */
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
