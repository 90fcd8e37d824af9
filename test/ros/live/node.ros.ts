import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import {
  EXPLANATION,
  explainNode,
  image,
  joints,
  lifecycle,
  parameter,
  policy,
  reaches,
  setParameter,
  share,
  start,
} from "./node.js";
import { Probe } from "./probe.js";
import { output, Program, stopAll, until } from "./process.js";

let probe: Probe;
const scratch = mkdtempSync(join(tmpdir(), "torquelens-ros-"));
beforeAll(async () => {
  probe = await Probe.start();
});
afterEach(stopAll);
afterAll(async () => {
  await probe.end();
  rmSync(scratch, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
}

/** Parameters by their full names, which `ros2 param dump` nests. */
const dotted = (tree: object, prefix = ""): Record<string, unknown> =>
  Object.assign(
    {},
    ...Object.entries(tree).map(([key, value]) =>
      value?.constructor === Object ? dotted(value, `${prefix}${key}.`) : { [prefix + key]: value },
    ),
  );

describe("parameters", () => {
  const NAMED = "/cell/eye";
  const remapped = ["-r", "__node:=eye", "-r", "__ns:=/cell"];

  it.each(["/**", "/cell/eye", "cell/eye", "/cell/*", "/*/eye", "eye"])("are taken under the key %s", async (key) => {
    const params = file("params.yaml", `"${key}":\n  ros__parameters:\n    jpeg_quality: 33\n    autostart: false\n`);
    start("explain_node", ["--ros-args", ...remapped, "--params-file", params]);
    await reaches(probe, "unconfigured", NAMED);
    expect(await parameter(probe, "jpeg_quality", NAMED)).toBe(33);
  });

  it("are taken from -p, bare and with the node's name", async () => {
    const given = ["-p", "jpeg_quality:=34", "-p", "eye:colormap:=turbo", "-p", "autostart:=false"];
    start("explain_node", ["--ros-args", ...remapped, ...given]);
    await reaches(probe, "unconfigured", NAMED);
    expect(await parameter(probe, "jpeg_quality", NAMED)).toBe(34);
    expect(await parameter(probe, "colormap", NAMED)).toBe("turbo");
  });

  it("of other nodes are left alone; unknown ones are named", async () => {
    const params = file(
      "other.yaml",
      "/**:\n  ros__parameters: {autostart: false, jpeg_qualty: 3}\n/other:\n  ros__parameters: {jpeg_quality: 2}\n",
    );
    const node = start("explain_node", ["--ros-args", "--params-file", params]);
    await reaches(probe, "unconfigured");
    expect(await parameter(probe, "jpeg_quality")).toBe(90);
    await node.printed(/jpeg_qualty/);
  });

  it("are taken from launch arguments and files, under a namespace", async () => {
    const params = file("launch.yaml", "/**:\n  ros__parameters: {jpeg_quality: 35, use_sim_time: true}\n");
    const args = [`params_file:=${params}`, "namespace:=cell", "autostart:=false", `policy:=${policy}`];
    new Program("ros2", [
      "launch",
      "torquelens",
      "explain.launch.py",
      ...args,
      "image:=/cam/color",
      "joint_states:=/js",
    ]);
    await reaches(probe, "unconfigured", "/cell/torquelens");
    expect(await parameter(probe, "jpeg_quality", "/cell/torquelens")).toBe(35);
    expect(await parameter(probe, "use_sim_time", "/cell/torquelens")).toBe(true);
    expect(await parameter(probe, "policy", "/cell/torquelens")).toBe(policy);
    const set = await output("ros2", ["lifecycle", "set", "/cell/torquelens", "configure"]);
    expect(set.text).toContain("Transitioning successful");
    await output("ros2", ["lifecycle", "set", "/cell/torquelens", "activate"]);
    const nodes = async (topic: string) => (await probe.endpoints(topic)).subscriptions.map(({ node }) => node);
    expect(await nodes("/cam/color")).toEqual(["/cell/torquelens"]);
    expect(await nodes("/js")).toEqual(["/cell/torquelens"]);
  });

  it.each([
    ["explain_node", "torquelens", ["-p", "autostart:=false"]],
    ["sim_node", "torquelens_sim", ["-p", "paused:=true"]],
  ])("of the example file are loaded by %s, and are the defaults, every one", async (executable, name, more) => {
    const path = join(share, "launch/params.yaml");
    const written = parse(readFileSync(path, "utf8"))[name].ros__parameters;
    const dump = async (...args: string[]) => {
      const node = start(executable, ["--ros-args", ...args, ...more]);
      await until(`${name}`, async () => ((await probe.nodes()).includes(`/${name}`) ? true : undefined));
      const { text } = await output("ros2", ["param", "dump", `/${name}`]);
      expect(node.output).not.toMatch(/warn/i);
      await stopAll();
      return dotted(parse(text)[`/${name}`].ros__parameters);
    };
    const loaded = await dump("--params-file", path);
    expect(loaded).toEqual(await dump());
    expect({ ...loaded, autostart: true, paused: false }).toMatchObject(written);
  });

  it.each([
    ["viewer", ["boolean", "serves the page", "while the node is unconfigured"]],
    ["viewer_port", ["integer", "Min value: 0", "Max value: 65535", "any free one"]],
    ["viewer_host", ["string", "0.0.0.0: every network", "while the node is unconfigured"]],
    ["viewer_token", ["string", "random"]],
    ["viewer_read_only", ["boolean", "may look, but change nothing"]],
    ["diagnostics.drops_warn", ["double", "Max value: 1.0"]],
    ["colormap", ["string", "One of: "]],
  ])("%s is described", async (name, texts) => {
    explainNode({ autostart: false });
    await reaches(probe, "unconfigured");
    const { code, text } = await output("ros2", ["param", "describe", "/torquelens", name]);
    expect([code, text]).toEqual([0, expect.stringContaining(`Parameter name: ${name}\n`)]);
    for (const expected of texts) expect(text).toContain(expected);
  });

  it("refuse a value of a wrong type or range at start, naming file and parameter", async () => {
    const params = file("wrong.yaml", "/**:\n  ros__parameters: {jpeg_quality: 400}\n");
    const node = start("explain_node", ["--ros-args", "--params-file", params]);
    expect((await node.ended()).code).toBe(2);
    expect(node.output).toMatch(/wrong\.yaml.*jpeg_quality.*100.*400/);
  });

  it("change while it runs, and are refused with a reason", async () => {
    explainNode();
    await reaches(probe, "active");
    expect(await setParameter(probe, "colormap", "viridis")).toBeUndefined();
    expect(await setParameter(probe, "colormap", "rainbow")).toMatch(/colormap.*viridis/);
    expect(await setParameter(probe, "jpeg_quality", 1000)).toMatch(/jpeg_quality.*100/);
    expect(await setParameter(probe, "jpeg_quality", "high")).toMatch(/jpeg_quality/);
    expect(await setParameter(probe, "policy", "other.onnx")).toMatch(/policy/);
    expect(await setParameter(probe, "no_such", 1)).toMatch(/no_such/);
    expect(await setParameter(probe, "method", "lrp-epsilon")).toBeUndefined();
    expect(await setParameter(probe, "method", "no-such")).toMatch(/no-such/);
    expect(await parameter(probe, "method")).toBe("lrp-epsilon");
    expect(await parameter(probe, "colormap")).toBe("viridis");
  });
});

describe("values that no sensor gives", () => {
  const VALUES = "std_msgs/msg/Float64MultiArray";
  const array = (data: readonly number[]) => ({ layout: { dim: [], data_offset: 0 }, data });

  /** The shipped policy, its end effector's state read as a goal. */
  function goalPolicy(): string {
    const path = file("goal.onnx", "");
    copyFileSync(policy, path);
    const card = parse(readFileSync(policy.replace(/onnx$/, "yaml"), "utf8"));
    const slices: { modality: string; start: number; size?: number; elements?: string[] }[] = card.inputs.configuration;
    const rest = slices.filter(({ modality }) => modality.startsWith("end_effector"));
    const start = Math.min(...rest.map((slice) => slice.start));
    const elements = ["a", "b", "c", "d", "e", "f"];
    card.inputs.configuration = [
      ...slices.filter((slice) => !rest.includes(slice)),
      { modality: "goal", start, elements },
    ];
    delete card.reference;
    card.arm = undefined;
    file("goal.yaml", stringify(card));
    return path;
  }

  it("come latched and volatile, and by ros2 param, and hold until another is said", async () => {
    await probe.subscribe(...EXPLANATION);
    const latched = { reliability: "reliable", durability: "transient_local", depth: 1 } as const;
    await probe.publish({ topic: "/values/goal", type: VALUES, message: array([1, 0, 0, 0, 0, 0]), qos: latched });
    const node = explainNode({ policy: goalPolicy(), level: "full", method: "gradient-x-input" });
    await reaches(probe, "active");
    await probe.stream("scene", 20, [joints(), image()]);
    try {
      const goal = async () => {
        await probe.take(EXPLANATION[0], { count: 3, fresh: true });
        const { modalities, element_offsets, relevance } = await probe.next(EXPLANATION[0], { fresh: true });
        const m = modalities.indexOf("goal");
        return relevance.slice(element_offsets[m], element_offsets[m + 1]).map((r: number) => Number(r !== 0));
      };
      expect(await goal()).toEqual([1, 0, 0, 0, 0, 0]);
      await probe.unpublish("/values/goal", VALUES);
      await probe.publish({ topic: "/values/goal", type: VALUES, message: array([0, 0, 0, 0, 0, 0]) });
      await probe.stream("goal", 5, [
        {
          topic: "/values/goal",
          type: VALUES,
          message: array([0, 1, 0, 0, 0, 0]),
          qos: { reliability: "best_effort" },
        },
      ]);
      await until("the goal that is said again and again", async () => ((await goal())[1] === 1 ? true : undefined));
      await probe.stop("goal");
      const set = (text: string) => output("ros2", ["param", "set", "/torquelens", "values.goal", text]);
      expect((await set("[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]")).text).toContain("successful");
      expect(await goal()).toEqual([0, 0, 1, 0, 0, 0]);
      expect((await set("[1.0]")).text).toMatch(/expected 6 \(a, b, c, d, e, f\)/);
      expect((await output("ros2", ["param", "get", "/torquelens", "values.goal"])).text).toMatch(/0\.0, 0\.0, 1\.0/);
      expect(await goal()).toEqual([0, 0, 1, 0, 0, 0]);
      expect(node.output).not.toMatch(/no match/);
    } finally {
      await probe.stop("scene");
    }
  });
});

describe("services", () => {
  beforeAll(async () => {
    await probe.subscribe(...EXPLANATION);
  });

  it("set method and torque while it explains, and say why not", async () => {
    explainNode();
    await reaches(probe, "active");
    await probe.stream("scene", 20, [joints(), image()]);
    try {
      expect((await probe.next(EXPLANATION[0], { fresh: true })).method).toBe("dtd");
      const method = (name: string) =>
        probe.call("/torquelens/set_method", "torquelens/srv/SetMethod", { method: name });
      expect(await method("gradient-x-input")).toMatchObject({ success: true });
      await probe.take(EXPLANATION[0], { count: 3, fresh: true });
      expect((await probe.next(EXPLANATION[0], { fresh: true })).method).toBe("gradient-x-input");
      expect(await method("no-such-method")).toMatchObject({
        success: false,
        message: expect.stringContaining("no-such"),
      });
      expect((await probe.next(EXPLANATION[0], { fresh: true })).method).toBe("gradient-x-input");

      const torque = (joint: string) => probe.call("/torquelens/set_torque", "torquelens/srv/SetTorque", { joint });
      expect(await torque("elbow")).toMatchObject({ success: true });
      await probe.take(EXPLANATION[0], { count: 3, fresh: true });
      expect((await probe.next(EXPLANATION[0], { fresh: true })).heatmap_joint).toBe("elbow");
      expect(await parameter(probe, "heatmap_joint")).toBe("elbow");
      expect(await torque("wrist")).toMatchObject({
        success: false,
        message: expect.stringMatching(/wrist.*shoulder/),
      });
      expect(await torque("")).toMatchObject({ success: true });
      await probe.take(EXPLANATION[0], { count: 3, fresh: true });
      expect((await probe.next(EXPLANATION[0], { fresh: true })).heatmap_joint).toBe("");
    } finally {
      await probe.stop("scene");
    }
  });
});

describe("the lifecycle", () => {
  const set = (transition: string) => output("ros2", ["lifecycle", "set", "/torquelens", transition]);

  it("goes through every state by ros2 lifecycle, twice", async () => {
    explainNode({ policy, autostart: false });
    await reaches(probe, "unconfigured");
    for (const [transition, state] of [
      ["configure", "inactive"],
      ["activate", "active"],
      ["deactivate", "inactive"],
      ["cleanup", "unconfigured"],
      ["configure", "inactive"],
      ["activate", "active"],
    ] as const) {
      expect((await set(transition)).text).toContain("Transitioning successful");
      expect(await lifecycle(probe)).toBe(state);
    }
    const { text } = await output("ros2", ["lifecycle", "list", "/torquelens"]);
    expect(text).toContain("deactivate");
    expect((await set("shutdown")).text).toContain("Transitioning successful");
    expect(await lifecycle(probe)).toBe("finalized");
  });

  it("stays unconfigured where configure fails, with the cause, and mends", async () => {
    const node = explainNode({ policy: "/nowhere/policy.onnx", autostart: false });
    await reaches(probe, "unconfigured");
    expect((await set("configure")).text).toContain("Transitioning failed");
    expect(await lifecycle(probe)).toBe("unconfigured");
    await node.printed(/\/nowhere\/policy\.onnx/);
    expect(await setParameter(probe, "policy", policy)).toBeUndefined();
    expect((await set("configure")).text).toContain("Transitioning successful");
  });

  it("subscribes and publishes only while active", async () => {
    explainNode({ policy, autostart: false });
    await reaches(probe, "unconfigured");
    const listens = async () => (await probe.endpoints("/image")).subscriptions.length;
    await set("configure");
    expect(await listens()).toBe(0);
    await set("activate");
    expect(await listens()).toBe(1);
    await set("deactivate");
    expect(await listens()).toBe(0);
  });
});

describe("shutdown", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("by %s ends an active node with 0 within a second", async (signal) => {
    const node = explainNode();
    await reaches(probe, "active");
    await probe.stream("scene", 20, [joints(), image()]);
    try {
      await probe.take(EXPLANATION[0], { count: 3, fresh: true });
      node.signal(signal);
      node.signal(signal);
      const { code, signal: killed, afterSignalMs } = await node.ended();
      expect([code, killed]).toEqual([0, null]);
      expect(afterSignalMs).toBeLessThan(1000);
    } finally {
      await probe.stop("scene");
    }
  });

  it.each(["unconfigured", "starting"])("by SIGINT ends a node that is %s", async (when) => {
    const node = explainNode({ policy, autostart: when === "starting" });
    if (when === "unconfigured") await reaches(probe, when);
    else await node.printed(/./);
    node.signal("SIGINT");
    const { code, afterSignalMs } = await node.ended();
    expect(code).toBe(0);
    expect(afterSignalMs).toBeLessThan(1000);
  });

  it.each(["SIGINT", "SIGTERM"] as const)("by %s ends the simulator with 0 within a second", async (signal) => {
    const sim = start("sim_node");
    await sim.printed(/simulates reacher/);
    sim.signal(signal);
    const { code, afterSignalMs } = await sim.ended();
    expect(code).toBe(0);
    expect(afterSignalMs).toBeLessThan(1000);
  });

  it("is told of wrong arguments in one line, exit code 2", async () => {
    const node = start("explain_node", ["--ros-args", "--params-file", "/nowhere.yaml"]);
    expect((await node.ended()).code).toBe(2);
    expect(node.output.trim()).toMatch(/\/nowhere\.yaml/);
  });
});
