import { COLORMAPS } from "../image/colormap.js";
import type { DisplayOptions } from "../messages/display.js";
import type { OptionTable } from "./option-table.js";

/** How heatmaps, overlays and markers look. */
export const DISPLAY_PARAMETERS = {
  colormap: {
    option: "colormap",
    type: "string",
    choices: COLORMAPS,
    default: "inferno",
    description: "Colours of heatmaps and markers.",
    changeable: "always",
  },
  opacity: {
    option: "opacity",
    type: "double",
    range: [0, 1],
    default: 0.85,
    description: "Opacity of the overlay where relevance is largest.",
    changeable: "always",
  },
  negative: {
    option: "negative",
    type: "string",
    choices: ["cool", "magnitude", "hide"],
    default: "cool",
    description: "Negative relevance: in mirrored colours, by its magnitude, or hidden.",
    changeable: "always",
  },
  heatmap_scale: {
    option: "scale",
    unset: 0,
    type: "double",
    range: [0, 1e9],
    default: 0,
    description: "Relevance per pixel that has the brightest colour, N m; 0: each heatmap's own peak.",
    changeable: "always",
  },
  heatmap_rate: {
    option: "heatmapRate",
    type: "double",
    range: [0, 1000],
    default: 0,
    unset: 0,
    description: "Largest rate of heatmaps and overlays, Hz; 0: no limit.",
    changeable: "always",
  },
  jpeg_quality: {
    option: "jpegQuality",
    type: "integer",
    range: [1, 100],
    default: 90,
    description: "JPEG quality of overlay/compressed.",
    changeable: "always",
  },
} as const satisfies OptionTable<DisplayOptions>;
