// Cost of the simulation outside inference: the loop of `torquelens sim --record` with one live client, as fast as
// possible. Prints milliseconds per tick of each part, the event loop delay, and memory over the run.
//   npm run bench:sim -- [--ticks 10000] [--policy models/reacher.onnx]
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay, PerformanceObserver } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { McapSink } from "#src/bag/mcap-sink.js";
import { taskFor } from "#src/cli/input/sim-task.js";
import { Statistics } from "#src/cli/output/statistics.js";
import { Explainer } from "#src/explain/explainer.js";
import { Latencies } from "#src/explain/latencies.js";
import { run } from "#src/explain/pipeline.js";
import { FoxgloveSink } from "#src/foxglove/foxglove-sink.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { loadPolicy } from "#src/policy/policy.js";
import { SimulatedSource } from "#src/sim/source.js";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { values } = parseArgs({
  options: {
    ticks: { type: "string", default: "10000" },
    policy: { type: "string", default: here("../models/reacher.onnx") },
  },
});
const ticks = Number(values.ticks);
const MEMORY_AT = [100, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Milliseconds of one part of every tick. */
class Clock extends Latencies {
  count = 0;
  newest = 0;
  constructor() {
    super(ticks);
  }
  add(milliseconds) {
    super.add(milliseconds);
    this.newest = milliseconds;
    this.count++;
  }
  async of(work) {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.add(performance.now() - start);
    }
  }
}
const clocks = Object.fromEntries(
  ["tick", "inference", "simulate", "explain", "serve", "record", "overhead", "processor", "collection"].map((name) => [
    name,
    new Clock(),
  ]),
);

/** Processor time of this thread so far, ms: unlike the clock it does not count what other programs take (Linux). */
const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;
const cpuTime = existsSync(SCHEDSTAT) ? () => Number(readFileSync(SCHEDSTAT, "utf8").split(" ")[0]) / 1e6 : () => 0;
const collections = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) clocks.collection.add(duration);
});

const folder = await mkdtemp(join(tmpdir(), "torquelens-bench-"));
const recording = join(folder, "run.mcap");
const policy = await loadPolicy(values.policy);
const simulated = new SimulatedSource({ task: await taskFor(policy, "reacher", "four"), ticks, speed: 0 });
const explainer = await Explainer.create(policy);
const encoder = new ChannelEncoder({ robotDescription: simulated.robotDescription });
const live = await FoxgloveSink.listen({ encoder, port: 0 });
const recorder = await McapSink.create(recording, { encoder });

const client = fork(here("./live-client.js"), [live.url]);
await new Promise((resolve) => client.once("message", resolve));
const received = new Promise((resolve) => client.once("message", resolve));

// The inference alone, with the way to its thread and back. Its time is noted before the explainer goes on.
const { models } = explainer.engine;
const infer = models.run.bind(models);
models.run = (feeds, steps) => {
  const start = performance.now();
  const results = infer(feeds, steps);
  results.at(-1).then(
    () => clocks.inference.add(performance.now() - start),
    () => {},
  );
  return results;
};

const source = {
  async *observations() {
    const observations = simulated.observations();
    let before = performance.now();
    let cpu = cpuTime();
    for (;;) {
      const { value, done } = await clocks.simulate.of(() => observations.next());
      if (done) return;
      yield value;
      const now = performance.now();
      clocks.tick.add(now - before);
      clocks.overhead.add(now - before - clocks.inference.newest);
      clocks.processor.add(cpuTime() - cpu);
      before = performance.now();
      cpu = cpuTime();
    }
  },
  accept: (explanation) => simulated.accept(explanation),
  close: () => simulated.close(),
};
const explaining = {
  async explain(observation) {
    const start = performance.now();
    const explanation = await explainer.explain(observation);
    clocks.explain.add(performance.now() - start - clocks.inference.newest);
    return explanation;
  },
};
const timed = (sink, clock) => ({
  write: (explanation) => clock.of(() => sink.write(explanation)),
  close: () => sink.close(),
});
const memory = [];
const sampler = {
  write({ observation: { tick } }) {
    if (!MEMORY_AT.includes(tick + 1)) return;
    globalThis.gc?.();
    memory.push([tick + 1, process.memoryUsage()]);
  },
  async close() {},
};

const statistics = new Statistics();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
collections.observe({ entryTypes: ["gc"] });
const started = performance.now();
await run(source, explaining, [statistics, timed(live, clocks.serve), timed(recorder, clocks.record), sampler]);
const seconds = (performance.now() - started) / 1000;
delay.disable();
collections.disconnect();
await explainer.close();
const { messages, bytes } = await received;
const { size } = await stat(recording);
await rm(folder, { recursive: true });

const print = (...lines) => process.stdout.write(`${lines.join("\n")}\n`);
const row = (name, a, b, note = "") =>
  `${name.padEnd(26)} ${a.toFixed(2).padStart(8)} ${b.toFixed(2).padStart(8)}  ${note}`;
const clockRow = (name, clock, note) => row(name, clock.percentile(0.5), clock.percentile(0.99), note);
print(
  `${ticks} ticks in ${seconds.toFixed(1)} s; ${cpus().length} cores, load ${loadavg()
    .map((x) => x.toFixed(1))
    .join(" ")}`,
  "",
  `${"milliseconds a tick".padEnd(26)} ${"p50".padStart(8)} ${"p99".padStart(8)}`,
  clockRow("tick", clocks.tick),
  clockRow("  inference", clocks.inference, "with the way to its thread and back"),
  clockRow("  overhead", clocks.overhead, "tick without inference"),
  clockRow("    simulate, render", clocks.simulate),
  clockRow("    to and from tensors", clocks.explain),
  clockRow("    serve live", clocks.serve, "one client, every topic"),
  clockRow("    record", clocks.record, "every topic, JPEG included"),
  clockRow("main thread on processor", clocks.processor, "of all that is above; 0 where the system does not tell"),
  clockRow("a garbage collection", clocks.collection, `${clocks.collection.count} of them`),
  row(
    "event loop delay",
    delay.percentile(50) / 1e6,
    delay.percentile(99) / 1e6,
    `max ${(delay.max / 1e6).toFixed(1)}`,
  ),
  "",
  `client got ${messages} messages, ${(bytes / 1e6).toFixed(1)} MB; recording ${(size / 1e6).toFixed(1)} MB`,
  "",
  `${"memory, MB, after tick".padEnd(26)} ${["RSS", "heap", "buffers", "external"].map((x) => x.padStart(8)).join(" ")}${globalThis.gc ? "" : "  (node --expose-gc collects before)"}`,
  ...memory.map(([tick, { rss, heapUsed, arrayBuffers, external }]) =>
    [
      String(tick).padEnd(26),
      ...[rss, heapUsed, arrayBuffers, external].map((x) => (x / 1e6).toFixed(1).padStart(8)),
    ].join(" "),
  ),
);
