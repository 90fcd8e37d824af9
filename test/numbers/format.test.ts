import { expect, test } from "vitest";
import { fixed, number, percent, plural, signed, significant, wholePercent } from "#src/numbers/format.js";

test("numbers for JSON have six digits, or are null", () => {
  expect([number(1 / 3), number(123456789), number(0)]).toEqual([0.333333, 123457000, 0]);
  expect([number(Number.NaN), number(Number.POSITIVE_INFINITY)]).toEqual([null, null]);
});

test("numbers for people", () => {
  expect([percent(0.1234), wholePercent(0.9), percent(Number.NaN)]).toEqual(["12.3 %", "90 %", "–"]);
  expect([significant(0), significant(12.345), significant(2e-5), significant(Number.NaN)]).toEqual([
    "0.00",
    "12.3",
    "2.0e-5",
    "–",
  ]);
  expect([signed(-0.126, 2), signed(0.5, 3)]).toEqual(["−0.13", "0.500"]);
  expect([fixed(-0.0001, 3), fixed(-0.126, 2), fixed(-0.6, 0)]).toEqual(["0.000", "-0.13", "-1"]);
  expect([plural(1, "run"), plural(1200, "tick")]).toEqual(["1 run", "1,200 ticks"]);
});
