import { expect, it, test } from "vitest";
import { better } from "#src/bench/cases.js";
import type { Measured } from "#src/bench/measuring.js";
import { othersBetween } from "#src/bench/other-processes.js";
import { busyWarning, ratiosOf } from "#src/bench/ratios.js";

const comparison = (wall: number, cpu: number, others?: number) => ({ name: "dtd", ratios: { wall, cpu }, others });

it("compares wall and processor time each for itself", () => {
  const ratios = ratiosOf({ wallMs: 62, cpuMs: 14.8 }, { wallMs: 2, cpuMs: 4 });
  expect(ratios).toEqual({ wall: 31, cpu: 3.7 });
});

it.each([
  ["where wall time says more", comparison(31, 3.7, 0.83), "83 %"],
  ["where wall time says less", comparison(2, 3.2, 0.2), "20 %"],
])("warns of a busy machine %s", (_, given, part) => {
  const { wall, cpu } = given.ratios;
  expect(busyWarning([given])).toBe(
    `dtd: ${wall.toFixed(2)} × by wall time, ${cpu.toFixed(2)} × by processor time; the machine was busy: ` +
      `other programs took ${part} of its processors; trust processor time`,
  );
});

it("warns where it is unknown what other processes did", () => {
  expect(busyWarning([comparison(31, 3.7)])).toBe(
    "dtd: 31.00 × by wall time, 3.70 × by processor time; the machine was busy; trust processor time",
  );
});

it("says nothing where ratios agree, or differ on an idle machine by their use of threads", () => {
  expect(busyWarning([comparison(3, 4.4, 0.9), comparison(4.4, 3)])).toBeUndefined();
  expect(busyWarning([comparison(8, 3, 0.02)])).toBeUndefined();
});

it("names the ratios that differ most", () => {
  const rows = [comparison(3, 3, 0.9), { ...comparison(8, 3, 0.9), name: "rap" }, comparison(5, 3, 0.9)];
  expect(busyWarning(rows)).toMatch(/^rap: 8\.00 × /);
});

test("the best of several rounds has the least processor time of all", () => {
  const round = (median_ms: number, cpu_ms: number, others: number) => ({
    median_ms,
    p99_ms: 9,
    cpu_ms,
    runs: 20,
    others,
  });
  const rounds = [round(3, 5, 0.9), round(2, 6, 0.1), round(4, 4, 0.8)];
  expect(rounds.reduce<Measured | undefined>(better, undefined)).toEqual(round(2, 4, 0.1));
});

test("what this process does is not others'; a short look tells nothing, nor a system that counts nothing", () => {
  const start = { at: 0, busy: 1000, idle: 500, own: 40 };
  const after = (at: number, busy: number, idle: number, own: number) =>
    othersBetween(start, { at, busy: 1000 + busy, idle: 500 + idle, own: 40 + own });
  expect(after(1000, 1500, 500, 600)).toBe(0.45);
  expect(after(1000, 590, 1410, 600)).toBe(0);
  expect(after(100, 150, 50, 60)).toBeUndefined();
  expect(after(1000, 0, 0, 600)).toBeUndefined();
});
