import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { visible } from "../text/visible.js";

/** Colours that colour-blind readers can tell apart (Okabe and Ito 2008), in an order that also differs in grey. */
const PALETTE = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#666666"] as const;

/** A colour for each modality. */
export function colors(modalities: readonly string[]): { readonly domain: string[]; readonly range: string[] } {
  return { domain: [...modalities], range: modalities.map((_, m) => PALETTE[m % PALETTE.length]!) };
}

export type Row = Readonly<Record<string, string | number | boolean | null>>;

const CONFIG = {
  font: "system-ui, sans-serif",
  background: "white",
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal", gridColor: "#e4e4e4", labelFlush: false },
  legend: { labelFontSize: 11, title: null, orient: "top", symbolSize: 110, labelLimit: 0, symbolOpacity: 1 },
  title: { anchor: "start", fontSize: 12, fontWeight: "normal", offset: 8 },
  header: { labelFontSize: 11, title: null },
} as const;

/** Draws a Vega-Lite specification as a self-contained SVG element. */
export async function draw(spec: object): Promise<string> {
  const { spec: vega } = compile({ $schema: SCHEMA, config: CONFIG, ...spec } as TopLevelSpec);
  const view = new View(parse(vega), { renderer: "none" });
  try {
    return visible(await view.toSVG());
  } finally {
    view.finalize();
  }
}

const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
