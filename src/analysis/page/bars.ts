import { colors, type Row } from "../../page/draw.js";
import { INKS } from "../../page/inks.js";
import { finite, modalityColor, SHARE_AXIS, WIDTH } from "./encodings.js";

/** Mean share of each modality, a bar a set, with whiskers of ± one standard deviation. */
export function bars(
  sets: readonly {
    readonly name: string;
    readonly modalities: readonly string[];
  }[],
  statistics: (set: number, m: number) => { readonly mean: number; readonly std: number },
): Readonly<Record<string, unknown>> & { readonly layer: readonly object[] } {
  const modalities = [...new Set(sets.flatMap((set) => set.modalities))];
  const rows: Row[] = sets.flatMap(({ name, modalities: own }, set) =>
    own.map((modality, m) => {
      const { mean, std } = statistics(set, m);
      const spread = Number.isNaN(std) ? 0 : std;
      return {
        set: name,
        modality,
        mean: finite(mean),
        low: Math.max(0, mean - spread),
        high: Math.min(1, mean + spread),
      };
    }),
  );
  const several = sets.length > 1;
  const y = { field: "modality", type: "nominal", sort: null, title: null, axis: { labelLimit: 240 } };
  const offset = several ? { yOffset: { field: "set", type: "nominal", sort: null } } : {};
  const color = several
    ? { field: "set", type: "nominal", sort: null, scale: colors(sets.map(({ name }) => name)) }
    : { ...modalityColor(modalities), legend: null };
  const x = { field: "mean", type: "quantitative", title: "share", axis: SHARE_AXIS, scale: { domain: [0, 1] } };
  return {
    width: WIDTH - 160,
    height: { step: several ? 16 : 26 },
    data: { values: rows },
    layer: [
      { mark: { type: "bar" }, encoding: { x, y, ...offset, color } },
      {
        mark: { type: "rule", color: INKS.text.light, strokeWidth: 1.5 },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" }, y, ...offset },
      },
    ],
  };
}
