import { describe, expect, it } from "vitest";
import { COLORMAPS, type Colormap, colorTable } from "#src/image/colormap.js";

/** CIE 1976 lightness L* of entry i, from sRGB (IEC 61966-2-1). */
function lightness(table: Uint8Array, i: number): number {
  const [r, g, b] = [0, 1, 2].map((c) => {
    const v = table[3 * i + c]! / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  return y > 0.008856 ? 116 * Math.cbrt(y) - 16 : 903.3 * y;
}

describe("colour maps", () => {
  it.each(COLORMAPS)("%s has 256 colours", (name) => {
    expect(colorTable(name)).toHaveLength(768);
  });

  it.each<Colormap>(["inferno", "viridis"])("%s gets lighter all the way, in nearly even steps", (name) => {
    const steps = Array.from(
      { length: 252 },
      (_, i) => lightness(colorTable(name), i + 4) - lightness(colorTable(name), i),
    );
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(2 * mean);
  });

  // Published tables: matplotlib's _cm_listed (inferno, viridis) and the table of Mikhailov 2019 (turbo).
  it.each<[Colormap, number, number[]]>([
    ["inferno", 0, [0, 0, 4]],
    ["inferno", 100, [144, 37, 104]],
    ["inferno", 255, [252, 255, 164]],
    ["viridis", 0, [68, 1, 84]],
    ["viridis", 128, [33, 145, 140]],
    ["viridis", 255, [253, 231, 37]],
    ["turbo", 0, [48, 18, 59]],
    ["turbo", 128, [164, 252, 60]],
    ["turbo", 255, [122, 4, 3]],
  ])("%s at %i is the published colour within 2 of 255", (name, index, color) => {
    for (const [c, value] of color.entries()) {
      expect(Math.abs(colorTable(name)[3 * index + c]! - value)).toBeLessThanOrEqual(2);
    }
  });
});
