import { expect, test } from "vitest";
import type { Point } from "#src/sim/expert/state-cost.js";
import { insertion } from "#src/sim/tasks/manipulation/insertion.js";

const OPENING: Point = [0.1, 0.5, -0.4];
const DEPTH = 0.09;

/** The height above the edge, mm, that is cheapest for the tip of an upright tool so far off the axis, mm. */
function cheapest(aside: number): number {
  const heights = Array.from({ length: 300 }, (_, i) => i - 100);
  const costs = heights.map((height) => {
    const site = (name: string): Point => [
      OPENING[0] + aside / 1000,
      OPENING[1],
      OPENING[2] + height / 1000 + (name === "top" ? 0.3 : 0),
    ];
    const tool = [
      { site: "tip", above: 0 },
      { site: "top", above: 0.3 },
    ];
    return insertion(site, tool, OPENING, DEPTH).reduce((sum, { error, squared, linear }) => {
      const distance = Math.hypot(...error);
      return sum + 0.5 * squared * distance ** 2 + linear * distance;
    }, 0);
  });
  return heights[costs.indexOf(Math.min(...costs))]!;
}

test("the cost is least deep in the opening on its axis, and above the edge beside it", () => {
  expect(cheapest(0)).toBe(-90);
  expect(cheapest(5)).toBeLessThan(-85);
  for (const aside of [25, 40, 100]) expect(cheapest(aside)).toBeGreaterThan(10);
});
