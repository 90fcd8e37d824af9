import fc from "fast-check";
import { expect, it } from "vitest";
import { duration } from "#src/numbers/duration.js";

it.each([
  [0, "0 s"],
  [0.4, "0 s"],
  [59.4, "59 s"],
  [59.6, "1 min 00 s"],
  [119.5, "2 min 00 s"],
  [265, "4 min 25 s"],
  [599.7, "10 min"],
  [1079.9, "18 min"],
  [3569, "59 min"],
  [3599.9, "1 h 00 min"],
  [7500, "2 h 05 min"],
  [86_399, "1 d 0 h"],
  [86_340, "23 h 59 min"],
  [277_200, "3 d 5 h"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
  [-1, "–"],
])("%s s is %s", (seconds, text) => expect(duration(seconds)).toBe(text));

it("says no time twice: 60 s, 60 min or 24 h; and is at most one part in 20 off", () => {
  const units: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600, d: 86_400 };
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (seconds) => {
      const parts = [...duration(seconds).matchAll(/(\d+) (s|min|h|d)/g)].map(
        ([, n, unit]) => [Number(n), unit!] as const,
      );
      for (const [n, unit] of parts) expect(n).toBeLessThan({ s: 60, min: 60, h: 24, d: 1e9 }[unit]!);
      const said = parts.reduce((sum, [n, unit]) => sum + n * units[unit]!, 0);
      expect(Math.abs(said - seconds)).toBeLessThanOrEqual(Math.max(0.5, seconds / 20));
    }),
  );
});
