import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Parameter } from "@foxglove/ws-protocol";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ExplanationMessage } from "#src/messages/types.js";
import { caller, connectTo, read } from "../../foxglove/live-client.js";
import { ask } from "../../web/ask.js";
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
} from "./node.js";
import { type Fields, Probe } from "./probe.js";
import { output, Program, stopAll, until } from "./process.js";

const TOPIC = EXPLANATION[0];
const READ_ONLY = "this server is read-only: clients may look but change nothing";
const viewer = { policy, viewer: true, viewer_port: 0 };

let probe: Probe;
const scratch = mkdtempSync(join(tmpdir(), "torquelens-viewer-"));
const anyPort = join(scratch, "any-port.yaml");
const cleanUp: (() => unknown)[] = [];
beforeAll(async () => {
  writeFileSync(anyPort, "/**:\n  ros__parameters: {viewer_port: 0}\n");
  probe = await Probe.start();
  await probe.subscribe(...EXPLANATION);
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
  await stopAll();
});
afterAll(async () => {
  await probe.end();
  rmSync(scratch, { recursive: true });
});

/** A camera and an arm, until the end of the test. */
async function scene(): Promise<void> {
  await probe.stream("scene", 20, [joints(), image()]);
  cleanUp.push(() => probe.stop("scene"));
}

/** The address that the log shows. */
const addressOf = async (node: Program): Promise<string> => (await node.printed(/page (http:\S+)/))[1]!;

/** A client by another hand, with the parameters that it was told. */
async function connect(url: string) {
  const client = await connectTo(url.replace(/^http/, "ws"));
  cleanUp.push(() => client.socket.terminate());
  const told = new Map<string, Parameter["value"]>();
  client.client.on("parameterValues", ({ parameters }) => {
    for (const { name, value } of parameters) told.set(name, value);
  });
  await until("services", async () => client.services[0]);
  return { ...client, told, call: caller(client) };
}

const stampOf = ({ header }: Fields): string => `${header.stamp.sec} ${header.stamp.nanosec}`;

describe("the page of the node", () => {
  it.each(["explain.launch.py", "sim.launch.py"])("is served by %s with viewer:=true", async (file) => {
    const args = ["viewer:=true", `policy:=${policy}`, `params_file:=${anyPort}`];
    const launch = new Program("ros2", ["launch", "torquelens", file, ...args]);
    if (file === "explain.launch.py") await scene();
    const url = await addressOf(launch);
    const page = await ask(url, "/");
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const script = /<script[^>]* src="\.?(\/[^"]+)"/.exec(`${page.body}`)![1]!;
    expect((await ask(url, script)).status).toBe(200);
    const session = await ask(url, "/session.json");
    expect(session.status).toBe(200);
    expect(JSON.parse(`${session.body}`)).toMatchObject({ mode: "live", name: "torquelens reacher", readOnly: true });

    const client = await connect(url);
    client.subscribe(TOPIC);
    await until("explanations", async () => client.messages[20], 60);
    const told = client.messages.map((message) => read<ExplanationMessage>(client, TOPIC, message));
    const heard = new Map(
      (await probe.take(TOPIC, { count: 400, timeout: 1 })).map((x) => [stampOf(x.message), x.message]),
    );
    const both = told.filter((message) => message.level < 2 && heard.has(stampOf(message)));
    expect(both.length).toBeGreaterThan(0);
    for (const message of both) {
      const { shares, torques } = heard.get(stampOf(message))!;
      expect([...message.shares]).toEqual(shares);
      expect(message.torques.map(({ joint, torque }) => [joint, torque])).toEqual(
        torques.map(({ joint, torque }: Fields) => [joint, torque]),
      );
    }
    launch.signalGroup("SIGINT");
    expect((await launch.ended()).code).toBe(0);
    expect(launch.output).not.toMatch(/process has died/);
  });

  it("may look but change nothing, unless viewer_read_only is false", async () => {
    const client = await connect(await addressOf(explainNode(viewer)));
    await reaches(probe, "active");
    client.client.setParameters([{ name: "heatmap_joint", value: "elbow" }], "1");
    await until("a refusal", async () => client.statuses[0]);
    expect(client.statuses).toEqual([`setParameters: ${READ_ONLY}`]);
    await expect(client.call("/torquelens/set_torque", { joint: "elbow" })).rejects.toThrow(READ_ONLY);
    await until("the value", async () => (client.told.has("heatmap_joint") ? true : undefined));
    expect(client.told.get("heatmap_joint")).toBe("");
    expect(await parameter(probe, "heatmap_joint")).toBe("");
    // The ROS 2 graph may.
    client.client.subscribeParameterUpdates(["heatmap_joint"]);
    expect(await setParameter(probe, "heatmap_joint", "shoulder")).toBeUndefined();
    await until("the change", async () => (client.told.get("heatmap_joint") === "shoulder" ? true : undefined));
  });

  it("sets torque, method and parameters of the running node with viewer_read_only:=false", async () => {
    const client = await connect(await addressOf(explainNode({ ...viewer, viewer_read_only: false })));
    await reaches(probe, "active");
    await scene();
    const next = async () => {
      await probe.take(TOPIC, { count: 3, fresh: true });
      return probe.next(TOPIC, { fresh: true });
    };
    expect(await client.call("/torquelens/set_torque", { joint: "elbow" })).toEqual({
      success: true,
      message: "heatmaps explain elbow",
    });
    expect(await parameter(probe, "heatmap_joint")).toBe("elbow");
    expect((await next()).heatmap_joint).toBe("elbow");
    expect(await client.call("/torquelens/set_torque", { joint: "wrist" })).toMatchObject({
      success: false,
      message: expect.stringMatching(/wrist.*shoulder/),
    });
    expect(await client.call("/torquelens/set_method", { method: "gradient-x-input" })).toMatchObject({
      success: true,
    });
    expect((await next()).method).toBe("gradient-x-input");
    client.client.setParameters([{ name: "colormap", value: "turbo" }], "1");
    await until("the colormap", async () => ((await parameter(probe, "colormap")) === "turbo" ? true : undefined));
    client.client.setParameters([{ name: "policy", value: "/nowhere.onnx" }], "2");
    await until("a refusal", async () => client.statuses[0]);
    expect(client.statuses[0]).toMatch(/policy: can be changed only while the node is unconfigured/);
    expect(await parameter(probe, "policy")).toBe(policy);
  });

  it("is served from configure to cleanup", async () => {
    const node = explainNode({ ...viewer, autostart: false });
    await reaches(probe, "unconfigured");
    const set = async (transition: string) =>
      expect((await output("ros2", ["lifecycle", "set", "/torquelens", transition])).text).toContain("successful");
    expect(node.output).not.toContain("page ");
    await set("configure");
    const url = await addressOf(node);
    const client = await connect(url);
    await set("activate");
    await set("deactivate");
    expect((await ask(url, "/session.json")).status).toBe(200);
    const closed = once(client.socket, "close");
    await set("cleanup");
    await closed;
    await expect(ask(url, "/session.json")).rejects.toThrow("ECONNREFUSED");
    expect(await setParameter(probe, "viewer", false)).toBeUndefined();
    await set("configure");
    expect(node.output.match(/page http/g)).toHaveLength(1);
  });

  it("ends with the node while somebody looks", async () => {
    const node = explainNode(viewer);
    const client = await connect(await addressOf(node));
    client.subscribe(TOPIC);
    await scene();
    await until("explanations", async () => client.messages[2], 60);
    const closed = once(client.socket, "close");
    node.signal("SIGINT");
    expect((await node.ended()).code).toBe(0);
    await closed;
  });

  it("shows a second method on the same ticks, the robot and the diagnostics", async () => {
    const client = await connect(await addressOf(explainNode({ ...viewer, viewer_read_only: false, level: "full" })));
    await reaches(probe, "active");
    await scene();
    const own = "/torquelens/compare/explanation";
    client.client.setParameters([{ name: "compare_method", value: "gradient" }], "1");
    await until("the method", async () =>
      (await parameter(probe, "compare_method")) === "gradient" ? true : undefined,
    );
    await probe.subscribe(own, EXPLANATION[1]);
    const topicOf = new Map([TOPIC, own, "/diagnostics"].map((topic) => [client.subscribe(topic), topic]));
    const from = (topic: string) =>
      client.messages.filter(({ subscriptionId }) => topicOf.get(subscriptionId) === topic);
    await until("second explanations", async () => from(own)[5] && from("/diagnostics")[0], 60);
    const told = (topic: string) => from(topic).map((message) => read<ExplanationMessage>(client, topic, message));
    const heard = await probe.take(own, { count: 400, timeout: 1 });
    const onGraph = new Map(heard.map(({ message }) => [stampOf(message), message]));
    const seconds = told(own);
    const firsts = new Map(told(TOPIC).map((message) => [stampOf(message), message]));
    expect(new Set(seconds.map(({ method }) => method))).toEqual(new Set(["gradient"]));
    const known = (message: object) => onGraph.has(stampOf(message)) && firsts.has(stampOf(message));
    const both = seconds.filter(known);
    expect(both.length).toBeGreaterThan(0);
    for (const second of both) {
      expect([...second.shares]).toEqual(onGraph.get(stampOf(second))!.shares);
      const first = firsts.get(stampOf(second))!;
      expect(first.method).toBe("dtd");
      expect(second.torques.map(({ torque }) => torque)).toEqual(first.torques.map(({ torque }) => torque));
      expect([...second.shares]).not.toEqual([...first.shares]);
    }
    client.client.setParameters([{ name: "compare_method", value: "" }], "2");
    await until("its topics to close", async () =>
      (await probe.endpoints(own)).publishers.length === 0 ? true : undefined,
    );
    await probe.unsubscribe(own);
  });

  it("is not served where its port is in use: the node logs an error, and explains", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    cleanUp.push(() => holder.close());
    const { port } = holder.address() as { port: number };
    const node = explainNode({ ...viewer, viewer_port: port });
    await node.printed(
      new RegExp(
        `\\[ERROR\\].*viewer: page port ${port} on 127\\.0\\.0\\.1 is in use: .*; the node explains without it ` +
          "\\(parameters viewer_port, viewer_host\\)",
      ),
    );
    await reaches(probe, "active");
    await scene();
    expect((await probe.next(TOPIC, { fresh: true })).shares).not.toHaveLength(0);
    expect(await lifecycle(probe)).toBe("active");
  });
});
