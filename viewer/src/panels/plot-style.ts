import { resolved } from "../ui/colors.js";

export const PLOT_FONT = "12px system-ui";

/** Colours and font of a plot's axes, as the page is coloured now. */
export function axisStyle() {
  const line = { stroke: resolved("var(--line)"), width: 1 };
  return { stroke: resolved("var(--quiet)"), grid: line, ticks: line, font: PLOT_FONT };
}

export const sizeOf = (place: HTMLElement) => ({ width: Math.max(200, place.clientWidth), height: 130 });
