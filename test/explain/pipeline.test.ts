import { describe, expect, it } from "vitest";
import type { Explanation } from "#src/explain/explanation.js";
import type { Observation } from "#src/explain/observation.js";
import { type AnyExplainer, run, type Sink, type Source } from "#src/explain/pipeline.js";
import { sampleExplanation } from "../messages/sample.js";

const explainer: AnyExplainer = {
  explain: async (observation: Observation): Promise<Explanation> => ({
    ...sampleExplanation(observation.tick),
    observation,
  }),
};

/** A source, a sink and their diary. */
function stage(ticks: number) {
  const diary: string[] = [];
  const source: Source = {
    async *observations() {
      for (let tick = 0; tick < ticks; tick++) {
        diary.push(`observe ${tick}`);
        yield sampleExplanation(tick).observation;
      }
    },
    accept: ({ observation }) => void diary.push(`accept ${observation.tick}`),
    close: async () => void diary.push("source closed"),
  };
  const sink = (name: string, write?: (tick: number) => void): Sink => ({
    write: async ({ observation: { tick } }) => {
      diary.push(`${name} ${tick}`);
      write?.(tick);
    },
    close: async () => void diary.push(`${name} closed`),
  });
  return { diary, source, sink };
}

const failing = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};

describe("run", () => {
  it("passes every explanation to the source and the sinks in order, before it requests the next observation", async () => {
    const { diary, source, sink } = stage(2);
    await run(source, explainer, [sink("a"), sink("b")]);
    const tick = (n: number) => [`observe ${n}`, `accept ${n}`, `a ${n}`, `b ${n}`];
    expect(diary.slice(0, 8)).toEqual([...tick(0), ...tick(1)]);
    expect(diary.slice(8).sort()).toEqual(["a closed", "b closed", "source closed"]);
  });

  it("passes the torque to a source that commands it before the explanation is ready", async () => {
    const { diary, source } = stage(1);
    const first: AnyExplainer = {
      explain: async (observation, options) => {
        options?.onTorque?.(Float32Array.of(7));
        diary.push("explained");
        return explainer.explain(observation);
      },
    };
    const commanding: Source = {
      ...source,
      command: (torque, { tick }) => void diary.push(`command ${torque[0]} at ${tick}`),
    };
    await run(commanding, first, []);
    expect(diary).toEqual(["observe 0", "command 7 at 0", "explained", "accept 0", "source closed"]);
    const options: unknown[] = [];
    const asking: AnyExplainer = {
      explain: async (observation, asked) => {
        options.push(asked?.onTorque);
        return explainer.explain(observation);
      },
    };
    await run(source, asking, []);
    expect(options).toEqual([undefined]);
  });

  it.each(["source", "explainer", "sink"])(
    "closes everything once when the %s fails, and reports the error",
    async (which) => {
      const { diary, source, sink } = stage(3);
      const broken: Source = {
        ...source,
        async *observations() {
          yield sampleExplanation(0).observation;
          throw new Error("broken");
        },
      };
      const running = run(
        which === "source" ? broken : source,
        which === "explainer" ? { explain: failing("broken") } : explainer,
        [which === "sink" ? { ...sink("a"), write: failing("broken") } : sink("a"), sink("b")],
      );
      await expect(running).rejects.toThrow("broken");
      expect(diary.filter((entry) => entry.endsWith("closed")).sort()).toEqual([
        "a closed",
        "b closed",
        "source closed",
      ]);
    },
  );

  it.each(["source", "sink"])("reports that a %s failed to close, after it closed the others", async (which) => {
    const { diary, source, sink } = stage(1);
    const close = failing("disk full");
    const sinks = [which === "sink" ? { ...sink("a"), close } : sink("a"), sink("b")];
    await expect(run(which === "source" ? { ...source, close } : source, explainer, sinks)).rejects.toThrow(
      "disk full",
    );
    expect(diary).toContain("b closed");
    expect(diary).toContain(which === "sink" ? "source closed" : "a closed");
  });

  it("closes the others when a close throws synchronously", async () => {
    const { diary, source, sink } = stage(1);
    const close = () => {
      throw new Error("not even a promise");
    };
    await expect(run(source, explainer, [{ ...sink("a"), close }, sink("b")])).rejects.toThrow("not even a promise");
    expect(diary.slice(-2).sort()).toEqual(["b closed", "source closed"]);
  });

  it("reports the first error: that of the loop, not of the closing that follows", async () => {
    const { source, sink } = stage(1);
    const broken = { ...sink("a"), write: failing("first"), close: failing("second") };
    await expect(run(source, explainer, [broken])).rejects.toThrow("first");
  });

  it("ends after the tick in which it was stopped, which still reaches every sink", async () => {
    const { diary, source, sink } = stage(100);
    const stop = new AbortController();
    const stopping = sink("a", (tick) => {
      if (tick === 1) stop.abort();
    });
    await run(source, explainer, [stopping, sink("b")], stop.signal);
    expect(diary.filter((entry) => entry.startsWith("b"))).toEqual(["b 0", "b 1", "b closed"]);
    expect(diary.filter((entry) => entry === "source closed")).toHaveLength(1);
  });

  it("wakes a source that waits for an observation", async () => {
    const { diary, source, sink } = stage(0);
    const stop = new AbortController();
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const waiting: Source = {
      async *observations() {
        yield sampleExplanation(0).observation;
        stop.abort();
        await woken;
      },
      close: async () => {
        await source.close!();
        wake();
      },
    };
    await run(waiting, explainer, [sink("a")], stop.signal);
    expect(diary).toEqual(["a 0", "source closed", "a closed"]);
  });

  it("reports that the source failed to close when it was stopped", async () => {
    const { source, sink } = stage(100);
    const stop = new AbortController();
    const sinks = [sink("a", () => stop.abort())];
    await expect(run({ ...source, close: failing("stuck") }, explainer, sinks, stop.signal)).rejects.toThrow("stuck");
  });

  it("requests no observation when it was stopped before", async () => {
    const { diary, source, sink } = stage(1);
    await run(source, explainer, [sink("a")], AbortSignal.abort());
    expect(diary.sort()).toEqual(["a closed", "source closed"]);
  });
});
