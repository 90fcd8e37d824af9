import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { JsonLines } from "#src/cli/output/json-lines.js";
import { LiveLine } from "#src/cli/output/live-line.js";
import { type SimSummary, summaryText } from "#src/cli/output/sim-summary.js";
import { Statistics } from "#src/cli/output/statistics.js";
import type { Explanation } from "#src/explain/explanation.js";
import { sampleExplanation } from "../../messages/sample.js";

/** An output whose reader takes nothing until `read`. */
class Slow extends Writable {
  text = "";
  #taken: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    this.#taken = done;
  }

  read(): void {
    this.#taken?.();
  }
}

const SAMPLE = sampleExplanation(0, 8, 6);
const tick = (change: Partial<Explanation>): Explanation => ({ ...SAMPLE, flags: [], ...change });

describe("Statistics", () => {
  it("has the nearest ranks of the newest latencies, however long it runs", () => {
    const statistics = new Statistics();
    expect(statistics.latency(0.5)).toBeNaN();
    for (let i = 1; i <= 10_000; i++) statistics.write(tick({ latencyMs: i }));
    expect(statistics.ticks).toBe(10_000);
    // The newest 4096: 5905 to 10000.
    expect(statistics.latency(0)).toBe(5905);
    expect(statistics.latency(0.5)).toBe(5905 + 2047);
    expect(statistics.latency(0.99)).toBe(5905 + Math.ceil(0.99 * 4096) - 1);
    expect(statistics.latency(1)).toBe(10_000);
  });

  it("counts misses and idle ticks, and keeps the idle out of the mean shares", () => {
    const statistics = new Statistics();
    statistics.write(tick({ shares: Float32Array.of(0.5, 0.5, 0, 0), flags: ["deadline_missed"] }));
    statistics.write(tick({ shares: Float32Array.of(0.25, 0.25, 0.5, 0) }));
    statistics.write(tick({ shares: Float32Array.of(0, 0, 0, 1), flags: ["idle"], conservationResidual: 0.25 }));
    expect(statistics.meanShares()).toEqual({
      image: 0.375,
      joint_position: 0.375,
      joint_velocity: 0.25,
      end_effector_position: 0,
    });
    const { misses, idle, residualMax } = statistics;
    expect({ misses, idle, residualMax }).toEqual({ misses: 1, idle: 1, residualMax: 0.25 });
  });

  it("has no largest residual of ticks without one", () => {
    const statistics = new Statistics();
    statistics.write(tick({ conservationResidual: Number.NaN }));
    expect(statistics.residualMax).toBe(0);
  });
});

describe("JsonLines", () => {
  it("waits for a reader that does not keep up", async () => {
    const output = new Slow();
    const sink = new JsonLines(output, new AbortController().signal);
    let written = false;
    const writing = sink.write(tick({ latencyMs: 4 })).then(() => {
      written = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    expect(JSON.parse(output.text)).toMatchObject({ time: 0, stamp_ns: "1700000000123456789", latency_ms: 4 });
    output.read();
    await writing;
  });

  it("waits no longer when the run is stopped", async () => {
    const stop = new AbortController();
    const writing = new JsonLines(new Slow(), stop.signal).write(tick({}));
    stop.abort();
    await writing;
  });
});

describe("LiveLine", () => {
  it("names the joint of the largest weighted torque, and the flags", () => {
    const output = new Slow();
    const statistics = new Statistics();
    const explanation = tick({
      torque: Float32Array.of(0.5, -0.4),
      importance: Float32Array.of(0.8, 1.2),
      latencyMs: 3.25,
      flags: ["at_limit", "deadline_missed"],
    });
    statistics.write(explanation);
    new LiveLine(statistics, output).write(explanation);
    expect(output.text).toBe(
      "tick      0   image : position : velocity  50 :  38 :  13 %   top elbow     -0.400 N·m   " +
        "latency p50 3.3 p99 3.3 ms   misses 1   at_limit deadline_missed\n",
    );
  });

  it("prints one line a second at most, and none to a reader that does not keep up", () => {
    const output = new Slow();
    const line = new LiveLine(new Statistics(), output);
    for (let i = 0; i < 100; i++) line.write(tick({}));
    expect(output.text.split("\n")).toHaveLength(2);
    new LiveLine(new Statistics(), output).write(tick({}));
    expect(output.writableLength).toBe(output.text.length + 1);
  });
});

describe("summaryText", () => {
  const dtd = { spec: "dtd", conserves: true };

  const summary: SimSummary = {
    ticks: 100,
    episodes: 2,
    success_rate: 0.5,
    final_error_m: { median: 0.0034, max: 0.006 },
    shares: { image: 0.6251, joint_position: 0.3749 },
    idle_ticks: 20,
    latency_ms: { p50: 4.04, p99: 9 },
    misses: 3,
    late_ticks: 1,
    conservation_residual_max: 2.1e-6,
    seconds: 5,
  };

  it("says where a method does not conserve", () => {
    const text = summaryText(summary, { spec: "smoothgrad:n=5", conserves: false });
    expect(text.split("\n").at(-1)).toMatch(
      /^conservation residual at most \S+ {3}\(smoothgrad:n=5 does not conserve\)$/,
    );
  });

  it("says how it went", () => {
    expect(summaryText(summary, dtd).split("\n")).toEqual([
      "100 ticks; 2 episodes, success 50 %, median final error 3.4 mm",
      "shares  image 62.5 %   joint_position 37.5 %   (mean over the 80 ticks that are not idle)",
      "latency p50 4.0 p99 9.0 ms   misses 3   late ticks 1",
      "conservation residual at most 2.1e-6",
    ]);
  });

  it("says what there was too little of", () => {
    const short = { ...summary, ticks: 1, idle_ticks: 1, episodes: 0, success_rate: null };
    expect(summaryText(short, dtd)).toMatch(/^1 tick; no episode finished\nshares {2}none: all ticks are idle\n/);
    expect(summaryText({ ...short, ticks: 0 }, dtd)).toBe("stopped before the first tick");
  });
});
