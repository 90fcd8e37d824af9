import type { Sites } from "./plan-expert.js";
import type { Want } from "./pursuit-cost.js";
import type { Point } from "./reach-cost.js";

/** A point of a tool, and how far above its tip it is where the tool stands upright, metres. */
export interface ToolPoint {
  readonly site: string;
  readonly above: number;
}

/**
 * A tool upright in an opening, its tip `depth` below the edge. Above the edge is a funnel: the lower a point is, the more
 * its distance from the axis counts, so that it does not pay to come down beside the opening.
 */
export function insertion(site: Sites, tool: readonly ToolPoint[], opening: Point, depth: number): Want[] {
  return tool.map(({ site: name, above }) => {
    const at = site(name);
    const height = at[2] - opening[2] - above;
    const narrow = narrowness(height);
    const error = [narrow * (at[0] - opening[0]), narrow * (at[1] - opening[1]), height + depth];
    return { error, squared: 10, linear: 1 };
  });
}

/** How much more it matters to be off the axis than to be too high: 1 far above the edge, 6 in the opening. */
const narrowness = (height: number): number => 1 + 5 / (1 + Math.exp((height - 0.015) / 0.01));
