import { colors } from "../../page/draw.js";

/** Parts of Vega-Lite specifications that several charts share. */

/** Width of a chart, pixels. */
export const WIDTH = 720;

export const SHARE_AXIS = { format: "%", values: [0, 0.25, 0.5, 0.75, 1] };

export const modalityColor = (modalities: readonly string[]) => ({
  field: "modality",
  type: "nominal",
  scale: colors(modalities),
  sort: null,
});

/** JSON has no NaN. */
export const finite = (value: number) => (Number.isFinite(value) ? value : null);
