import { colors, type Row } from "../../page/draw.js";
import { gridPoint } from "../curve.js";
import type { Phases } from "../why/phases.js";
import { finite, SHARE_AXIS, WIDTH } from "./encodings.js";

/** Mean share of each modality over the phases of a run, a panel a modality and a line a set, with bands of ± one standard deviation. */
export function phaseCurves({ modalities, sets }: Phases): object {
  const values: Row[] = sets.flatMap(({ name, curves }) =>
    modalities.flatMap((modality, m) =>
      Array.from({ length: curves.grid.points }, (_, k) => {
        const { mean, std } = curves.at(k, m);
        const spread = Number.isNaN(std) ? 0 : std;
        const [low, high] = [Math.max(0, mean - spread), Math.min(1, mean + spread)];
        return {
          set: name,
          modality,
          at: gridPoint(curves.grid, k),
          mean: finite(mean),
          low: finite(low),
          high: finite(high),
        };
      }),
    ),
  );
  const x = { field: "at", type: "quantitative", title: "phase, %", scale: { nice: false }, axis: { grid: false } };
  const scale = { domain: [0, 1] };
  const names = sets.map(({ name }) => name);
  const color = { field: "set", type: "nominal", sort: null, scale: colors(names) };
  const strokeDash = {
    field: "set",
    type: "nominal",
    sort: null,
    scale: {
      domain: names,
      range: [
        [1, 0],
        [6, 2],
      ],
    },
  };
  return {
    data: { values },
    facet: { field: "modality", type: "nominal", sort: [...modalities] },
    columns: 2,
    spec: {
      width: WIDTH / 2 - 60,
      height: 130,
      layer: [
        {
          mark: { type: "area", opacity: 0.22, invalid: "break-paths-show-domains" },
          encoding: {
            x,
            y: { field: "low", type: "quantitative", title: "share", axis: SHARE_AXIS, scale },
            y2: { field: "high" },
            color,
          },
        },
        {
          mark: { type: "line", strokeWidth: 2, invalid: "break-paths-show-domains" },
          encoding: { x, y: { field: "mean", type: "quantitative" }, color, strokeDash },
        },
      ],
    },
  };
}
