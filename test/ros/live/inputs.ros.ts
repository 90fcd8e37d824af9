import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  diagnostics,
  EXPLANATION,
  explainNode,
  HEIGHT,
  image,
  joints,
  NODE,
  pixels,
  policy,
  reaches,
  share,
  WIDTH,
} from "./node.js";
import { type Fields, type Part, Probe } from "./probe.js";
import { type Program, stopAll, until } from "./process.js";

let probe: Probe;
let node: Program;
beforeAll(async () => {
  probe = await Probe.start();
  await probe.subscribe(...EXPLANATION);
  await probe.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray");
});
afterAll(() => probe.end());

/** Explanations come while `parts` are published. */
async function explains(parts: readonly Part[] = [joints(), image()]): Promise<Fields> {
  await probe.stream("good", 20, parts);
  try {
    return await probe.next(EXPLANATION[0], { fresh: true });
  } finally {
    await probe.stop("good");
  }
}

async function withdraw(parts: readonly Part[]): Promise<void> {
  for (const { topic, type } of parts) await probe.unpublish(topic, type);
}

/** How often a topic's messages were refused for a reason, by the diagnostics. */
const refusals = async (topic: string, reason: string): Promise<number> =>
  Number((await diagnostics(probe)).inputs[`${topic}: ${reason}`] ?? 0);

describe("publishers", () => {
  beforeAll(async () => {
    node = explainNode({ policy, level: "full" });
    await reaches(probe, "active");
  });
  afterAll(stopAll);

  it.each(["best_effort", "reliable"] as const)("that are %s are heard", async (reliability) => {
    const parts = [joints({}, { reliability }), image({}, { reliability })];
    expect(await explains(parts)).toMatchObject({ level: 0 });
    await withdraw(parts);
  });

  it("may restart", async () => {
    for (let i = 0; i < 3; i++) {
      const parts = [joints(), image()];
      await explains(parts);
      await withdraw(parts);
    }
  });

  it("of another type on the same topic are named, and do no harm", async () => {
    const wrong: Part = { topic: "/image", type: "std_msgs/msg/String", message: { data: "not an image" } };
    await probe.publish(wrong);
    await node.printed(/\/image.*std_msgs\/msg\/String/);
    await explains();
    await withdraw([wrong]);
  });

  it("may share joints among several messages", async () => {
    const parts = [
      joints({ name: ["elbow"], position: [0.4], velocity: [0] }),
      image(),
      { ...joints({ name: ["shoulder"], position: [0.1], velocity: [0.2] }) },
    ];
    expect(await explains(parts)).toMatchObject({ level: 0 });
  });
});

describe("two publishers of the same joints", () => {
  beforeAll(async () => {
    node = explainNode({ policy, level: "full" });
    await reaches(probe, "active");
  });
  afterAll(stopAll);

  it("are told of, and what is made of their states is flagged", async () => {
    await probe.stream("mixed", 20, [joints(), joints({ position: [1.6, 9, -0.9] }), image()]);
    try {
      await node.printed(/\/joint_states: joints shoulder, elbow: positions jump to and fro, /);
      await until("a flagged explanation", async () => {
        const { flags } = await probe.next(EXPLANATION[0], { fresh: true });
        return flags.includes("mixed_joint_states") ? true : undefined;
      });
      await until("diagnostics of it", async () => {
        const { message } = (await diagnostics(probe)).inputs;
        return message.includes("/joint_states: mixed messages of several publishers") ? true : undefined;
      });
    } finally {
      await probe.stop("mixed");
    }
  });
});

describe("a Bayer pattern", () => {
  afterAll(stopAll);

  it("is explained", async () => {
    node = explainNode({ policy, level: "full" });
    await reaches(probe, "active");
    const coded = image({ encoding: "bayer_rggb8", step: WIDTH, data_base64: pixels(WIDTH, HEIGHT, 1) });
    expect((await explains([joints(), coded])).flags).not.toContain("observation_failed");
  });
});

describe("bad input", () => {
  beforeAll(async () => {
    node = explainNode({ policy, level: "full" });
    await reaches(probe, "active");
  });
  afterAll(stopAll);

  const wide = image({ width: 2 ** 31, height: 2 ** 31, step: 2 ** 31 });
  it.each<[string, string, string, Part, number?]>([
    [
      "a wrong encoding",
      "/image",
      "encoding",
      image({ encoding: "16UC1", step: 2 * WIDTH, data_base64: pixels(WIDTH, HEIGHT, 2) }),
    ],
    ["an unknown encoding", "/image", "encoding", image({ encoding: "nonsense" })],
    ["an image of zero size", "/image", "size", image({ width: 0, height: 0, step: 0, data_base64: "" })],
    [
      "an image of another size",
      "/image",
      "size",
      image({ width: 32, height: 32, step: 96, data_base64: pixels(32, 32) }),
    ],
    ["a truncated image", "/image", "damaged", image({ data_base64: pixels(WIDTH, HEIGHT / 2) })],
    ["absurd dimensions", "/image", "size", wide],
    ["NaN joints", "/joint_states", "not_a_number", joints({ position: ["nan", 9, 0.1] })],
    ["infinite joints", "/joint_states", "not_a_number", joints({ position: ["inf", 9, 0.1] })],
    ["arrays of different lengths", "/joint_states", "malformed", joints({ position: [0.4] })],
    ["an image stamped in the past", "/image", "too_old", image(), -60],
    ["an image stamped in the future", "/image", "in_future", image(), 60],
    ["joints stamped in the past", "/joint_states", "too_old", joints(), -60],
    ["joints stamped in the future", "/joint_states", "in_future", joints(), 60],
  ])("%s is counted, warned of once, and harmless", async (_, topic, reason, bad, stamp = 0) => {
    await probe.stream("good", 20, [joints(), image()]);
    try {
      await probe.next(EXPLANATION[0], { fresh: true });
      const before = await refusals(topic, reason);
      const [printed, began] = [node.output.length, performance.now()];
      await until(`refusals of ${topic} (${reason}) in the diagnostics`, async () => {
        for (let i = 0; i < 5; i++) {
          await probe.publish(bad, stamp);
          await sleep(100);
        }
        return (await refusals(topic, reason)) >= before + 5 ? true : undefined;
      });
      const lines = node.output.slice(printed).split("\n");
      const warnings = lines.filter((line) => line.includes(`${topic}: `));
      expect(warnings.length, node.output.slice(printed)).toBeGreaterThan(0);
      expect(warnings.length, node.output.slice(printed)).toBeLessThan(2 + (performance.now() - began) / 5000);
      expect(warnings[0]).toMatch(/WARN/);
      expect(await probe.next(EXPLANATION[0], { fresh: true })).toMatchObject({ level: 0 });
    } finally {
      await probe.stop("good");
    }
  });

  it("missing joints are told of, and explained once they come", async () => {
    await withdraw([joints(), image()]);
    const printed = node.output.length;
    const some = [joints({ name: ["elbow"], position: [0], velocity: [0] }), image()];
    await probe.stream("some", 20, some);
    await until("a word on the missing joint", async () =>
      /shoulder/.test(node.output.slice(printed)) ? true : undefined,
    );
    await probe.stop("some");
    await explains();
  });

  it("the node is alive after all of it", async () => {
    expect(node.alive).toBe(true);
    expect(await probe.nodes()).toContain(NODE);
    await explains();
  });
});

describe("simulated time", () => {
  afterEach(stopAll);

  it("may jump back: an episode begins, and explaining goes on", async () => {
    node = explainNode({ policy, use_sim_time: true });
    await reaches(probe, "active");
    const clock = { topic: "/clock", type: "rosgraph_msgs/msg/Clock" };
    /** Ticks from a time on, seconds, until something is explained there. */
    const explainedFrom = (start: number) => {
      let tick = 0;
      return until(`an explanation at ${start} s`, async () => {
        const stamp = { sec: start + Math.floor(tick / 20), nanosec: (tick % 20) * 50_000_000 };
        tick++;
        await probe.publish({ ...clock, message: { clock: stamp } });
        await probe.publish(joints({ header: { stamp } }));
        await probe.publish(image({ header: { stamp, frame_id: "lens" } }));
        const taken = await probe.take(EXPLANATION[0], { timeout: 0.05 });
        return taken.find(({ message }) => message.header.stamp.sec - start < 60 && message.header.stamp.sec >= start);
      });
    };
    await explainedFrom(500);
    await explainedFrom(100);
    expect(Number((await diagnostics(probe)).inputs["Clock jumps"])).toBe(1);
  });
});

describe("the torque command", () => {
  afterEach(stopAll);

  it("is not there unless asked for; names its joints; goes to zero, with an error, in silence", async () => {
    const topic = "/torquelens/torque_command";
    node = explainNode({ policy, publish_torque: true });
    await reaches(probe, "active");
    await probe.subscribe(topic, "std_msgs/msg/Float64MultiArray");
    await probe.stream("good", 20, [joints(), image()]);
    const { data, layout } = await probe.next(topic);
    expect(data.some((torque: number) => torque !== 0)).toBe(true);
    expect(layout.dim[0].label).toMatch(/shoulder.*elbow/);
    await probe.stop("good");
    await until("zeros", async () => {
      const command = await probe.next(topic);
      return command.data.every((torque: number) => torque === 0) ? true : undefined;
    });
    await node.printed(/ERROR.*\/torquelens\/torque_command.*silent/);
    await probe.unsubscribe(topic);
  });
});

describe("quality of service", () => {
  afterEach(stopAll);

  it("is overridden by parameters, by topic", async () => {
    const overrides = {
      "qos_overrides./torquelens/overlay.publisher.reliability": "best_effort",
      "qos_overrides./image.subscription.reliability": "reliable",
      "qos_overrides./no_such.subscription.depth": 3,
    };
    node = explainNode({ policy, ...overrides });
    await reaches(probe, "active");
    const overlay = await probe.endpoints("/torquelens/overlay");
    expect(overlay.publishers[0]!.qos.reliability).toBe("best_effort");
    await until("a reliable subscription", async () =>
      (await probe.endpoints("/image")).subscriptions[0]?.qos.reliability === "reliable" ? true : undefined,
    );
    await node.printed(/no_such/);
    const camera = image({}, { reliability: "best_effort" });
    await withdraw([image()]).catch(() => undefined);
    await probe.publish(camera);
    await node.printed(/\/image.*best effort.*reliable/);
    await withdraw([camera]);
  });
});

describe("a model swapped on disk", () => {
  it("does not disturb the running node; the next configure reads it, or says what is wrong", async () => {
    const directory = mkdtempSync(join(tmpdir(), "torquelens-swap-"));
    const copy = join(directory, "reacher.onnx");
    for (const name of ["reacher.onnx", "reacher.yaml", "reacher.xml"])
      copyFileSync(join(share, "models", name), join(directory, name));
    try {
      node = explainNode({ policy: copy });
      await reaches(probe, "active");
      await explains();
      writeFileSync(copy, "not a model");
      await explains();
      const transit = (id: number) =>
        probe.call(`${NODE}/change_state`, "lifecycle_msgs/srv/ChangeState", { transition: { id } });
      const [configure, cleanup, activate, deactivate] = [1, 2, 3, 4];
      expect(await transit(deactivate!)).toEqual({ success: true });
      expect(await transit(cleanup!)).toEqual({ success: true });
      expect(await transit(configure!)).toEqual({ success: false });
      await node.printed(/reacher\.onnx/);
      copyFileSync(policy, copy);
      expect(await transit(configure!)).toEqual({ success: true });
      expect(await transit(activate!)).toEqual({ success: true });
      await explains();
    } finally {
      await stopAll();
      rmSync(directory, { recursive: true });
    }
  });
});
