/** Colours that colour-blind readers can tell apart (Okabe and Ito 2008), in an order that also differs in grey. */
export const PALETTE = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#f0e442",
  "#666666",
] as const;

/** Colours of a chart that are not data, each as it is in light and what the page makes of it in the dark. */
export const INKS = {
  paper: { light: "#ffffff", dark: "#161616" },
  text: { light: "#1b1b1b", dark: "#e6e6e6" },
  line: { light: "#767676", dark: "#8f8f8f" },
  grid: { light: "#e4e4e4", dark: "#383838" },
  /** Blue of the palette, which is too dark on a dark page. */
  blue: { light: "#0072b2", dark: "#3d9bd8" },
  grey: { light: "#666666", dark: "#969696" },
  accent: { light: "#b00020", dark: "#ff7a85" },
} as const;

/** Style of charts on a dark page: every ink in its dark form. */
export const DARK_CHARTS = Object.values(INKS)
  .map(
    ({ light, dark }) =>
      `figure svg [fill="${light}"] { fill: ${dark}; } figure svg [stroke="${light}"] { stroke: ${dark}; }`,
  )
  .join("\n  ");
