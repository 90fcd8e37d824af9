import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Warnings } from "#src/health/warnings.js";

function warnings(intervalMs?: number) {
  const clock = { ms: 0 };
  const lines: string[] = [];
  const options = { warn: (line: string) => lines.push(line), now: () => clock.ms };
  return { clock, lines, warnings: new Warnings(intervalMs === undefined ? options : { ...options, intervalMs }) };
}

describe("Warnings", () => {
  it("shows one line a topic and reason in an interval, and how many there were since", () => {
    const { clock, lines, warnings: w } = warnings(1000);
    for (let i = 0; i < 100; i++) w.problem("/image", "empty");
    w.problem("/image", "truncated");
    w.problem("/other", "empty");
    expect(lines).toEqual(["/image: empty", "/image: truncated", "/other: empty"]);
    clock.ms = 999;
    w.problem("/image", "empty");
    expect(lines).toHaveLength(3);
    clock.ms = 1000;
    w.problem("/image", "empty");
    w.problem("/other", "empty");
    expect(lines.slice(3)).toEqual(["/image: empty (and 100 more like it since)", "/other: empty"]);
  });

  it("goes on where the clock jumps back", () => {
    const { clock, lines, warnings: w } = warnings();
    clock.ms = 1e6;
    w.problem("/image", "empty");
    clock.ms = 0;
    w.problem("/image", "empty");
    expect(lines).toHaveLength(2);
  });

  it("accounts for every problem, at most one line an interval", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { minLength: 1, maxLength: 50 }), (steps) => {
        const { clock, lines, warnings: w } = warnings(1000);
        const shownAt: number[] = [];
        for (const step of steps) {
          clock.ms += step;
          const before = lines.length;
          w.problem("t", "r");
          if (lines.length > before) shownAt.push(clock.ms);
        }
        clock.ms += 1000;
        w.problem("t", "r");
        const suppressed = lines.reduce((sum, line) => sum + Number(/and (\d+) more/.exec(line)?.[1] ?? 0), 0);
        expect(suppressed + lines.length).toBe(steps.length + 1);
        for (let i = 1; i < shownAt.length; i++) expect(shownAt[i]! - shownAt[i - 1]!).toBeGreaterThanOrEqual(1000);
      }),
    );
  });

  it("takes lines that differ in numbers only for one kind", () => {
    const { clock, lines, warnings: w } = warnings();
    for (let i = 0; i < 50; i++) w.problem("/image", `stamped ${i / 10} s before now, expected at most 500 ms`);
    w.problem("/image", "stamped 1 s after now, expected at most 500 ms");
    expect(lines).toHaveLength(2);
    clock.ms += 5000;
    w.problem("/image", "stamped 9 s before now, expected at most 500 ms");
    expect(lines[2]).toBe("/image: stamped 9 s before now, expected at most 500 ms (and 49 more like it since)");
  });

  it("does not remember reasons without end", () => {
    const { lines, warnings: w } = warnings();
    const found = (i: number) => `found ${"x".repeat(i)}`;
    for (let i = 0; i < 1000; i++) w.problem("/image", found(i));
    w.problem("/image", found(999));
    expect(lines).toHaveLength(1000);
    w.problem("/image", found(0));
    expect(lines).toHaveLength(1001);
  });
});
