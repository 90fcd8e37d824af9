import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  diagnostics,
  EXPLANATION,
  HEIGHT,
  NODE,
  parameter,
  reaches,
  setParameter,
  share,
  start,
  WIDTH,
} from "./node.js";
import { type Fields, Probe } from "./probe.js";
import { Program, stopAll, until } from "./process.js";

const scratch = mkdtempSync(join(tmpdir(), "torquelens-sim-"));
const STATUSES = ["state", "rate", "latency", "inputs", "input faults", "relevance", "policy health", "publishing"];
const PERIOD = 50_000_000n;
const stampOf = ({ header }: Fields): bigint =>
  BigInt(header.stamp.sec) * 1_000_000_000n + BigInt(header.stamp.nanosec);

describe("the simulator and the node, launched", () => {
  let probe: Probe;
  let launch: Program;

  beforeAll(async () => {
    const params = join(scratch, "params.yaml");
    writeFileSync(
      params,
      "torquelens_sim:\n  ros__parameters: {stamps: simulated}\ntorquelens:\n  ros__parameters: {level: full}\n",
    );
    launch = new Program("ros2", ["launch", "torquelens", "sim.launch.py", `params_file:=${params}`]);
    probe = await Probe.start({ simTime: true });
    await reaches(probe, "active");
  });
  afterAll(async () => {
    await stopAll();
    await probe?.end();
    rmSync(scratch, { recursive: true });
  });

  it("offers the topics with the types that the documentation says", async () => {
    const topics = await until("all topics", async () => {
      const found = await probe.topics();
      return "/torquelens/explanation" in found && "/tf" in found ? found : undefined;
    });
    expect(topics).toMatchObject({
      "/torquelens/explanation": ["torquelens/msg/Explanation"],
      "/torquelens/ratios": ["torquelens/msg/RelevanceRatios"],
      "/torquelens/heatmap": ["sensor_msgs/msg/Image"],
      "/torquelens/heatmap/mono16": ["sensor_msgs/msg/Image"],
      "/torquelens/heatmap/camera_info": ["sensor_msgs/msg/CameraInfo"],
      "/torquelens/overlay": ["sensor_msgs/msg/Image"],
      "/torquelens/overlay/compressed": ["sensor_msgs/msg/CompressedImage"],
      "/torquelens/markers": ["visualization_msgs/msg/MarkerArray"],
      "/camera/image": ["sensor_msgs/msg/Image"],
      "/camera/camera_info": ["sensor_msgs/msg/CameraInfo"],
      "/joint_states": ["sensor_msgs/msg/JointState"],
      "/robot_description": ["std_msgs/msg/String"],
      "/tf": ["tf2_msgs/msg/TFMessage"],
      "/clock": ["rosgraph_msgs/msg/Clock"],
      "/diagnostics": ["diagnostic_msgs/msg/DiagnosticArray"],
      "/torquelens_sim/simulation": ["torquelens/msg/Simulation"],
    });
    expect(topics).not.toHaveProperty("/torquelens/torque_command");
  });

  it("reads sensor data best effort and publishes reliably", async () => {
    const camera = await probe.endpoints("/camera/image");
    expect(camera.subscriptions.find(({ node }) => node === NODE)?.qos).toMatchObject({ reliability: "best_effort" });
    for (const topic of ["explanation", "ratios", "overlay/compressed", "heatmap"]) {
      const { publishers } = await probe.endpoints(`/torquelens/${topic}`);
      expect(
        publishers.map(({ qos }) => qos.reliability),
        topic,
      ).toEqual(["reliable"]);
    }
  });

  it("explains every image once, with its stamp and frame", async () => {
    await probe.subscribe("/camera/image", "sensor_msgs/msg/Image");
    await probe.subscribe(...EXPLANATION);
    await probe.take(EXPLANATION[0], { count: 5 });
    const explanations = await probe.take(EXPLANATION[0], { count: 100, fresh: true });
    const images = await probe.take("/camera/image", { count: 400, timeout: 0 });
    expect(explanations).toHaveLength(100);
    const taken = new Map(images.map(({ message }) => [stampOf(message), message.header.frame_id]));
    const stamps = explanations.map(({ message }) => stampOf(message));
    for (const { message } of explanations) {
      const frame = taken.get(stampOf(message));
      if (frame !== undefined) expect(message.header.frame_id).toBe(frame);
    }
    expect(stamps.filter((stamp) => taken.has(stamp)).length).toBeGreaterThan(90);
    const steps = stamps.slice(1).map((stamp, i) => stamp - stamps[i]!);
    expect(steps.every((step) => step > 0n && step % PERIOD === 0n)).toBe(true);
    expect(steps.filter((step) => step === PERIOD).length).toBeGreaterThan(90);
  });

  it("fills every field of an explanation", async () => {
    const message = await probe.next(EXPLANATION[0], { fresh: true });
    expect(message).toMatchObject({ method: "dtd", level: 0, feature_points: "policy" });
    expect(message.policy_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(message.modalities).toContain("image");
    const sum = message.shares.reduce((total: number, share: number) => total + share, 0);
    expect(sum).toBeCloseTo(1, 5);
    expect(message.conservation_residual).toBeLessThan(0.001);
    expect(message.torques.map(({ joint }: Fields) => joint)).toEqual(["shoulder", "elbow"]);
    expect(message.element_offsets).toHaveLength(message.modalities.length + 1);
    expect(message.relevance).toHaveLength(message.element_offsets.at(-1));
  });

  it("gives ratios that follow from the shares", async () => {
    await probe.subscribe("/torquelens/ratios", "torquelens/msg/RelevanceRatios");
    const { image, position, velocity, configuration } = await probe.next("/torquelens/ratios", { fresh: true });
    expect(image + position + velocity).toBeCloseTo(1, 5);
    expect(configuration).toBeCloseTo(position + velocity, 5);
  });

  it.each([
    ["heatmap", "32FC1", 4],
    ["heatmap/mono16", "mono16", 2],
    ["overlay", "rgb8", 3],
  ])("draws %s as %s", async (name, encoding, bytes) => {
    const topic = `/torquelens/${name}`;
    await probe.subscribe(topic, "sensor_msgs/msg/Image");
    const taken = await probe.next(topic);
    expect(taken).toMatchObject({
      encoding,
      width: WIDTH,
      height: HEIGHT,
      step: bytes * WIDTH,
      is_bigendian: 0,
    });
    const data = Buffer.from(taken.data.base64, "base64");
    expect(data).toHaveLength(bytes * WIDTH * HEIGHT);
    expect(data.some((byte) => byte !== 0)).toBe(true);
    await probe.unsubscribe(topic);
  });

  it("draws a compressed overlay that is a JPEG", async () => {
    await probe.subscribe("/torquelens/overlay/compressed", "sensor_msgs/msg/CompressedImage");
    const taken = await probe.next("/torquelens/overlay/compressed");
    expect(taken.format).toBe("rgb8; jpeg compressed bgr8");
    expect(Buffer.from(taken.data.base64, "base64").subarray(0, 3).toString("hex")).toBe("ffd8ff");
    await probe.unsubscribe("/torquelens/overlay/compressed");
  });

  it("colours the links of the robot that the simulator describes", async () => {
    await probe.subscribe("/torquelens/markers", "visualization_msgs/msg/MarkerArray");
    const taken = await probe.next("/torquelens/markers");
    const { markers } = taken;
    expect(markers.map(({ header }: Fields) => header.frame_id)).toEqual(
      expect.arrayContaining(["upper_arm", "forearm"]),
    );
    for (const { frame_locked, color } of markers) {
      expect(frame_locked).toBe(true);
      expect(color.a).toBeGreaterThan(0);
    }
    await probe.unsubscribe("/torquelens/markers");
  });

  it("gives the robot's description to whoever comes late", async () => {
    await probe.subscribe("/robot_description", "std_msgs/msg/String", { durability: "transient_local", depth: 1 });
    const taken = await probe.next("/robot_description", { arrays: 1_000_000 });
    expect(taken.data).toContain("<robot");
  });

  it("publishes nothing that nobody listens to", async () => {
    await probe.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray");
    const key = "/torquelens/overlay: published";
    const before = await diagnostics(probe);
    await probe.take(EXPLANATION[0], { count: 30, fresh: true });
    const after = await diagnostics(probe);
    expect(after.publishing[key]).toBe(before.publishing[key]);
    expect(Number(after.publishing["/torquelens/explanation: published"])).toBeGreaterThan(
      Number(before.publishing["/torquelens/explanation: published"]),
    );
  });

  it("reports once a second that all is well", async () => {
    const reports = await probe.take("/diagnostics", { count: 4, fresh: true });
    const stamps = reports.map(({ message }) => stampOf(message));
    for (let i = 1; i < stamps.length; i++) {
      const seconds = Number(stamps[i]! - stamps[i - 1]!) / 1e9;
      expect(seconds).toBeGreaterThan(0.5);
      expect(seconds).toBeLessThan(2);
    }
    const all = await diagnostics(probe);
    expect(Object.keys(all).sort()).toEqual([...STATUSES].sort());
    expect(all.relevance).toMatchObject({ level: "\u0000", message: "relevance adds up to the torques" });
    expect(Number(all.rate["Target frequency (Hz)"])).toBe(20);
  });

  it("follows the simulated clock", async () => {
    expect(await parameter(probe, "use_sim_time")).toBe(true);
    await probe.subscribe("/clock", "rosgraph_msgs/msg/Clock");
    const clock = await probe.next("/clock", { fresh: true });
    const explanation = await probe.next(EXPLANATION[0], { fresh: true });
    const now = BigInt(clock.clock.sec) * 1_000_000_000n + BigInt(clock.clock.nanosec);
    const difference = stampOf(explanation) - now;
    expect(difference < 2_000_000_000n && difference > -2_000_000_000n).toBe(true);
  });

  it("pauses, steps, resets and goes on", async () => {
    const services = await probe.services();
    const hasStandard = "/torquelens_sim/set_simulation_state" in services;
    await pausing(false);
    if (hasStandard) await pausing(true);
  });

  /** @param standard by the services of simulation_interfaces */
  async function pausing(standard: boolean): Promise<void> {
    const pause = (paused: boolean) =>
      standard
        ? probe.call("/torquelens_sim/set_simulation_state", "simulation_interfaces/srv/SetSimulationState", {
            state: { state: paused ? 2 : 1 },
          })
        : probe.call("/torquelens_sim/pause", "std_srvs/srv/SetBool", { data: paused });
    const step = () =>
      standard
        ? probe.call("/torquelens_sim/step_simulation", "simulation_interfaces/srv/StepSimulation", { steps: 1 })
        : probe.call("/torquelens_sim/step", "std_srvs/srv/Trigger");
    const reset = () =>
      standard
        ? probe.call("/torquelens_sim/reset_simulation", "simulation_interfaces/srv/ResetSimulation", { scope: 0 })
        : probe.call("/torquelens_sim/reset", "std_srvs/srv/Trigger");
    await probe.subscribe("/camera/image", "sensor_msgs/msg/Image");
    await probe.subscribe(...EXPLANATION);
    const quiet = (topic: string) =>
      until(`a pause on ${topic}`, async () =>
        (await probe.take(topic, { timeout: 1, fresh: true })).length === 0 ? true : undefined,
      );
    await pause(true);
    await quiet("/camera/image");
    await quiet(EXPLANATION[0]);
    await step();
    const stepped = await probe.next("/camera/image");
    const explained = await probe.next(EXPLANATION[0]);
    expect(stampOf(explained)).toBe(stampOf(stepped));
    expect(await probe.take("/camera/image", { timeout: 1 })).toHaveLength(0);
    await reset();
    await pause(false);
    expect(await probe.take("/camera/image", { count: 5, fresh: true })).toHaveLength(5);
  }

  it("perturbs, and changes speed and condition, by services", async () => {
    const state = ["/torquelens_sim/simulation", "torquelens/msg/Simulation"] as const;
    await probe.subscribe(...state);
    const call = (perturbation: string) =>
      probe.call("/torquelens_sim/perturb", "torquelens/srv/Perturb", { perturbation });
    const answer = await call("{light: 0.5}");
    expect(answer).toMatchObject({ success: true, message: expect.stringMatching(/^applied /) });
    const { episode, tick, ...applied } = JSON.parse(answer.applied as string);
    expect(applied).toEqual({ light: 0.5 });
    const perturbed = await until("the light", async () => {
      const message = await probe.next(state[0], { fresh: true });
      return message.light === 0.5 ? message : undefined;
    });
    expect(perturbed).toMatchObject({ task: "reacher", episode, speed: 1 });
    expect(perturbed.episode_tick).toBeGreaterThanOrEqual(tick);
    expect(await call("{target: [9, 9]}")).toMatchObject({ success: false, applied: "" });
    const SIM = "/torquelens_sim";
    expect(await setParameter(probe, "speed", 2.5, SIM)).toBeUndefined();
    const request = { names: ["conditions"] };
    const { values } = await probe.call(`${SIM}/get_parameters`, "rcl_interfaces/srv/GetParameters", request);
    const conditions: string[] = values[0].string_array_value;
    expect(conditions).toHaveLength(4);
    expect(await setParameter(probe, "condition", conditions[2]!, SIM)).toBeUndefined();
    await until("both", async () => {
      const { speed, condition } = await probe.next(state[0], { fresh: true });
      return speed === 2.5 && condition === conditions[2] ? true : undefined;
    });
    expect(await setParameter(probe, "condition", "nowhere", SIM)).toMatch(/has no condition "nowhere"/);
    expect(await setParameter(probe, "speed", 1, SIM)).toBeUndefined();
    expect(await setParameter(probe, "condition", "", SIM)).toBeUndefined();
    await probe.unsubscribe(state[0]);
  });

  it("ends with Ctrl-C", async () => {
    launch.signalGroup("SIGINT");
    const { code } = await launch.ended();
    expect(code).toBe(0);
    expect(launch.output).not.toMatch(/failed to terminate|SIGTERM|SIGKILL|process has died/);
    expect(launch.output.match(/process has finished cleanly/g)).toHaveLength(2);
  });
});

describe("the node that commands the simulated arm", () => {
  it("closes the loop over topics, in a namespace", async () => {
    const launch = new Program("ros2", [
      "launch",
      "torquelens",
      "sim.launch.py",
      "driver:=topic",
      "namespace:=cell/left",
    ]);
    const probe = await Probe.start({ simTime: true });
    try {
      await reaches(probe, "active", "/cell/left/torquelens");
      await probe.subscribe("/cell/left/torquelens/explanation", EXPLANATION[1]);
      const explanations = await probe.take("/cell/left/torquelens/explanation", { count: 60 });
      expect(explanations).toHaveLength(60);
      const [command] = (await probe.endpoints("/cell/left/torquelens/torque_command")).publishers;
      expect(command).toMatchObject({ node: "/cell/left/torquelens", type: "std_msgs/msg/Float64MultiArray" });
      launch.signalGroup("SIGINT");
      expect((await launch.ended()).code).toBe(0);
    } finally {
      await probe.end();
      await stopAll();
    }
  });
});

const INTERFACES = join(share, "js/ros/node_modules/rclnodejs/generated/simulation_interfaces");

describe.runIf(existsSync(INTERFACES))(
  "the simulator whose message classes are older than simulation_interfaces",
  () => {
    it("offers the services of std_srvs, says why, and simulates", async () => {
      const away = `${INTERFACES}.away`;
      renameSync(INTERFACES, away);
      // Nothing can be generated where a file stands.
      writeFileSync(INTERFACES, "");
      const probe = await Probe.start();
      try {
        const simulator = start("sim_node");
        await simulator.printed(/cannot offer the services of simulation_interfaces \(build torquelens again\)/);
        await probe.subscribe("/camera/image", "sensor_msgs/msg/Image");
        await probe.take("/camera/image", { count: 3 });
        const call = (name: string, type: string, request = {}) =>
          probe.call(`/torquelens_sim/${name}`, `std_srvs/srv/${type}`, request);
        expect(await call("pause", "SetBool", { data: true })).toMatchObject({ success: true });
        await probe.take("/camera/image", { count: 400, timeout: 1 });
        expect(await probe.take("/camera/image", { timeout: 1, fresh: true })).toHaveLength(0);
        expect(await call("step", "Trigger")).toMatchObject({ success: true });
        expect(await probe.take("/camera/image", { count: 1 })).toHaveLength(1);
        expect(await probe.services()).not.toHaveProperty("/torquelens_sim/set_simulation_state");
      } finally {
        await stopAll();
        await probe.end();
        rmSync(INTERFACES);
        renameSync(away, INTERFACES);
      }
    });
  },
);
