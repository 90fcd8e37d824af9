import { afterEach, describe, expect, it, vi } from "vitest";
import { wallClock } from "#src/bench/live/robot.js";
import { STAGES, Stopwatch } from "#src/bench/live/stopwatch.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { QOS } from "#src/messages/qos.js";
import { inOwnProcess, refusal, torquelens } from "../cli/run.js";
import { sampleExplanation } from "../messages/sample.js";
import { FakeRos } from "../ros/fake-ros.js";

describe("Stopwatch", () => {
  afterEach(() => void vi.useRealTimers());

  it("counts every millisecond between an image's stamp and its published explanation in one stage", async () => {
    vi.useFakeTimers({ toFake: ["performance", "Date"] });
    const pass = (milliseconds: number) => vi.advanceTimersByTime(milliseconds);
    const watch = new Stopwatch(1);
    const ros = new FakeRos();
    const encoder = watch.encoder({});
    const channel = encoder.channels.find(({ name }) => name === "explanation")!;
    vi.spyOn(ros, "publisher").mockImplementation((_, name) => ({
      topic: ros.resolveTopic(name),
      subscribers: 1,
      publish: () => pass(64),
      close: () => {},
    }));
    const publisher = watch.node(ros).publisher(channel.type, "~/explanation", QOS.reliable);

    pass(1000);
    const stamp = BigInt(Math.round(1000 * wallClock())) * 1000n;
    const observation: Observation = { ...sampleExplanation().observation, stamp };
    pass(1);
    const receivedMs = performance.now();
    pass(2);
    const matchedMs = performance.now();
    const observe = async () => {
      pass(8);
      return observation;
    };
    const match = watch.match({ stamp, receivedMs, matchedMs, observe, release: () => {} });
    pass(4);
    await match.observe();
    pass(16);
    const explanation: Explanation = { ...sampleExplanation(), observation, latencyMs: 16, flags: ["deadline_missed"] };
    watch.write(explanation, () => {
      const encoded = encoder.encode(channel, explanation) as Uint8Array;
      publisher.publish(encoded);
    });
    const spent = Object.fromEntries(STAGES.map((stage) => [stage, Math.round(watch.spread(stage).p99)]));
    expect(spent).toEqual({ transport: 1, synchronise: 2, wait: 4, decode: 8, infer: 16, encode: 0, publish: 64 });
    expect([watch.spread("total").p50, watch.spread("beside").max].map(Math.round)).toEqual([95, 79]);
    expect([watch.explained, watch.misses]).toEqual([1, 1]);
  });
});

describe("torquelens bench --ros", () => {
  it("without ROS 2 times the same pipeline in its own process, and says so", async () => {
    delete process.env.AMENT_PREFIX_PATH;
    const { code, stdout, stderr } = await inOwnProcess(
      ..."bench --ros --ticks 4 --network shipped-reacher --threads 1 --json".split(" "),
    );
    expect(stderr).toMatch(/^not over ROS 2: no ROS 2 is sourced/);
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout);
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      expect(row).toMatchObject({ network: "shipped-reacher", transport: "in-process", ticks: 4 });
      expect(row.explained + row.lost).toBe(4);
      expect(row.explained).toBeGreaterThan(0);
      const spreads = [row.total, row.beside, ...STAGES.map((stage) => row.stages[stage])];
      for (const { p50, p99, max } of spreads) expect([p50, p99, max]).toEqual([p50, p99, max].sort((a, b) => a - b));
      expect(row.total.max).toBeGreaterThan(row.stages.infer.p50);
    }
  });

  it("refuses a network that there is not", async () => {
    expect(await torquelens("bench", "--ros", "--network", "resnet")).toMatchObject(
      refusal("network resnet: expected one of shipped-reacher, levine-240, trained-240"),
    );
  });
});
