import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { diagnostics, EXPLANATION, explainNode, hasBag, image, joints, reaches } from "./node.js";
import { Probe } from "./probe.js";
import { output, Program, residentMiB, stopAll, until } from "./process.js";

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.start();
});
afterEach(stopAll);
afterAll(() => probe.end());

describe("a long run", () => {
  it("takes 10,000 frames without growing", async () => {
    const node = explainNode();
    await reaches(probe, "active");
    const frames = 10_000;
    await probe.subscribe(EXPLANATION[0], EXPLANATION[1], {}, true);
    await probe.subscribe("/torquelens/overlay/compressed", "sensor_msgs/msg/CompressedImage", {}, true);
    await probe.subscribe("/torquelens/heatmap", "sensor_msgs/msg/Image", {}, true);
    await probe.stream("scene", 100, [joints(), image()], frames);
    const sent = (count: number) =>
      until(`${count} frames`, async () => ((await probe.sent("scene")) >= count ? true : undefined), 280);
    await sent(2000);
    const early = residentMiB(node.pid);
    await sent(frames);
    const late = residentMiB(node.pid);
    await probe.stop("scene");
    const explained = await probe.count(EXPLANATION[0]);
    console.log(
      `10,000 frames: ${explained} explained, ${early.toFixed(0)} MiB after 2,000, ${late.toFixed(0)} MiB at the end`,
    );
    expect(explained).toBeGreaterThan(1000);
    expect(late - early).toBeLessThan(40);
    expect(node.alive).toBe(true);
    await probe.unsubscribe(EXPLANATION[0]);
  });
});

describe("a subscriber that never reads", () => {
  it("slows nobody down", async () => {
    const node = explainNode();
    await reaches(probe, "active");
    const script =
      "import rclpy, time; from sensor_msgs.msg import Image; from torquelens.msg import Explanation; rclpy.init(); n = rclpy.create_node('deaf');" +
      "s = [n.create_subscription(Image, '/torquelens/overlay', print, 1), n.create_subscription(Explanation, '/torquelens/explanation', print, 1)];" +
      "print('here', flush=True); time.sleep(600)";
    const deaf = new Program("python3", ["-c", script]);
    await deaf.printed(/here/);
    await probe.subscribe(...EXPLANATION);
    await probe.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray");
    await probe.stream("scene", 20, [joints(), image()]);
    await until("the deaf one is matched", async () =>
      Number((await diagnostics(probe)).publishing["/torquelens/overlay: subscribers"]) > 0 ? true : undefined,
    );
    const before = residentMiB(node.pid);
    expect(await probe.take(EXPLANATION[0], { count: 300, fresh: true, timeout: 60 })).toHaveLength(300);
    expect(residentMiB(node.pid) - before).toBeLessThan(60);
    await probe.stop("scene");
    await probe.unsubscribe(EXPLANATION[0]);
  });
});

describe("the recorder", () => {
  it.runIf(hasBag)("records explanations that can be played back", async () => {
    const directory = mkdtempSync(join(tmpdir(), "torquelens-bag-"));
    try {
      const params = join(directory, "params.yaml");
      writeFileSync(params, "torquelens:\n  ros__parameters: {level: full}\n");
      const launch = new Program("ros2", ["launch", "torquelens", "sim.launch.py", `params_file:=${params}`]);
      await reaches(probe, "active");
      const bag = join(directory, "run");
      const topics = ["explanation", "ratios", "overlay/compressed", "markers"].map((name) => `/torquelens/${name}`);
      const recorder = new Program("ros2", ["bag", "record", "-s", "mcap", "-o", bag, ...topics, "/camera/image"]);
      await recorder.printed(/All requested topics are subscribed/);
      await probe.subscribe(...EXPLANATION);
      await probe.take(EXPLANATION[0], { count: 60, fresh: true });
      recorder.signalGroup("SIGINT");
      await recorder.ended();
      launch.signalGroup("SIGINT");
      await launch.ended();
      expect(readdirSync(bag).some((name) => name.endsWith(".mcap"))).toBe(true);
      const { text } = await output("ros2", ["bag", "info", bag]);
      for (const topic of [...topics, "/camera/image"]) {
        const count = new RegExp(`Topic: ${topic} .*Count: (\\d+)`).exec(text)?.[1];
        expect(Number(count), `${topic} in\n${text}`).toBeGreaterThan(40);
      }
      expect(text).toContain("torquelens/msg/Explanation");
      const player = new Program("ros2", ["bag", "play", bag]);
      await probe.take(EXPLANATION[0], { count: 400, timeout: 0.1 });
      expect((await probe.next(EXPLANATION[0], { fresh: true })).method).toBe("dtd");
      await player.ended();
    } finally {
      await stopAll();
      rmSync(directory, { recursive: true });
    }
  });
});
