import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import type { TickOptions } from "#src/explain/explainer.js";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { type InnerExplainer, RealTimeExplainer, type RealTimeOptions } from "#src/explain/real-time-explainer.js";
import { methodNamed } from "#src/relevance/methods.js";
import { reacherObservation, reacherPolicy } from "./policies.js";

/** Explains in no time what it was told to take. */
class Stub implements InnerExplainer {
  readonly policy = reacherPolicy();
  method = methodNamed("dtd");
  readonly warnings = [];
  readonly fallback = undefined;
  readonly deadlineMs = 40;
  readonly asked: TickOptions[] = [];
  cost = { full: 1, shares: 1, skip: 1 };
  refuses = false;
  closed = false;

  async explain(_: Observation, options: TickOptions = {}): Promise<Explanation> {
    this.asked.push(options);
    if (this.refuses) throw new InputError("no");
    return { level: options.level, latencyMs: this.cost[options.level!] } as Explanation;
  }
  async setMethod(spec: string): Promise<void> {
    this.method = methodNamed(spec);
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

/** Late ticks that make the level fall: more than one in a hundred of 500. */
const LATE = 6;

function create(options: RealTimeOptions = {}) {
  const stub = new Stub();
  const explainer = new RealTimeExplainer(stub, options);
  const explain = async (ticks: number) => {
    for (let i = 0; i < ticks; i++) await explainer.explain(reacherObservation());
  };
  return { stub, explainer, explain };
}

describe("RealTimeExplainer", () => {
  it("goes down to the level that fits the deadline, and up again", async () => {
    const { stub, explainer, explain } = create();
    stub.cost = { full: 60, shares: 50, skip: 5 };
    await explain(LATE + 1);
    const asked = stub.asked.map(({ level }) => level);
    expect([explainer.level, asked]).toEqual(["shares", [...Array(LATE).fill("full"), "shares"]]);
    await explain(LATE - 1);
    expect(explainer.level).toBe("skip");
    stub.cost = { full: 30, shares: 10, skip: 5 };
    await explain(400);
    expect(explainer.level).toBe("full");
  });

  it("stays at a fixed level, and starts with the deepest when set to auto", async () => {
    const { stub, explainer, explain } = create({ level: "shares" });
    stub.cost = { full: 60, shares: 50, skip: 5 };
    await explain(10);
    expect(explainer.level).toBe("shares");
    explainer.setLevel("auto");
    expect(explainer.level).toBe("full");
    await explain(LATE);
    explainer.setLevel("auto");
    expect(explainer.level).toBe("shares");
    explainer.setLevel("skip");
    await explain(1);
    expect(stub.asked.at(-1)!.level).toBe("skip");
  });

  it("computes the heatmap of one joint until that changes, and rejects an unknown joint", async () => {
    const { stub, explainer, explain } = create({ heatmapOf: "elbow" });
    await explain(1);
    await expect(explainer.change({ heatmapOf: "wrist" })).rejects.toThrow(
      new InputError("heatmap of joint wrist: expected one of shoulder, elbow"),
    );
    await explain(1);
    await explainer.change({});
    await explain(1);
    expect(stub.asked.map(({ heatmapOf }) => heatmapOf)).toEqual(["elbow", "elbow", undefined]);
    expect(() => create({ heatmapOf: "wrist" })).toThrow(InputError);
  });

  it("starts with the deepest level after a change of method", async () => {
    const { stub, explainer, explain } = create();
    stub.cost.full = 60;
    await explain(LATE);
    expect(explainer.level).toBe("shares");
    await explainer.setMethod("gradient");
    expect([explainer.level, explainer.method.spec]).toEqual(["full", "gradient"]);
  });

  it("counts explanations by level, misses, failures, and the newest latencies", async () => {
    const { stub, explainer, explain } = create();
    expect(explainer.statistics()).toEqual({
      explained: 0,
      failed: 0,
      misses: 0,
      levels: { full: 0, shares: 0, skip: 0 },
      latencyMs: { p50: Number.NaN, p99: Number.NaN },
    });
    stub.cost = { full: 41, shares: 7, skip: 1 };
    await explain(LATE + 7);
    stub.refuses = true;
    await expect(explain(1)).rejects.toThrow("no");
    expect(explainer.statistics()).toEqual({
      explained: LATE + 7,
      failed: 1,
      misses: LATE,
      levels: { full: LATE, shares: 7, skip: 0 },
      latencyMs: { p50: 7, p99: 41 },
    });
    stub.refuses = false;
    await explain(95);
    explainer.setLevel("skip");
    await explain(200);
    expect(explainer.statistics().latencyMs).toEqual({ p50: 1, p99: 1 });
  });

  it("passes the torque on, and closes its explainer", async () => {
    const { stub, explainer } = create();
    const onTorque = () => {};
    await explainer.explain(reacherObservation(), { onTorque });
    expect(stub.asked[0]!.onTorque).toBe(onTorque);
    await explainer.close();
    expect(stub.closed).toBe(true);
  });
});

describe("RealTimeExplainer over a policy", () => {
  it("explains while its method changes, with one method a tick; an invalid method changes nothing", async () => {
    const policy = reacherPolicy();
    await expect(RealTimeExplainer.create(policy, { method: "guess" })).rejects.toThrow(InputError);
    await expect(RealTimeExplainer.create(policy, { heatmapOf: "wrist" })).rejects.toThrow(InputError);
    const explainer = await RealTimeExplainer.create(policy, { threads: 1, level: "full" });
    try {
      const methods: string[] = [];
      let isChanging = true;
      const changing = explainer.setMethod("gradient-x-input").finally(() => {
        isChanging = false;
      });
      while (isChanging) methods.push((await explainer.explain(reacherObservation(methods.length))).method);
      await changing;
      methods.push((await explainer.explain(reacherObservation())).method);
      const change = methods.indexOf("gradient-x-input");
      expect(change).toBeGreaterThan(3);
      expect(new Set(methods.slice(0, change))).toEqual(new Set(["dtd"]));
      expect(new Set(methods.slice(change))).toEqual(new Set(["gradient-x-input"]));
      await expect(explainer.setMethod("grad-cam:layer=none")).rejects.toThrow(InputError);
      await expect(explainer.setMethod("attention")).rejects.toThrow(InputError);
      expect((await explainer.explain(reacherObservation())).method).toBe("gradient-x-input");
      // The last one asked for is the one that stays.
      await Promise.all([explainer.setMethod("rap"), explainer.setMethod("dtd")]);
      expect(explainer.method.spec).toBe("dtd");
    } finally {
      await explainer.close();
    }
  });
});
