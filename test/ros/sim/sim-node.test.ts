import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { cameraOf } from "#src/cli/commands/sim-node.js";
import { Parameters } from "#src/parameters/parameters.js";
import type { Fields } from "#src/ros/client/ros.js";
import { SIM_PARAMETERS } from "#src/ros/parameters/sim-parameters.js";
import { ActionListener } from "#src/ros/sim/action-listener.js";
import { type Driver, SimNode } from "#src/ros/sim/sim-node.js";
import { steerBy } from "#src/ros/sim/steering.js";
import { TorqueListener } from "#src/ros/sim/torque-listener.js";
import { RunGate } from "#src/sim/run-gate.js";
import { SimulatedWorld } from "#src/sim/simulated-world.js";
import { SimulatedSource } from "#src/sim/source.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { pictureLength, pixels } from "#src/sim/worlds/canvas.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { until } from "../../until.js";
import { FakeRos } from "../fake-ros.js";

/** Lets everything go on that waits for nobody. */
const settle = async () => {
  for (let turns = 0; turns < 20; turns++) await turn();
};

describe("run gate", () => {
  test("lets through, holds, and lets so many through", async () => {
    const gate = new RunGate();
    const { signal } = new AbortController();
    let passed = 0;
    let ends = false;
    const loop = (async () => {
      while (!ends) {
        await gate.pass(signal);
        passed++;
        await turn();
      }
    })();
    await until(() => passed > 3);
    gate.pause();
    await settle();
    const held = passed;
    await settle();
    expect(passed).toBe(held);
    await Promise.all([gate.step(2), gate.step(1)]);
    expect(passed).toBe(held + 3);
    await gate.step(0);
    expect(passed).toBe(held + 3);
    gate.resume();
    await until(() => passed > held + 4);
    await expect(gate.step(1)).rejects.toThrow(/is running/);
    ends = true;
    await loop;
  });

  test("does not hold what is ending, and leaves no listeners", async () => {
    const gate = new RunGate();
    gate.pause();
    const controller = new AbortController();
    const waiting = gate.pass(controller.signal);
    const stepping = gate.step(1);
    await waiting;
    gate.pass(controller.signal);
    await stepping;
    controller.abort();
    await gate.pass(controller.signal);
  });
});

describe("torques over a topic", () => {
  const listen = (now: () => number) => {
    const ros = new FakeRos();
    const options = { joints: ["a", "b"], periodMs: 20, now };
    return { ros, listener: new TorqueListener(ros, "torque_command", options) };
  };
  const { signal } = new AbortController();

  test("the next one that comes, else the last one, zeros in silence", async () => {
    let now = 0;
    const { ros, listener } = listen(() => now);
    const say = (...data: number[]) => ros.say("torque_command", { data: Float64Array.from(data) });
    expect([...(await listener.next(signal))]).toEqual([0, 0]);
    // What came before it is asked answers what was seen before.
    say(1, -2);
    const answer = listener.next(signal);
    say(3, 4);
    expect([...(await answer)]).toEqual([3, 4]);
    now += 40;
    expect([...(await listener.next(signal))]).toEqual([3, 4]);
    now += 1;
    expect([...(await listener.next(signal))]).toEqual([0, 0]);
    expect([...(await listener.next(signal))]).toEqual([0, 0]);
    expect(ros.lines("warn")).toEqual(["/torque_command: no torques, using zeros"]);
  });

  test("what is no torque is refused", async () => {
    const { ros, listener } = listen(() => 0);
    for (const data of [[], [1], [1, 2, 3], [1, Number.NaN]])
      ros.say("torque_command", { data: Float64Array.from(data) });
    expect([...(await listener.next(signal))]).toEqual([0, 0]);
    expect(ros.lines("warn")).toHaveLength(4);
  });

  test("waits no longer than the simulation goes on", async () => {
    const { listener } = listen(() => 0);
    const ending = new AbortController();
    const next = listener.next(ending.signal);
    ending.abort();
    await next;
  });
});

describe("simulated robot", () => {
  async function start({
    width = 16,
    height = 12,
    packages = [] as string[],
    missing = /^$/,
    paused = false,
    camera = false,
    pausing = (_isPaused: boolean): void => {},
  } = {}) {
    const ros = new FakeRos("torquelens_sim");
    ros.packages = packages;
    ros.missing = missing;
    const task = await loadTask("reacher", { width, height });
    const source = new SimulatedSource({ task, speed: 0, startStamp: 5_000_000_000n });
    const seen: bigint[] = [];
    const driver: Driver = {
      torque: async ({ stamp }) => {
        seen.push(stamp);
        await turn();
        return [0.01, 0];
      },
      close: () => {},
    };
    const larger = camera ? await cameraOf(task, { width: 2 * width, height: 2 * height }) : undefined;
    const node = new SimNode(ros, { source, driver, task, paused, pausing, ...(larger && { camera: larger }) });
    const ending = new AbortController();
    const running = node.run(ending.signal);
    const end = async () => {
      ending.abort();
      await running;
    };
    return { ros, seen, end, task };
  }

  test("publishes what a robot would, all of one stamp, the clock first", async () => {
    const { ros, seen, end } = await start();
    await until(() => seen.length > 3);
    expect(Object.fromEntries([...ros.publishers].map(([topic, { type }]) => [topic, type]))).toEqual({
      "/clock": "rosgraph_msgs/msg/Clock",
      "/camera/image": "sensor_msgs/msg/Image",
      "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
      "/joint_states": "sensor_msgs/msg/JointState",
      "/tf": "tf2_msgs/msg/TFMessage",
      "/robot_description": "std_msgs/msg/String",
      "/torquelens_sim/simulation": "torquelens/msg/Simulation",
    });
    expect(ros.publishers.get("/robot_description")!.qos.durability).toBe("transient_local");
    const of = (topic: string) => ros.published.get(topic)![1] as Record<string, { stamp?: object }>;
    const stamp = { sec: 5, nanosec: 50_000_000 };
    expect(of("/clock").clock).toEqual(stamp);
    for (const topic of ["/camera/image", "/camera/camera_info", "/joint_states", "/torquelens_sim/simulation"])
      expect(of(topic).header!.stamp, topic).toEqual(stamp);
    expect(of("/camera/image")).toMatchObject({ width: 16, height: 12, encoding: "rgb8", step: 48 });
    expect(ros.published.get("/robot_description")).toMatchObject([{ data: expect.stringContaining("<robot") }]);
    await end();
    expect([...ros.publishers, ...ros.services]).toEqual([]);
  });

  test("nothing is made for nobody", async () => {
    const { ros, seen, end } = await start();
    for (const [topic, publisher] of ros.publishers) if (topic !== "/clock") publisher.subscribers = 0;
    const before = ros.published.get("/camera/image")!.length;
    const count = seen.length;
    await until(() => seen.length > count + 3);
    expect(ros.published.get("/camera/image")!.length).toBeLessThanOrEqual(before + 1);
    await end();
  });

  test("the camera may be larger than what the policy sees, its calibration too", async () => {
    const { ros, seen, end, task } = await start({ camera: true });
    await until(() => seen.length > 1);
    const info = ros.published.get("/camera/camera_info")![0] as { k: Float64Array; width: number; height: number };
    expect(ros.published.get("/camera/image")![0]).toMatchObject({ width: 32, height: 24 });
    expect([info.width, info.height]).toEqual([32, 24]);
    // Twice the pixels, twice the focal length; the centre of the image between its middle pixels.
    expect(info.k[0]).toBeCloseTo(2 * task.focal, 9);
    expect([info.k[2], info.k[5]]).toEqual([15.5, 11.5]);
    await end();
  });

  const OWN = ["pause", "step", "reset", "perturb"].map((name) => `/torquelens_sim/${name}`);

  test("pause, step and reset by std_srvs", async () => {
    const pauses: boolean[] = [];
    const { ros, seen, end } = await start({ paused: true, pausing: (isPaused) => pauses.push(isPaused) });
    await until(() => ros.services.size > 0);
    expect([...ros.services.keys()]).toEqual(OWN);
    await settle();
    expect(seen).toHaveLength(0);
    await ros.call("~/step");
    await ros.call("~/step");
    expect(seen).toHaveLength(2);
    await ros.call("~/reset");
    await ros.call("~/step");
    await ros.call("~/step");
    const positions = ros.published.get("/joint_states")!.map(({ position }) => [...(position as Float64Array)]);
    // The next step after the reset begins as the first did, later in time.
    expect(positions.slice(2, 4)).toEqual(positions.slice(0, 2));
    expect(positions[1]).not.toEqual(positions[0]);
    expect(seen[3]! > seen[2]!).toBe(true);
    await ros.call("~/pause", { data: false });
    expect(await ros.call("~/step")).toMatchObject({ success: false });
    await until(() => seen.length > 6);
    expect(pauses).toEqual([false]);
    await end();
  });

  test("pause, step and reset by simulation_interfaces where there is that package", async () => {
    const { ros, seen, end } = await start({ paused: true, packages: ["simulation_interfaces"] });
    await until(() => ros.services.size > 0);
    expect(await ros.call("~/get_simulation_state")).toMatchObject({ state: { state: 2 }, result: { result: 1 } });
    await ros.call("~/step_simulation", { steps: 3n });
    expect(seen).toHaveLength(3);
    expect(await ros.call("~/reset_simulation", { scope: 1 })).toMatchObject({ result: { result: 0 } });
    expect(await ros.call("~/reset_simulation", { scope: 0 })).toMatchObject({ result: { result: 1 } });
    const state = (value: number) => ({ state: { state: value } });
    expect(await ros.call("~/set_simulation_state", state(0))).toMatchObject({ result: { result: 0 } });
    expect(await ros.call("~/set_simulation_state", state(1))).toMatchObject({ result: { result: 1 } });
    expect(await ros.call("~/set_simulation_state", state(1))).toMatchObject({ result: { result: 101 } });
    expect(await ros.call("~/step_simulation", { steps: 1n })).toMatchObject({ result: { result: 3 } });
    const { features } = await ros.call("~/get_simulator_features");
    expect(features).toMatchObject({ features: [20, 22, 30, 31, 32, 40, 41] });
    await end();
  });

  test("perturb changes the next step, and says what it applied as a file would hold it", async () => {
    const { ros, end } = await start({ paused: true });
    await until(() => ros.services.size > 0);
    const states = () => ros.published.get("/torquelens_sim/simulation")! as unknown as Fields[];
    await ros.call("~/step");
    const answer = await ros.call("~/perturb", { perturbation: "{target: [0.1, 0.12], light: 0.5}" });
    expect(answer).toMatchObject({ success: true });
    expect(JSON.parse(answer.applied as string)).toEqual({ episode: 0, tick: 1, target: [0.1, 0.12], light: 0.5 });
    expect(await ros.call("~/perturb", { perturbation: "{target: [9, 9]}" })).toMatchObject({
      success: false,
      message: expect.stringMatching(/target: .*expected \[x, y\] in metres/),
      applied: "",
    });
    await ros.call("~/step");
    expect(states()[0]).toMatchObject({ episode_tick: 0, light: 1, paused: true });
    expect(states()[1]).toMatchObject({ episode_tick: 1, light: 0.5, goal: Float64Array.of(0.1, 0.12) });
    const sums = ros.published.get("/camera/image")!.map(({ data }) => (data as Uint8Array).reduce((a, b) => a + b, 0));
    expect(sums[1]! / sums[0]!).toBeCloseTo(0.5, 1);
    await end();
  });

  test("speed and condition are parameters; a wrong value is refused, and the old one stays", async () => {
    const task = await loadTask("reacher", { width: 16, height: 12 });
    const source = new SimulatedSource({ task, speed: 1 });
    const parameters = new Parameters(SIM_PARAMETERS, new Map([["stamps", "simulated"]]));
    steerBy(parameters, source);
    expect(parameters.get("conditions")).toEqual(task.conditions);
    const set = (changes: Record<string, unknown>) => parameters.set(new Map(Object.entries(changes)));
    const [, second] = task.conditions;
    expect(await set({ speed: 2, condition: second })).toBeUndefined();
    expect([source.speed, source.condition]).toEqual([2, second]);
    expect(await set({ speed: 4, condition: "nowhere" })).toMatch(/has no condition "nowhere"; expected /);
    expect([source.speed, source.condition, parameters.get("speed")]).toEqual([2, second, 2]);
    expect(await set({ condition: "" })).toBeUndefined();
    expect(source.condition).toBeUndefined();
    const wall = new Parameters(SIM_PARAMETERS);
    steerBy(wall, source);
    expect(await wall.set(new Map([["speed", 3]]))).toMatch(/speed: found 3, expected 1 where stamps is wall/);
    await source.close();
  });

  test("a client library that has no classes of torquelens is told of, and the rest is offered", async () => {
    const { ros, end } = await start({ paused: true, missing: /Perturb/ });
    await until(() => ros.services.size > 0);
    expect([...ros.services.keys()]).toEqual(OWN.slice(0, 3));
    expect(ros.lines("warn")).toEqual([
      expect.stringMatching(/^cannot offer the service ~\/perturb \(build torquelens again\): /),
    ]);
    await end();
  });

  test("a simulation_interfaces that the client library has no classes for is told of, and std_srvs do", async () => {
    const packages = ["simulation_interfaces"];
    const { ros, end } = await start({ paused: true, packages, missing: /StepSimulation/ });
    await until(() => ros.services.size > 0);
    expect([...ros.services.keys()]).toEqual(OWN);
    expect(ros.lines("warn")).toEqual([
      expect.stringMatching(/^cannot offer the services of simulation_interfaces \(build torquelens again\): /),
    ]);
    await end();
  });

  test("where a topic cannot be opened all that it was given is freed", async () => {
    const ros = new FakeRos("torquelens_sim");
    ros.missing = /Trigger/;
    const task = await loadTask("reacher", { width: 16, height: 12 });
    const source = new SimulatedSource({ task, speed: 0 });
    let closed = false;
    const close = () => {
      closed = true;
    };
    const driver: Driver = { torque: async () => [0, 0], close };
    await expect(new SimNode(ros, { source, driver, task }).run(new AbortController().signal)).rejects.toThrow(
      /Trigger/,
    );
    expect(closed).toBe(true);
    expect([...ros.publishers, ...ros.services]).toEqual([]);
  });
});

test("a world that says in words what to do is heard by late subscribers, once an episode", async () => {
  const ros = new FakeRos("torquelens_sim");
  const task = await SimulatedWorld.load(worldNamed("tabletop"));
  const source = new SimulatedSource({ task, speed: 0, seed: 3, episodes: 2 });
  const said: (string | undefined)[] = [];
  const stop = Float64Array.from(task.actions, (name) => Number(name === "stop"));
  // Two steps to the left in each episode, then stop.
  const left = Float64Array.from(task.actions, (name) => Number(name === "left"));
  const driver: Driver = {
    torque: async ({ instruction, simulation }) => {
      said.push(instruction);
      expect(ros.publishers.get("/instruction")!.qos.durability).toBe("transient_local");
      return simulation!.tick < 2 ? left : stop;
    },
    close: () => {},
  };
  await new SimNode(ros, { source, driver, task }).run(new AbortController().signal);
  expect(ros.published.get("/instruction")!.map(({ data }) => data)).toEqual([said[0], said[3]]);
  expect(said[0]).not.toBe(said[3]);
  expect(said).toEqual([said[0], said[0], said[0], said[3], said[3], said[3]]);
});

describe("a world", () => {
  async function start(name: string) {
    const ros = new FakeRos("torquelens_sim");
    const entry = worldNamed(name);
    const task = await SimulatedWorld.load(entry);
    const source = new SimulatedSource({ task, speed: 0, seed: 3 });
    const listener = new ActionListener(ros, entry.facts.actions);
    const driver: Driver = { torque: (_, signal) => listener.next(signal), close: () => listener.close() };
    const ending = new AbortController();
    const running = new SimNode(ros, { source, driver, task }).run(ending.signal);
    const shown = () => (ros.published.get("/camera/image") ?? []) as unknown as Fields[];
    const end = async () => {
      ending.abort();
      await running;
    };
    return { ros, entry, shown, end };
  }

  test.each([
    [
      "red-fetch-green",
      "action",
      ["forward", "left", "left", "pickup", "forward"],
      "jump",
      '"jump", expected one of left, right',
    ],
    [
      "highway",
      "command",
      [
        [0.01, 2],
        [-0.02, 0],
        [0, -1],
      ],
      [1],
      "[1], expected a number for each of steering, throttle",
    ],
  ] as const)("%s shows its picture, and takes each action from %s", async (name, topic, actions, wrong, warning) => {
    const { ros, entry, shown, end } = await start(name);
    await until(() => shown().length === 1);
    expect([...ros.publishers.keys()]).toEqual(["/clock", "/camera/image", "/torquelens_sim/simulation"]);
    const data = (action: string | readonly number[]) =>
      typeof action === "string" ? action : Float64Array.from(action);
    ros.say(topic, { data: data(wrong) });
    await settle();
    expect(ros.lines("warn")).toEqual([expect.stringContaining(`/${topic}: found ${warning}`)]);
    expect(shown()).toHaveLength(1);
    const { facts } = entry;
    const picture = new Uint8Array(pictureLength(facts.picture));
    const world = (await entry.load())(pixels(picture, facts.picture));
    world.reset(3, 0);
    for (const [step, action] of actions.entries()) {
      expect(Buffer.compare(shown()[step]!.data as Uint8Array, picture)).toBe(0);
      ros.say(topic, { data: data(action) });
      world.step(typeof action === "string" ? [facts.actions.names.indexOf(action)] : action);
      await until(() => shown().length === step + 2);
    }
    expect(Buffer.compare(shown().at(-1)!.data as Uint8Array, picture)).toBe(0);
    await end();
    expect([...ros.publishers, ...ros.services]).toEqual([]);
  });

  test("shows its picture again until it is told what to do", async () => {
    const ros = new FakeRos("torquelens_sim");
    const task = await SimulatedWorld.load(worldNamed("highway"));
    const source = new SimulatedSource({ task, speed: 0 });
    const listener = new ActionListener(ros, worldNamed("highway").facts.actions);
    const driver = {
      torque: (_: unknown, signal: AbortSignal) => listener.next(signal),
      waits: true,
      close: () => listener.close(),
    };
    let now = 0n;
    const ending = new AbortController();
    const running = new SimNode(ros, { source, driver, task, now: () => now++ }).run(ending.signal);
    const shown = () => (ros.published.get("/camera/image") ?? []) as unknown as Fields[];
    await until(() => shown().length > 3);
    const [first, second] = shown();
    expect(second!.data).toEqual(first!.data);
    expect(second!.header).not.toEqual(first!.header);
    ending.abort();
    await running;
  });
});
