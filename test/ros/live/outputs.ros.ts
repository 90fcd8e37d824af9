import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { attentiveCard, attentiveReacher } from "../../policy/attentive.js";
import {
  diagnostics,
  EXPLANATION,
  explainNode,
  HEIGHT,
  image,
  joints,
  pixels,
  policy,
  reaches,
  setParameter,
  share,
  WIDTH,
} from "./node.js";
import { type Fields, type Part, Probe } from "./probe.js";
import { stopAll, until } from "./process.js";

// What the node says beside shares and heatmaps: maps of attention, relevance left out, faulty input.

const scratch = mkdtempSync(join(tmpdir(), "torquelens-outputs-"));
let probe: Probe;
beforeAll(async () => {
  probe = await Probe.start();
});
afterEach(stopAll);
afterAll(async () => {
  await probe.end();
  rmSync(scratch, { recursive: true });
});

/** A camera's image of a size. */
const sized = (width: number, height: number): Part =>
  image({ width, height, step: 3 * width, data_base64: pixels(width, height) });

const floats = ({ data }: Fields): Float32Array => {
  const bytes = Buffer.from(data.base64, "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
};

/** Explanations while `parts` are published, until one fits. */
async function explained(parts: readonly Part[], fits: (message: Fields) => boolean = () => true): Promise<Fields> {
  await probe.stream("scene", 20, parts);
  try {
    return await until("an explanation that fits", async () => {
      const message = await probe.next(EXPLANATION[0], { fresh: true });
      return fits(message) ? message : undefined;
    });
  } finally {
    await probe.stop("scene");
  }
}

describe("maps of attention", () => {
  it("come on topics of their own, one below another, at every level", async () => {
    const path = join(scratch, "attentive.onnx");
    writeFileSync(path, attentiveReacher());
    writeFileSync(
      join(scratch, "attentive.yaml"),
      stringify({ ...attentiveCard(), arm: { file: join(share, "models/reacher.xml"), site: "ee" } }),
    );
    const topic = "/torquelens/attention";
    await probe.subscribe(...EXPLANATION);
    for (const name of [topic, `${topic}/mono16`]) await probe.subscribe(name, "sensor_msgs/msg/Image");
    await probe.subscribe(`${topic}/compressed`, "sensor_msgs/msg/CompressedImage");
    explainNode({ policy: path, level: "skip" });
    await reaches(probe, "active");
    const message = await explained([joints(), sized(80, 64)]);
    expect(message).toMatchObject({ level: 2, attention_queries: ["tip", "target"] });
    expect(message.attention_offsets.slice(0, 2)).toEqual([0, 2]);
    const map = await probe.next(topic);
    expect(map).toMatchObject({
      width: 80,
      height: 128,
      encoding: "32FC1",
      header: { frame_id: "camera_optical_frame" },
    });
    const attention = floats(map);
    for (const [q, peak] of message.attention_peak.entries())
      expect(Math.max(...attention.subarray(80 * 64 * q, 80 * 64 * (q + 1)))).toBeCloseTo(peak, 5);
    expect(await probe.next(`${topic}/mono16`)).toMatchObject({ width: 80, height: 128, encoding: "mono16" });
    expect((await probe.next(`${topic}/compressed`)).format).toBe("rgb8; jpeg compressed bgr8");
  });
});

describe("relevance that is not followed to the pixels", () => {
  const large = { policy: join(share, "models/large/reacher.onnx"), level: "full" };

  it("is told with every explanation, and is none with omit 0", async () => {
    const task = await loadTask("reacher", { width: 240, height: 240 });
    const data_base64 = Buffer.from(task.observe().image).toString("base64");
    task.delete();
    const scene = [joints(), image({ width: 240, height: 240, step: 720, data_base64 })];
    await probe.subscribe(...EXPLANATION);
    explainNode(large);
    await reaches(probe, "active");
    const { omitted, conservation_residual } = await explained(scene);
    expect(omitted).toBeGreaterThan(0);
    expect(omitted).toBeLessThanOrEqual(0.0005);
    expect(conservation_residual).toBeLessThan(1e-3);
    expect(await setParameter(probe, "omit", 0.01)).toMatch(/omit.*unconfigured/);
    await stopAll();
    explainNode({ ...large, omit: 0.0 });
    await reaches(probe, "active");
    expect((await explained(scene, ({ omitted: part }) => part === 0)).omitted).toBe(0);
  });
});

describe("a camera that freezes", () => {
  it("is named by the diagnostics while the arm moves, and no longer once it lives again", async () => {
    await probe.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray");
    explainNode({ policy, level: "full" });
    await reaches(probe, "active");
    let tick = 0;
    /** A second of a moving arm; the picture is another one at each tick, or stays. */
    const second = async (lives: boolean) => {
      for (let i = 0; i < 20; i++, tick++) {
        const angle = 0.5 * Math.sin(tick / 15);
        const speed = 0.5 * (20 / 15) * Math.cos(tick / 15);
        const now = Date.now();
        const stamp = { sec: Math.floor(now / 1000), nanosec: (now % 1000) * 1_000_000 };
        await probe.publish(joints({ header: { stamp }, position: [0.4, 9, angle], velocity: [0, 9, speed] }));
        const data = Buffer.from(pixels(WIDTH, HEIGHT), "base64");
        if (lives) data.fill(255, 3 * WIDTH * (tick % HEIGHT), 3 * WIDTH * ((tick % HEIGHT) + 1));
        await probe.publish(image({ header: { stamp, frame_id: "lens" }, data_base64: data.toString("base64") }));
        await sleep(50);
      }
      return (await diagnostics(probe))["input faults"]!;
    };
    const frozen = /the image stays the same while the arm moves/;
    const told = async (lives: boolean, fits: (message: string) => boolean) => {
      const said: string[] = [];
      while (said.length < 20) {
        said.push((await second(lives)).message);
        if (fits(said.at(-1)!)) return;
      }
      throw new Error(`the status of faults, a second each: ${said.join(" | ")}`);
    };
    await told(true, (message) => message !== "nothing explained" && !frozen.test(message));
    await told(false, (message) => frozen.test(message));
    await told(true, (message) => !frozen.test(message));
  });
});

describe("two nodes in namespaces", () => {
  it("explain their own arms, and report as themselves", async () => {
    for (const side of ["left", "right"]) explainNode({ policy, level: "full" }, ["-r", `__ns:=/${side}`]);
    for (const side of ["left", "right"]) await reaches(probe, "active", `/${side}/torquelens`);
    const of = (side: string, part: Part): Part => ({ ...part, topic: `/${side}${part.topic}` });
    const place = { left: 0.1, right: -0.6 };
    await probe.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray");
    for (const [side, shoulder] of Object.entries(place)) {
      await probe.subscribe(`/${side}/torquelens/explanation`, EXPLANATION[1]);
      await probe.stream(side, 20, [of(side, joints({ position: [0.4, 9, shoulder] })), of(side, image())]);
    }
    const torque = async (side: string) =>
      (await probe.next(`/${side}/torquelens/explanation`, { fresh: true })).torques[0].torque;
    expect(await torque("left")).not.toBeCloseTo(await torque("right"), 3);
    const names = new Set<string>();
    await until("statuses of both", async () => {
      for (const { name } of (await probe.next("/diagnostics", { fresh: true })).status) names.add(name.split(":")[0]);
      return names.size >= 2 ? true : undefined;
    });
    expect([...names].sort()).toEqual(["/left/torquelens", "/right/torquelens"]);
    for (const side of Object.keys(place)) await probe.stop(side);
  });
});
