import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { visible } from "../text/visible.js";
import { INKS, PALETTE } from "./inks.js";

/** A colour for each modality. */
export function colors(modalities: readonly string[]): { readonly domain: string[]; readonly range: string[] } {
  return { domain: [...modalities], range: modalities.map((_, m) => PALETTE[m % PALETTE.length]!) };
}

export type Row = Readonly<Record<string, string | number | boolean | null>>;

const { paper, text, line, grid } = INKS;

const CONFIG = {
  font: "system-ui, sans-serif",
  background: paper.light,
  view: { stroke: null },
  axis: {
    labelFontSize: 11,
    titleFontSize: 11,
    titleFontWeight: "normal",
    labelColor: text.light,
    titleColor: text.light,
    domainColor: line.light,
    tickColor: line.light,
    gridColor: grid.light,
    labelFlush: false,
  },
  legend: {
    labelFontSize: 11,
    labelColor: text.light,
    title: null,
    orient: "top",
    symbolSize: 110,
    labelLimit: 0,
    symbolOpacity: 1,
  },
  title: { anchor: "start", fontSize: 12, fontWeight: "normal", offset: 8, color: text.light },
  header: { labelFontSize: 11, title: null, labelColor: text.light },
} as const;

/** Draws a Vega-Lite specification as a self-contained SVG element. */
export async function draw(spec: object): Promise<string> {
  const { spec: vega } = compile({ $schema: SCHEMA, config: CONFIG, ...spec } as TopLevelSpec);
  const view = new View(parse(vega), { renderer: "none" });
  try {
    return visible(withoutRoles(await view.toSVG()));
  } finally {
    view.finalize();
  }
}

/** A chart has one description, that of its figure: its marks and axes are not read one by one. */
const withoutRoles = (svg: string): string =>
  svg.replace(/<[^>]+>/g, (tag) => tag.replace(/ (?:role|aria-\w+)="[^"]*"/g, ""));

const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
