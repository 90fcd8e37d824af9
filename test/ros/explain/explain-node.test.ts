import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { goodRunsOf } from "#src/cli/input/good-runs.js";
import { Warnings } from "#src/health/warnings.js";
import { loadPolicy } from "#src/policy/policy.js";
import { methodNamed } from "#src/relevance/methods.js";
import { rosArguments } from "#src/ros/client/arguments.js";
import { RosClock } from "#src/ros/client/clock.js";
import type { Endpoint, Fields } from "#src/ros/client/ros.js";
import { ExplainNode } from "#src/ros/explain/explain-node.js";
import { EXPLAIN_PARAMETERS } from "#src/ros/parameters/explain-parameters.js";
import { parametersFrom } from "#src/ros/parameters/given-parameters.js";
import { overridesFor } from "#src/ros/parameters/overrides.js";
import { QosOverrides } from "#src/ros/parameters/qos-overrides.js";
import { givenValuesTable } from "#src/ros/parameters/values-parameters.js";
import type { Task } from "#src/sim/tasks/task.js";
import { loadTask } from "#src/sim/tasks/tasks.js";
import { writePolicy } from "../../cli/simulation.js";
import { encodePng } from "../../image/png.js";
import { writeListeningPolicy } from "../../language/listening-policy.js";
import { reacherCard } from "../../policy/cards.js";
import { until } from "../../until.js";
import { FakeRos } from "../fake-ros.js";

const POLICY = fileURLToPath(new URL("../../../models/reacher.onnx", import.meta.url));
const SECOND = 1_000_000_000n;

let task: Task;
let node: ExplainNode | undefined;
/** The clock of rate-limited warnings. */
let warningsMs = 0;
beforeAll(async () => {
  const { modalities } = await loadPolicy(POLICY);
  const image = modalities.find((m) => m.kind === "image")!;
  task = await loadTask("reacher", { width: image.width, height: image.height });
});
// What the node does at intervals, it does when a test says so.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
afterEach(async () => {
  await node?.close();
  node = undefined;
  vi.useRealTimers();
});
afterAll(() => task.delete());

const start = (...argv: string[]) => startAs(new FakeRos(), ...argv);

async function startAs(ros: FakeRos, ...argv: string[]) {
  const given = rosArguments(["--ros-args", ...["autostart:=false", ...argv].flatMap((text) => ["-p", text])]);
  const overrides = await overridesFor(ros.fullName, given.parameters, async () => "");
  const parameters = parametersFrom({ ...EXPLAIN_PARAMETERS, ...givenValuesTable(overrides) }, overrides);
  node = new ExplainNode({
    ros,
    parameters,
    clock: new RosClock(ros),
    qos: new QosOverrides([], () => undefined),
    warnings: new Warnings({ warn: (line) => ros.log("warn", line), now: () => warningsMs }),
    loadPolicy: (path, card) => loadPolicy(path, { card }),
    methodOf: async (spec) => methodNamed(spec),
    goodRunsOf,
  });
  await node.start();
  return ros;
}

const change = (ros: FakeRos, label: string) => ros.call("~/change_state", { transition: { id: 0, label } });
const stateOf = async (ros: FakeRos) => ((await ros.call("~/get_state")).current_state as Fields).label;
const value = (text: string) => ({ type: 4, string_value: text });
const set = async (ros: FakeRos, name: string, fields: object) =>
  ((await ros.call("~/set_parameters", { parameters: [{ name, value: fields }] })).results as Fields[])[0]!;

/** What a robot says at a time: joint states, then an image of the same stamp. */
function say(ros: FakeRos, changes: { image?: object; joints?: object } = {}, bytes?: Uint8Array) {
  ros.time += SECOND / 20n;
  const stamp = { sec: Number(ros.time / SECOND), nanosec: Number(ros.time % SECOND) };
  const { image, position, velocity } = task.observe();
  const joints = { name: [...task.joints], position, velocity, effort: new Float64Array(0) };
  ros.say("joint_states", { header: { stamp, frame_id: "" }, ...joints, ...changes.joints });
  const pixels = { width: task.width, height: task.height, step: 3 * task.width, encoding: "rgb8", is_bigendian: 0 };
  ros.say("image", { header: { stamp, frame_id: "eye" }, ...pixels, data: image, ...changes.image }, bytes);
  return stamp;
}

const explanations = (ros: FakeRos) => ros.published.get("/torquelens/explanation")!;
const reports = (ros: FakeRos) =>
  ros.published
    .get("/diagnostics")!
    .map(({ status }) =>
      Object.fromEntries(
        (status as { name: string; level: number; message: string; values: Fields[] }[]).map(
          ({ name, level, message, values }) => [
            name.slice(name.indexOf(": ") + 2),
            { level, message, ...Object.fromEntries(values.map((pair) => [pair.key, pair.value])) } as Fields,
          ],
        ),
      ),
    );
/** The report of the next second, which begins now. */
const diagnosed = (ros: FakeRos) => {
  const before = reports(ros).length;
  vi.advanceTimersByTime(1000);
  return until(() => reports(ros)[before]);
};

test("a policy is told in words by a parameter, then by a topic, and the message says which words it heard", async () => {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-node-"));
  const policy = await writeListeningPolicy(join(folder, "policy.onnx"));
  const ros = await start(`policy:=${policy}`, "instruction:=open the drawer", "method:=gradient-x-input");
  await change(ros, "configure");
  await change(ros, "activate");
  const look = () => {
    ros.time += SECOND / 5n;
    const stamp = { sec: Number(ros.time / SECOND), nanosec: Number(ros.time % SECOND) };
    const none = new Float64Array(0);
    const joints = { name: [], position: none, velocity: none, effort: none };
    ros.say("joint_states", { header: { stamp, frame_id: "" }, ...joints });
    const pixels = { width: 64, height: 64, step: 192, encoding: "rgb8", is_bigendian: 0 };
    ros.say("image", { header: { stamp, frame_id: "eye" }, ...pixels, data: new Uint8Array(64 * 64 * 3) });
  };
  const heard = async (count: number) => {
    look();
    await until(() => explanations(ros).length === count);
    const { instruction, instruction_tokens, unknown_words } = explanations(ros).at(-1)!;
    return [instruction, instruction_tokens, unknown_words];
  };
  expect(await heard(1)).toEqual(["open the drawer", ["<begin>", "open", "the", "drawer", "<end>"], []]);
  ros.say("instruction", { data: "Close the azure one" });
  expect(await heard(2)).toEqual([
    "Close the azure one",
    ["<begin>", "close", "the", "azure", "one", "<end>"],
    ["azure", "one"],
  ]);
  const long = Array(23).fill("red").join(" ");
  expect(await set(ros, "instruction", value(long))).toMatchObject({ successful: false });
  expect((await heard(3))[0]).toBe("Close the azure one");
  expect(await set(ros, "instruction", value("shut it"))).toMatchObject({ successful: true });
  expect((await heard(4))[0]).toBe("shut it");
  await rm(folder, { recursive: true });
});

test("compressed depth comes on any child of the image's topic", async () => {
  const [a, b] = [100 * 101, 1 - (100 * 101) / 10];
  const words = Array.from({ length: 32 * 24 }, (_, i) => 300 + 9 * i);
  const head = Buffer.alloc(12);
  head.writeFloatLE(a, 4);
  head.writeFloatLE(b, 8);
  const data = new Uint8Array(Buffer.concat([head, encodePng(32, 24, 16, words)]));
  const policy = fileURLToPath(new URL("../../data/field/images/p_d.onnx", import.meta.url));
  const ros = await start(`policy:=${policy}`, "method:=gradient", "image_transport:=lidar", "level:=full");
  await change(ros, "configure");
  await change(ros, "activate");
  ros.time += SECOND;
  const header = { stamp: { sec: Number(ros.time / SECOND), nanosec: 0 }, frame_id: "eye" };
  const zeros = new Float64Array(3);
  const joints = { name: ["j1", "j2", "j3"], position: zeros, velocity: zeros, effort: new Float64Array(0) };
  ros.say("joint_states", { header, ...joints });
  ros.say("image/lidar", { header, format: "32FC1; compressedDepth png", data });
  await until(() => explanations(ros).length > 0);
  const depths = words.map((word) => a / (word - b));
  const mean = depths.reduce((sum, depth) => sum + depth) / depths.length;
  const torque = (explanations(ros)[0]!.torques as { torque: number }[]).map((one) => one.torque);
  expect(torque).toEqual([mean, depths[0], depths.at(-1)].map((depth) => expect.closeTo(depth!, 3)));
  expect(ros.lines("warn")).toEqual([]);
});

test("the transport's name is a part of a topic's", async () => {
  await expect(start(`policy:=${POLICY}`, "image_transport:=a/b")).rejects.toThrow(
    'image_transport: expected raw or the last part of a topic\'s name, found "a/b"',
  );
});

test("a transport of another type is told of in one line", async () => {
  const ros = await start(`policy:=${POLICY}`, "image_transport:=theora");
  await change(ros, "configure");
  await change(ros, "activate");
  const type = "theora_image_transport/msg/Packet";
  const camera = { node: "/cam", reliability: "reliable", durability: "volatile" } as const;
  ros.remotePublishers.set("/image/theora", [{ ...camera, type }]);
  await diagnosed(ros);
  expect(ros.lines("warn")).toContain(
    `/image/theora: /cam publishes ${type}, expected sensor_msgs/msg/CompressedImage`,
  );
});

describe("values that no sensor gives", () => {
  let folder: string;
  let policy: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "torquelens-goal-"));
    const { inputs, reference: _, ...card } = reacherCard();
    const [image, configuration] = [{ ...inputs.image, resize: "nearest" }, inputs.configuration];
    const goal = { modality: "goal", start: 4, elements: ["a", "b", "c", "d", "e", "f"] };
    policy = await writePolicy(folder, {
      ...card,
      inputs: { image, configuration: [...configuration.slice(0, 2), goal] },
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  const doubles = (values: readonly number[]) => ({ type: 8, double_array_value: Float64Array.from(values) });
  const message = (data: readonly number[]) => ({
    layout: { dim: [], data_offset: 0 },
    data: Float64Array.from(data),
  });
  /** Where the goal's elements have relevance in the next explanation: where they are not zero. */
  async function relevance(ros: FakeRos): Promise<number[]> {
    const { nanosec } = say(ros);
    const isOfIt = ({ header }: Fields) => ((header as Fields).stamp as Fields).nanosec === nanosec;
    await until(() => explanations(ros).some(isOfIt));
    const { modalities, element_offsets, relevance: all } = explanations(ros).at(-1) as Record<string, Fields>;
    const m = (modalities as unknown as string[]).indexOf("goal");
    const [from, to] = Array.from(element_offsets as unknown as Iterable<number>).slice(m, m + 2);
    return Array.from((all as unknown as Float32Array).slice(from, to), (r) => Number(r !== 0));
  }

  test("come by a parameter of the card's length, and by a topic, whichever said it last", async () => {
    const ros = await start(
      `policy:=${policy}`,
      "level:=full",
      "method:=gradient-x-input",
      "values.goal:=[1, 0, 0, 0, 0, 0]",
    );
    await change(ros, "configure");
    expect(ros.lines("error")).toEqual([]);
    await change(ros, "activate");
    expect(await relevance(ros)).toEqual([1, 0, 0, 0, 0, 0]);
    const durabilities = () => ros.subscriptions.get("/values/goal")!.map(({ qos }) => qos.durability);
    expect(durabilities()).toEqual(["volatile"]);
    const latched = { type: "std_msgs/msg/Float64MultiArray", reliability: "reliable", durability: "transient_local" };
    ros.remotePublishers.set("/values/goal", [{ ...latched, node: "/planner" } as Endpoint]);
    await diagnosed(ros);
    expect(durabilities()).toEqual(["volatile", "transient_local"]);
    ros.say("values/goal", message([0, 1, 0, 0, 0, 0]));
    expect(await relevance(ros)).toEqual([0, 1, 0, 0, 0, 0]);
    ros.say("values/goal", message([1]));
    expect(await relevance(ros)).toEqual([0, 1, 0, 0, 0, 0]);
    expect(ros.lines("warn").at(-1)).toBe(
      "/values/goal: values of goal: found 1 values, expected 6 (a, b, c, d, e, f)",
    );
    expect(await set(ros, "values.goal", doubles([0, 0, 1]))).toMatchObject({
      successful: false,
      reason: "values.goal: found 3 values, expected 6 (a, b, c, d, e, f)",
    });
    expect(await set(ros, "values.goal", doubles([0, 0, 1, 0, 0, 0]))).toMatchObject({ successful: true });
    expect(await relevance(ros)).toEqual([0, 0, 1, 0, 0, 0]);
    const { values } = await ros.call("~/get_parameters", { names: ["values.goal"] });
    expect((values as Fields[])[0]).toMatchObject(doubles([0, 0, 1, 0, 0, 0]));
    const { descriptors } = await ros.call("~/describe_parameters", { names: ["values.goal"] });
    expect((descriptors as Fields[])[0]).toMatchObject({
      type: 8,
      description: expect.stringContaining("goal (a, b, c, d, e, f)"),
    });
  });

  test("are waited for where nothing is said; what is for no modality of the policy is refused", async () => {
    const ros = await start(`policy:=${policy}`, "values.gaol:=[1]");
    expect(await change(ros, "configure")).toEqual({ success: false });
    expect(ros.lines("error").at(-1)).toMatch(/values\.gaol.*expected one of values\.goal/);
    await set(ros, "values.gaol", doubles([]));
    expect(await change(ros, "configure")).toEqual({ success: true });
    await change(ros, "activate");
    say(ros);
    expect(explanations(ros)).toEqual([]);
    ros.say("values/goal", message([0, 1, 0, 0, 0, 0]));
    await until(() => explanations(ros).length === 1);
  });

  test("publishers that one of the subscriptions matches are no mismatch, those of another type are", async () => {
    const ros = await start(`policy:=${policy}`);
    await change(ros, "configure");
    await change(ros, "activate");
    const offered = { type: "std_msgs/msg/Float64MultiArray", reliability: "best_effort", durability: "volatile" };
    ros.remotePublishers.set("/values/goal", [{ ...offered, node: "/planner" } as Endpoint]);
    await diagnosed(ros);
    expect(ros.lines("warn")).toEqual([]);
    ros.remotePublishers.set("/values/goal", [{ ...offered, type: "std_msgs/msg/String", node: "/other" } as Endpoint]);
    await diagnosed(ros);
    expect(ros.lines("warn")[0]).toMatch(/\/values\/goal: \/other publishes std_msgs\/msg\/String/);
  });
});

describe("lifecycle", () => {
  test("a configure that cannot be names the cause and leaves the node unconfigured, to be mended", async () => {
    const ros = await start();
    for (const [policy, reason] of [
      ["", /cannot configure: parameter policy: expected the path/],
      ["/nowhere.onnx", /cannot configure: \/nowhere.onnx: cannot read the policy \(no such file\)/],
    ] as const) {
      await set(ros, "policy", value(policy));
      expect(await change(ros, "configure")).toEqual({ success: false });
      expect(ros.lines("error").at(-1)).toMatch(reason);
      expect(await stateOf(ros)).toBe("unconfigured");
    }
    await set(ros, "policy", value(POLICY));
    await set(ros, "heatmap_joint", value("wrist"));
    expect(await change(ros, "configure")).toEqual({ success: false });
    expect(ros.lines("error").at(-1)).toMatch(/wrist.*expected one of shoulder, elbow/);
    expect((await diagnosed(ros)).state).toMatchObject({
      level: 2,
      message: expect.stringMatching(/unconfigured: cannot/),
    });
    await set(ros, "heatmap_joint", value(""));
    await set(ros, "contrast_joint", value("elbow"));
    expect(await change(ros, "configure")).toEqual({ success: false });
    expect(ros.lines("error").at(-1)).toMatch(/contrast of elbow: method dtd does not tell outputs apart/);
    await set(ros, "contrast_joint", value(""));
    expect(await set(ros, "method", value("nonsense"))).toMatchObject({ successful: false });
    await set(ros, "method", value("attention"));
    expect(await change(ros, "configure")).toEqual({ success: false });
    expect(ros.lines("error").at(-1)).toMatch(/attention/);
    await set(ros, "method", value("dtd"));
    expect(await change(ros, "configure")).toEqual({ success: true });
    expect((await diagnosed(ros)).state).toMatchObject({ level: 0, message: "inactive" });
  });

  test("explains while it is active, and only then; all is freed and taken again", async () => {
    const ros = await start(`policy:=${POLICY}`);
    await change(ros, "configure");
    expect(ros.subscriptions.size).toBe(0);
    for (let life = 0; life < 2; life++) {
      await change(ros, "activate");
      const stamp = say(ros);
      await until(() => explanations(ros).length > life);
      expect(explanations(ros)[life]).toMatchObject({
        header: { stamp, frame_id: "eye" },
        method: "dtd",
        modalities: expect.arrayContaining(["image", "joint_position"]),
        torques: [{ joint: "shoulder" }, { joint: "elbow" }],
      });
      await change(ros, "deactivate");
      expect(ros.subscriptions.size).toBe(0);
      say(ros);
    }
    // All that is under way ends with the session.
    await change(ros, "cleanup");
    expect(explanations(ros)).toHaveLength(2);
    expect(ros.publishers.has("/torquelens/explanation")).toBe(false);
    expect(await change(ros, "configure")).toEqual({ success: true });
    expect(await change(ros, "shutdown")).toEqual({ success: true });
    expect(await stateOf(ros)).toBe("finalized");
    await node!.close();
    expect([...ros.publishers, ...ros.services, ...ros.subscriptions]).toEqual([]);
  });
});

test("statuses on /diagnostics have the node's fully qualified name, so that two arms differ", async () => {
  const names: string[][] = [];
  const hardware: string[] = [];
  for (const namespace of ["/left", "/right"]) {
    const ros = await startAs(new FakeRos("torquelens", namespace), `policy:=${POLICY}`);
    await change(ros, "configure");
    await diagnosed(ros);
    const { status } = ros.published.get("/diagnostics")!.at(-1)!;
    names.push((status as { name: string }[]).map(({ name }) => name));
    hardware.push(...new Set((status as { hardware_id: string }[]).map(({ hardware_id }) => hardware_id)));
    await node!.close();
  }
  expect(hardware).toEqual(["/left/torquelens", "/right/torquelens"]);
  const subjects = ["state", "rate", "latency", "inputs", "input faults", "relevance", "policy health", "publishing"];
  expect(names).toEqual(["/left", "/right"].map((of) => subjects.map((subject) => `${of}/torquelens: ${subject}`)));
});

describe("active", () => {
  const active = async (...argv: string[]) => {
    const ros = await start(`policy:=${POLICY}`, ...argv);
    await change(ros, "configure");
    await change(ros, "activate");
    expect(await stateOf(ros), ros.lines("error").join()).toBe("active");
    return ros;
  };
  const explained = async (ros: FakeRos) => {
    const before = explanations(ros).length;
    say(ros);
    await until(() => explanations(ros).length > before);
    return explanations(ros).at(-1)!;
  };

  test("topics are those of the interface, read as sensor data", async () => {
    const ros = await active("use_sim_time:=false");
    expect(Object.fromEntries([...ros.subscriptions].map(([topic, [entry]]) => [topic, entry!.type]))).toEqual({
      "/image": "sensor_msgs/msg/Image",
      "/camera_info": "sensor_msgs/msg/CameraInfo",
      "/joint_states": "sensor_msgs/msg/JointState",
      "/robot_description": "std_msgs/msg/String",
    });
    expect(ros.subscriptions.get("/image")![0]!.qos).toEqual({
      reliability: "best_effort",
      durability: "volatile",
      depth: 1,
    });
    const own = [...ros.publishers.keys()].filter((topic) => /^\/(torquelens\/[^t]|diag)/.test(topic)).sort();
    expect(own).toEqual([
      "/diagnostics",
      "/torquelens/explanation",
      "/torquelens/heatmap",
      "/torquelens/heatmap/camera_info",
      "/torquelens/heatmap/mono16",
      "/torquelens/markers",
      "/torquelens/overlay",
      "/torquelens/overlay/compressed",
      "/torquelens/ratios",
    ]);
  });

  test.each([
    ["false", /^\d/],
    ["true", /^unknown$/],
  ])(
    "diagnostics tell the time from image to publication where the clock shows it: use_sim_time %s",
    async (simulated, age) => {
      const ros = await active(`use_sim_time:=${simulated}`);
      if (simulated === "true") ros.say("/clock", { clock: { sec: Number(ros.time / SECOND), nanosec: 0 } });
      await explained(ros);
      expect((await diagnosed(ros)).latency!["Image to publication p50 (ms)"]).toMatch(age);
    },
  );

  test("an image's memory is given back once it was drawn, and is drawn whole", async () => {
    const ros = await active();
    const drawn = () => ros.published.get("/torquelens/overlay")!;
    await explained(ros);
    await until(() => drawn().length === 1);
    const { image } = task.observe();
    const before = explanations(ros).length;
    say(ros, { image: { data: image } }, image);
    await until(() => explanations(ros).length > before && drawn().length === 2);
    expect(image).toHaveLength(0);
    expect(drawn()[1]!.data).toEqual(drawn()[0]!.data);
  });

  test("nothing is made that nobody reads", async () => {
    const ros = await active();
    for (const [topic, publisher] of ros.publishers) publisher.subscribers = topic.endsWith("/explanation") ? 1 : 0;
    await explained(ros);
    await explained(ros);
    for (const topic of ["heatmap", "overlay", "overlay/compressed", "ratios"])
      expect(ros.published.get(`/torquelens/${topic}`), topic).toEqual([]);
  });

  test("bad input leaves it running, is counted, and is told once with topic and reason", async () => {
    const ros = await active();
    const bad: [what: { image?: object; joints?: object }, warning: RegExp][] = [
      [{ image: { encoding: "yuv9" } }, /\/image: encoding "yuv9", expected one of/],
      [{ image: { width: 0, height: 0, step: 0, data: new Uint8Array(0) } }, /\/image: .*0×0 pixels/],
      [{ image: { data: new Uint8Array(5) } }, /\/image: 5 bytes, expected/],
      [{ image: { width: 1e9, height: 1e9 } }, /\/image: .*pixels, expected 1 to/],
      [{ image: { width: 2, height: 2, step: 6, data: new Uint8Array(12) } }, /\/image: .*2×2/],
      [{ joints: { position: Float64Array.of(Number.NaN, 0) } }, /\/joint_states: position of joint shoulder is NaN/],
      [{ joints: { position: Float64Array.of(1) } }, /\/joint_states: found 1/],
      [{ image: { header: { stamp: { sec: 5000, nanosec: 0 }, frame_id: "" } } }, /\/image: stamped .* after now/],
      [{ image: { header: { stamp: { sec: 1, nanosec: 0 }, frame_id: "" } } }, /\/image: stamped .* before now/],
      [{ image: { header: undefined } }, /\/image: /],
    ];
    for (const [what, warning] of bad) {
      ros.logged.length = 0;
      warningsMs += 10_000;
      for (let i = 0; i < 5; i++) say(ros, what);
      await until(() => ros.logged.some(({ text }) => warning.test(text)));
      await explained(ros);
      const told = ros.lines("warn").filter((line) => warning.test(line));
      expect(told.length, `${warning}`).toBeLessThanOrEqual(1);
    }
    const { inputs } = await diagnosed(ros);
    expect(inputs).toMatchObject({ "/image: encoding": "5", "/image: damaged": "5", "/image: in_future": "5" });
    expect(Number(inputs!["/joint_states: not_a_number"])).toBe(5);
  });

  test("publishers whose messages never come are told of", async () => {
    const ros = await active();
    const camera = { node: "/cam", reliability: "best_effort", durability: "volatile" } as const;
    ros.remotePublishers.set("/image", [{ ...camera, type: "sensor_msgs/msg/CompressedImage" }]);
    const { inputs } = await diagnosed(ros);
    expect(ros.lines("warn")).toContain(
      "/image: /cam publishes sensor_msgs/msg/CompressedImage, expected sensor_msgs/msg/Image",
    );
    expect(inputs!["/image: publishers_that_do_not_match"]).toBe("1");
  });

  test("nodes that publish one camera's topic, or mixed joint states, are named", async () => {
    const ros = await active();
    const from = (node: string, type: string) =>
      ({ node, type: `sensor_msgs/msg/${type}`, reliability: "best_effort", durability: "volatile" }) as const;
    const states = [from("/left/driver", "JointState"), from("/right/driver", "JointState")];
    ros.remotePublishers.set("/joint_states", states);
    await explained(ros);
    // Two nodes may publish different joints.
    expect((await diagnosed(ros)).inputs).toMatchObject({ level: 0 });
    ros.remotePublishers.set("/image", [from("/front", "Image"), from("/rear", "Image"), from("/front", "Image")]);
    await explained(ros);
    const seen = (await diagnosed(ros)).inputs!;
    expect(seen).toMatchObject({ level: 1, "/image: publishers": "/front, /rear" });
    expect(seen.message).toBe("/image: messages of /front, /rear, expected one");
    ros.remotePublishers.delete("/image");
    for (let i = 0; i < 20; i++) {
      say(ros);
      ros.time -= SECOND / 20n - 1_000_000n;
      const position = Float64Array.of(i % 2, 0);
      say(ros, { joints: { position, velocity: Float64Array.of(0.1, 0.1) } });
      ros.time += SECOND / 20n;
    }
    const { inputs } = await diagnosed(ros);
    expect(inputs).toMatchObject({ "/joint_states: publishers": "/left/driver, /right/driver" });
    expect(inputs!.message).toContain("/joint_states: mixed messages of /left/driver, /right/driver, expected one");
    expect(Number(inputs!["/joint_states: mixed with another publisher's"])).toBeGreaterThan(5);
    const warned = ros.lines("warn");
    expect(warned).toContain(
      "/image: published by /front, /rear: taken for images of one camera; stop or remap all but one",
    );
    expect(warned).toContain(
      "/joint_states: published by /left/driver, /right/driver: taken for states of one arm; stop or remap all but one",
    );
    expect(warned.join("\n")).toMatch(/\/joint_states: joint \w+: positions jump to and fro, /);
  });

  test("a camera that freezes while the arm moves is told of, and no longer once it lives again", async () => {
    const ros = await active("level:=shares");
    let ticks = 0;
    /** A moving arm, seen as it is or as a frozen picture; then what the diagnostics say. */
    const moved = async (frozen?: Uint8Array) => {
      for (let i = 0; i < 12; i++) {
        task.step(Float64Array.of(0.2 * Math.cos(ticks++ / 8), 0.1));
        const before = explanations(ros).length;
        say(ros, frozen ? { image: { data: new Uint8Array(frozen) } } : {});
        await until(() => explanations(ros).length > before);
      }
      return (await diagnosed(ros))["input faults"]!;
    };
    const well = { level: 0, message: "no fault in images, joint states and stamps" };
    expect(await moved()).toMatchObject(well);
    const picture = new Uint8Array(task.observe().image);
    const told = await moved(picture);
    expect(told).toMatchObject({
      level: 1,
      message: expect.stringMatching(/^the image stays the same while the arm moves/),
    });
    const found = Number(told["Explanations with frozen"]);
    expect(found).toBeGreaterThan(0);
    expect(Number((await moved())["Explanations with frozen"] ?? 0)).toBeLessThanOrEqual(found);
  });

  test("method, heatmap and looks change while it runs; what does not fit is refused and nothing changes", async () => {
    const ros = await active();
    expect(await ros.call("~/set_method", { data: "lrp-gamma:gamma=0.5" })).toEqual({
      success: true,
      message: "method lrp-gamma:gamma=0.5",
    });
    expect((await explained(ros)).method).toBe("lrp-gamma:gamma=0.5");
    const refused = await ros.call("~/set_method", { data: "lrp-gama" });
    expect(refused).toMatchObject({ success: false, message: expect.stringMatching(/lrp-gama/) });
    expect((await explained(ros)).method).toBe("lrp-gamma:gamma=0.5");

    expect(await ros.call("~/set_torque", { data: "elbow" })).toMatchObject({ success: true });
    expect((await explained(ros)).heatmap_joint).toBe("elbow");
    expect(await ros.call("~/set_torque", { data: "wrist" })).toMatchObject({
      success: false,
      message: expect.stringMatching(/wrist/),
    });
    expect((await explained(ros)).heatmap_joint).toBe("elbow");

    expect(await set(ros, "contrast_joint", value("elbow"))).toMatchObject({
      successful: false,
      reason: expect.stringMatching(/heatmap of joint elbow and contrast of joint elbow: expected one of the two/),
    });
    await set(ros, "heatmap_joint", value(""));
    expect(await set(ros, "contrast_joint", value("shoulder"))).toMatchObject({ successful: true });
    expect(await explained(ros)).toMatchObject({ contrast_joint: "shoulder", heatmap_joint: "" });
    expect(await ros.call("~/set_method", { data: "rap" })).toMatchObject({
      success: false,
      message: expect.stringMatching(/^contrast of shoulder: method rap does not tell outputs apart; /),
    });
    expect(await explained(ros)).toMatchObject({ contrast_joint: "shoulder", method: "lrp-gamma:gamma=0.5" });
    expect(await ros.call("~/set_torque", { data: "elbow" })).toMatchObject({ success: true });
    expect(await explained(ros)).toMatchObject({ contrast_joint: "", heatmap_joint: "elbow" });

    expect(await set(ros, "colormap", value("jet"))).toMatchObject({
      successful: false,
      reason: expect.stringMatching(/colormap: expected .*viridis/),
    });
    expect(await set(ros, "colormap", value("turbo"))).toMatchObject({ successful: true });
    expect(await set(ros, "level", value("shares"))).toMatchObject({ successful: true });
    expect((await explained(ros)).level).toBe(1);
    expect(await set(ros, "policy", value("x.onnx"))).toMatchObject({
      successful: false,
      reason: expect.stringMatching(/only while the node is unconfigured/),
    });
    expect(await set(ros, "profile", value("/nowhere.yaml"))).toMatchObject({
      successful: false,
      reason: expect.stringMatching(/no such file/),
    });
  });

  test("a recording of good runs that is not there keeps the node unconfigured", async () => {
    const ros = await start(`policy:=${POLICY}`, "good_runs:=/nowhere.mcap");
    await change(ros, "configure");
    expect(await stateOf(ros)).toBe("unconfigured");
    expect(ros.lines("error").join()).toMatch(/nowhere\.mcap: cannot read the bag \(no such file\)/);
  });

  test("changes that go together are all made or none", async () => {
    const ros = await active();
    const result = await ros.call("~/set_parameters_atomically", {
      parameters: [
        { name: "level", value: value("skip") },
        { name: "heatmap_joint", value: value("elbow") },
        { name: "method", value: value("nonsense") },
      ],
    });
    expect(result.result).toMatchObject({ successful: false });
    const next = await explained(ros);
    expect([next.level, next.heatmap_joint, next.method]).toEqual([0, "", "dtd"]);
  });

  describe("a second method", () => {
    const compared = (ros: FakeRos, name = "explanation") => ros.published.get(`/torquelens/compare/${name}`) ?? [];
    const both = async (ros: FakeRos) => {
      const before = compared(ros).length;
      const first = await explained(ros);
      await until(() => compared(ros).length > before);
      return [first, compared(ros).at(-1)!] as const;
    };
    /** All but the time that it took. */
    const timeless = ({ latency_ms: _, flags, ...rest }: Fields) => ({
      ...rest,
      flags: (flags as string[]).filter((flag) => flag !== "deadline_missed"),
    });

    test("explains the same ticks with the numbers that it has alone", async () => {
      const ros = await active("compare_method:=gradient", "level:=full", "heatmap_joint:=elbow");
      const [first, second] = await both(ros);
      await until(() => compared(ros, "overlay/compressed").length > 0);
      expect([first.method, second.method]).toEqual(["dtd", "gradient"]);
      expect(second.header).toEqual(first.header);
      expect(second.torques).toMatchObject((first.torques as Fields[]).map(({ joint, torque }) => ({ joint, torque })));
      expect(second.heatmap_joint).toBe("elbow");
      const [heatmap] = compared(ros, "heatmap");
      await node!.close();
      const alone = await active("method:=gradient", "level:=full", "heatmap_joint:=elbow");
      expect(timeless(await explained(alone))).toEqual(timeless(second));
      await until(() => alone.published.get("/torquelens/heatmap")!.length > 0);
      expect(alone.published.get("/torquelens/heatmap")![0]).toEqual(heatmap);
    });

    test("comes and goes while the node runs, with its topics", async () => {
      const ros = await active("level:=full");
      const topics = () => [...ros.publishers.keys()].filter((topic) => topic.includes("/compare/")).sort();
      expect(topics()).toEqual([]);
      expect(await set(ros, "compare_method", value("gradient"))).toMatchObject({ successful: true });
      expect(topics()).toEqual(
        [
          "explanation",
          "heatmap",
          "heatmap/camera_info",
          "heatmap/mono16",
          "overlay",
          "overlay/compressed",
          "ratios",
        ].map((name) => `/torquelens/compare/${name}`),
      );
      expect((await both(ros))[1].method).toBe("gradient");
      expect(await set(ros, "compare_method", value("attention"))).toMatchObject({
        successful: false,
        reason: expect.stringMatching(/attention/),
      });
      expect(await set(ros, "colormap", value("turbo"))).toMatchObject({ successful: true });
      const drawn = compared(ros, "overlay").length;
      expect((await both(ros))[1].method).toBe("gradient");
      await until(() => compared(ros, "overlay").length > drawn);
      const [before, after] = compared(ros, "overlay").slice(-2);
      expect(after!.data).not.toEqual(before!.data);
      expect(await set(ros, "compare_method", value(""))).toMatchObject({ successful: true });
      expect(topics()).toEqual([]);
      await explained(ros);
    });

    test("is refused where the node commands the arm: the next torque would wait for it", async () => {
      const reason = /compare_method: the next torque would wait .* expected empty where publish_torque is true/;
      const ros = await start(`policy:=${POLICY}`, "publish_torque:=true", "compare_method:=gradient");
      expect(await change(ros, "configure")).toEqual({ success: false });
      expect(ros.lines("error").at(-1)).toMatch(reason);
      await set(ros, "compare_method", value(""));
      expect(await change(ros, "configure")).toEqual({ success: true });
      await change(ros, "activate");
      expect(await set(ros, "compare_method", value("gradient"))).toMatchObject({
        successful: false,
        reason: expect.stringMatching(reason),
      });
      await explained(ros);
    });
  });

  test("its methods and joints are parameters that can only be read", async () => {
    const ros = await active();
    const { values } = await ros.call("~/get_parameters", { names: ["methods", "joints"] });
    const [methods, joints] = (values as Fields[]).map((each) => [...(each.string_array_value as string[])]);
    expect(methods).toEqual(expect.arrayContaining(["dtd", "lrp-gamma", "gradient"]));
    expect(joints).toEqual(["shoulder", "elbow"]);
    expect(await set(ros, "joints", { type: 9, string_array_value: ["wrist"] })).toMatchObject({
      successful: false,
      reason: "joints: can only be read",
    });
    await change(ros, "deactivate");
    await change(ros, "cleanup");
    const after = await ros.call("~/get_parameters", { names: ["joints"] });
    expect((after.values as Fields[])[0]!.string_array_value).toEqual([]);
    await expect(start(`policy:=${POLICY}`, "methods:=[dtd]")).rejects.toThrow("-p methods: can only be read");
  });

  test("the model swapped on disk: the one loaded goes on, and it is told", async () => {
    const folder = await mkdtemp(join(tmpdir(), "torquelens-"));
    try {
      const path = join(folder, "reacher.onnx");
      await copyFile(POLICY, path);
      await copyFile(POLICY.replace(".onnx", ".yaml"), join(folder, "reacher.yaml"));
      const urdf = fileURLToPath(new URL("../../../urdf/", import.meta.url));
      await copyFile(join(urdf, "reacher.urdf"), join(folder, "reacher.urdf"));
      const card = POLICY.replace(".onnx", ".yaml");
      const ros = await active(`policy:=${path}`, `card:=${card}`);
      await writeFile(path, "no model at all");
      await diagnosed(ros);
      expect(ros.lines("warn")).toContainEqual(expect.stringContaining(`${path}: the file changed`));
      await explained(ros);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("commands that are no torques are published with kind and unit, and never sent to an effort controller", async () => {
    const folder = await mkdtemp(join(tmpdir(), "torquelens-"));
    try {
      const { torque, arm, ...rest } = parse(await readFile(POLICY.replace(".onnx", ".yaml"), "utf8"));
      const card = join(folder, "positions.yaml");
      const outputs = { [torque.output]: "joint_position" };
      const file = join(dirname(POLICY), arm.file);
      await writeFile(card, stringify({ ...rest, outputs, arm: { ...arm, file } }));
      const ros = await active(`card:=${card}`);
      const { torques, flags } = await explained(ros);
      expect((torques as Fields[]).map(({ kind, unit }) => [kind, unit])).toEqual([
        ["joint_position", "rad"],
        ["joint_position", "rad"],
      ]);
      // α by the Jacobian, which contacts and limits do not change.
      const alpha = (torques as Fields[]).map(({ importance }) => importance as number);
      expect(alpha[0]! + alpha[1]!).toBeCloseTo(2, 5);
      expect(flags).not.toContain("importance_unknown");
      await node?.close();
      const commanding = await start(`policy:=${POLICY}`, `card:=${card}`, "publish_torque:=true");
      expect(await change(commanding, "configure")).toEqual({ success: false });
      expect(commanding.lines("error").join()).toMatch(
        /publish_torque: found true, expected false: the node sends torques, .* commands changes of position/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("torques are off by default", async () => {
    const ros = await active();
    await explained(ros);
    expect(ros.publishers.has("/torquelens/torque_command")).toBe(false);
  });

  test("torques go out before the explanation, within the robot's limits, and zeros where it falls silent", async () => {
    const ros = await active("publish_torque:=true");
    const topic = "/torquelens/torque_command";
    const sent = ros.published.get(topic)!;
    const order: string[] = [];
    const note = (name: string, messages: Fields[]) => {
      const { push } = messages;
      messages.push = (...items) => {
        order.push(name);
        return push.apply(messages, items);
      };
    };
    note("torque", sent);
    note("explanation", explanations(ros));
    const first = await explained(ros);
    expect(order.slice(0, 2)).toEqual(["torque", "explanation"]);
    const commanded = (first.torques as Fields[]).map(({ torque }) => torque as number);
    const data = [...(sent[0]!.data as Float64Array)];
    data.forEach((torque, j) => {
      expect(torque).toBeCloseTo(commanded[j]!, 6);
    });
    const limit = Math.max(...data.map(Math.abs)) / 2;
    ros.say("robot_description", { data: task.robotDescription.replace(/effort="[^"]*"/g, `effort="${limit}"`) });
    // The description is read while explanations go on.
    await until(async () => ((await explained(ros)).flags as string[]).includes("limit_clipped"));
    expect(Math.max(...(sent.at(-1)!.data as Float64Array).map(Math.abs))).toBeCloseTo(limit, 9);
    ros.time += SECOND;
    vi.advanceTimersByTime(1000);
    expect(ros.lines("error")).toContainEqual(expect.stringMatching(/torque_command: the policy has been silent/));
    expect([...(sent.at(-1)!.data as Float64Array)]).toEqual([0, 0]);
    await explained(ros);
    const count = sent.length;
    await change(ros, "deactivate");
    expect(sent.length).toBe(count + 1);
    expect([...(sent.at(-1)!.data as Float64Array)]).toEqual([0, 0]);
  });
});
