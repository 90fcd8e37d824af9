import type { WeightedError } from "../../expert/pursuit-cost.js";
import type { Point, Sites } from "../../expert/state-cost.js";

/** A site on a tool, and its height above the tip of the upright tool, metres. */
export interface ToolPoint {
  readonly site: string;
  readonly above: number;
}

/**
 * Errors of an upright tool in an opening, its tip to be `depth` below the edge. The cost forms a funnel above the edge:
 * the lower a point is, the more its distance from the axis counts, so that coming down beside the opening does not pay.
 */
export function insertion(site: Sites, tool: readonly ToolPoint[], opening: Point, depth: number): WeightedError[] {
  return tool.map(({ site: name, above }) => {
    const at = site(name);
    const height = at[2] - opening[2] - above;
    const narrow = narrowness(height);
    const error = [narrow * (at[0] - opening[0]), narrow * (at[1] - opening[1]), height + depth];
    return { error, squared: 10, linear: 1 };
  });
}

/** Weight of the distance from the axis relative to the height: 1 far above the edge, 6 in the opening. */
const narrowness = (height: number): number => 1 + 5 / (1 + Math.exp((height - 0.015) / 0.01));
