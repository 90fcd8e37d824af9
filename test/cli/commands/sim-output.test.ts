import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { EpisodeLines } from "#src/cli/output/episode-lines.js";
import { JsonLines } from "#src/cli/output/json-lines.js";
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

/** An output whose reader takes everything at once. */
class Writer extends Writable {
  text = "";

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
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
    expect(statistics.residualMax).toBeNaN();
    statistics.write(tick({ conservationResidual: 0.25 }));
    statistics.write(tick({ conservationResidual: Number.NaN }));
    expect(statistics.residualMax).toBe(0.25);
    // The parts of a contrast of torques add up to nothing that a residual could be a part of.
    statistics.write(tick({ conservationResidual: 1e5, contrast: "elbow" }));
    expect(statistics.residualMax).toBe(0.25);
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

describe("EpisodeLines", () => {
  const at = (tick: number, change: Partial<Explanation>): Explanation => ({
    ...SAMPLE,
    flags: [],
    ...change,
    observation: { ...SAMPLE.observation, stamp: 50_000_000n * BigInt(tick) },
  });
  const ratios = (image: number, position: number, velocity: number) => ({
    image,
    position,
    velocity,
    configuration: position + velocity,
  });

  it("has an episode's outcome, mean shares of the ticks that are not idle, and misses", async () => {
    const output = new Writer();
    const lines = new EpisodeLines(output);
    lines.write(at(0, { ratios: ratios(0.2, 0.5, 0.3) }));
    lines.write(at(1, { ratios: ratios(0.4, 0.5, 0.1), flags: ["deadline_missed"] }));
    lines.write(at(2, { ratios: ratios(1, 0, 0), flags: ["idle", "deadline_missed"] }));
    lines.ended({ episode: 0, success: true, reached: 2.351, error: 0.001 });
    lines.write(at(3, { flags: ["idle"] }));
    lines.ended({ episode: 1, success: false, reached: undefined, error: 0.1234 });
    lines.write(at(4, { ratios: ratios(0.25, 0.25, 0) }));
    lines.ended({ episode: 2, success: true, reached: 0.1, error: 0.001 });
    for (let tick = 5; tick < 16; tick++) lines.write(at(tick, { ratios: ratios(0, 1, 0) }));
    await lines.close();
    await lines.close();
    expect(output.text.split("\n")).toEqual([
      "episode   1  success in 2.4 s   image  30 %  position  50 %  velocity  20 %  misses 2",
      "episode   2  failed, 123 mm off  at rest",
      // What is neither, such as memory.
      "episode   3  success in 0.1 s   image  25 %  position  25 %  velocity   0 %  other  50 %",
      "episode   4  stopped at 0.5 s   image   0 %  position 100 %  velocity   0 %",
      "",
    ]);
  });

  it("names the words that a policy is told, apart from its memory", async () => {
    const output = new Writer();
    const lines = new EpisodeLines(output);
    const instruction = {
      text: "stop",
      modality: "language",
      tokens: ["stop"],
      relevance: new Float32Array(1),
      unknown: [],
    };
    const modalities = ["image", "language", "hidden"];
    const joints = { ...SAMPLE.observation.joints, names: [] };
    for (const shares of [
      [0.5, 0.25, 0.25],
      [0.25, 0.75, 0],
    ]) {
      const told = at(0, {
        ratios: ratios(shares[0]!, 0, 0),
        instruction,
        modalities,
        shares: Float32Array.from(shares),
      });
      lines.write({ ...told, observation: { ...told.observation, joints } });
    }
    lines.ended({ episode: 0, success: true, reached: undefined, error: undefined, sumOfRewards: 1 });
    lines.write(at(2, { ratios: ratios(0.25, 0.25, 0.5) }));
    lines.ended({ episode: 1, success: true, reached: 1, error: 0 });
    expect(output.text.split("\n")).toEqual([
      "episode   1  success, return 1.00  image  38 %  language  50 %  other  13 %",
      "episode   2  success in 1.0 s   image  25 %  position  25 %  velocity  50 %",
      "",
    ]);
  });

  it.each([40, 60, 80])("breaks no part of a line of %i columns", (columns) => {
    const output = Object.assign(new Writer(), { columns });
    const lines = new EpisodeLines(output);
    lines.write(at(0, { ratios: ratios(0.2, 0.5, 0.3), flags: ["deadline_missed"] }));
    lines.ended({ episode: 1233, success: true, reached: 12.35, error: 0.001 });
    const rows = output.text.trimEnd().split("\n");
    expect(Math.max(...rows.map(({ length }) => length))).toBeLessThanOrEqual(columns);
    expect(rows.flatMap((row) => row.trim().split(/ {2,}(?!\d)/))).toEqual([
      "episode 1234",
      "success in 12.3 s",
      "image  20 %",
      "position  50 %",
      "velocity  30 %",
      "misses 1",
    ]);
  });

  it("prints none to a reader that does not keep up", () => {
    const output = new Slow();
    const lines = new EpisodeLines(output);
    for (let episode = 0; episode < 100; episode++) {
      lines.write(at(episode, {}));
      lines.ended({ episode, success: true, reached: 1, error: 0 });
    }
    expect(output.writableLength).toBe(output.text.length);
  });
});

describe("summaryText", () => {
  const dtd = { spec: "dtd", conserves: true };

  const summary: SimSummary = {
    ticks: 100,
    episodes: 2,
    success_rate: 0.5,
    final_error_m: { median: 0.0034, max: 0.006 },
    episode_return: { mean: null, min: null, max: null },
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

  it("has the mean return of a world's episodes in place of errors", () => {
    const ofWorld = {
      ...summary,
      final_error_m: { median: null, max: null },
      episode_return: { mean: 0.8765, min: 0, max: 1 },
    };
    expect(summaryText(ofWorld, dtd).split("\n")[0]).toBe("100 ticks; 2 episodes, success 50 %, mean return 0.88");
  });

  it("breaks between shares for a narrow terminal", () => {
    expect(summaryText(summary, dtd, 50).split("\n").slice(1, 4)).toEqual([
      "shares  image 62.5 %   joint_position 37.5 %",
      "        (mean over the 80 ticks that are not idle)",
      "latency p50 4.0 p99 9.0 ms   misses 3   late ticks 1",
    ]);
  });

  it("says what there was too little of", () => {
    const short = { ...summary, ticks: 1, idle_ticks: 1, episodes: 0, success_rate: null };
    expect(summaryText(short, dtd)).toMatch(/^1 tick; no episode finished\nshares {2}none: all ticks are idle\n/);
    expect(summaryText({ ...short, ticks: 0 }, dtd)).toBe("stopped before the first tick");
  });
});
