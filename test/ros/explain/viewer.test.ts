import { once } from "node:events";
import { createServer } from "node:http";
import wsProtocol, { type Channel, type Parameter } from "@foxglove/ws-protocol";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { Warnings } from "#src/health/warnings.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { Parameters } from "#src/parameters/parameters.js";
import { Viewer } from "#src/ros/explain/viewer.js";
import { EXPLAIN_PARAMETERS } from "#src/ros/parameters/explain-parameters.js";
import { connectTo, read, roundTrip } from "../../foxglove/live-client.js";
import { sampleExplanation } from "../../messages/sample.js";
import { until } from "../../until.js";
import { ask } from "../../web/ask.js";
import { FakeRos } from "../fake-ros.js";

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

async function open(given: Readonly<Record<string, string | number | boolean>>) {
  const ros = new FakeRos();
  const parameters = new Parameters(EXPLAIN_PARAMETERS, new Map(Object.entries(given)));
  const warnings = new Warnings({ warn: (line) => ros.log("warn", line), now: () => performance.now() });
  const encoder = new ChannelEncoder({ jointElements: {}, isOfNode: true });
  const compared = new ChannelEncoder({ isCompared: true });
  const viewer = await Viewer.open({ ros, parameters, warnings }, { encoder, compared, name: "torquelens reacher" });
  cleanUp.push(() => viewer?.close());
  const url = /page (\S+)/.exec(ros.lines("info").join("\n"))?.[1];
  return { ros, parameters, encoder, viewer, url };
}

/** A client by another hand, with the channels and parameters that it was told. */
async function connect(url: string) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [wsProtocol.FoxgloveClient.SUPPORTED_SUBPROTOCOL]);
  cleanUp.push(() => socket.terminate());
  const ws = socket as unknown as ConstructorParameters<typeof wsProtocol.FoxgloveClient>[0]["ws"];
  const client = new wsProtocol.FoxgloveClient({ ws });
  const topics: number[] = [];
  const told = new Map<string, Parameter["value"]>();
  const statuses: string[] = [];
  client.on("message", ({ subscriptionId }) => topics.push(subscriptionId));
  client.on("status", ({ message }) => statuses.push(message));
  client.on("parameterValues", ({ parameters }) => {
    for (const { name, value } of parameters) told.set(name, value);
  });
  const channels = await new Promise<Channel[]>((resolve) => client.on("advertise", resolve));
  return { socket, client, channels, topics, told, statuses };
}

describe("the node's viewer", () => {
  it("is off unless the parameter asks for it", async () => {
    const { viewer, ros } = await open({});
    expect([viewer, ros.lines("info")]).toEqual([undefined, []]);
  });

  it("serves the session and the explanations on one port", async () => {
    const { viewer, url } = await open({ viewer: true, viewer_port: 0 });
    expect(JSON.parse(`${(await ask(url!, "/session.json")).body}`)).toMatchObject({
      mode: "live",
      name: "torquelens reacher",
      readOnly: true,
    });
    const { socket, client, channels, topics } = await connect(url!);
    const subscription = client.subscribe(channels.find(({ topic }) => topic === "/torquelens/ratios")!.id);
    socket.ping();
    await once(socket, "pong");
    viewer!.write(sampleExplanation(0));
    await until(() => topics.length > 0);
    expect(topics).toEqual([subscription]);
    const closed = once(socket, "close");
    await viewer!.close();
    await closed;
    expect(() => viewer!.write(sampleExplanation(1))).not.toThrow();
  });

  it("sends what comes apart from explanations to those who are there and those who come", async () => {
    const { viewer, encoder, url } = await open({ viewer: true, viewer_port: 0 });
    const topics = ["/robot_description", "/diagnostics"];
    const report = (message: string) => ({
      header: { stamp: { sec: 7, nanosec: 0 }, frame_id: "" },
      status: [{ level: 1, name: "/torquelens: rate", message, hardware_id: "arm", values: [] }],
    });
    const there = await connectTo(url!.replace(/^http/, "ws"));
    cleanUp.push(() => there.socket.terminate());
    for (const topic of topics) there.subscribe(topic);
    await roundTrip(there);
    const texts = (client: typeof there) =>
      client.messages.map((sent) => {
        const topic = topics[sent.subscriptionId]!;
        const message = read<{ data: string; status: { message: string }[] }>(client, topic, sent);
        return topic === topics[0] ? message.data : message.status[0]!.message;
      });
    encoder.setRobot('<robot name="r"><link name="base"/></robot>');
    viewer!.robotChanged();
    encoder.setReport(report("slow"));
    viewer!.reportChanged();
    await until(() => there.messages.length === 2);
    encoder.setReport(report("slower"));
    viewer!.reportChanged();
    await until(() => there.messages.length === 3);
    expect(texts(there)).toEqual(['<robot name="r"><link name="base"/></robot>', "slow", "slower"]);
    const comes = await connectTo(url!.replace(/^http/, "ws"));
    cleanUp.push(() => comes.socket.terminate());
    for (const topic of topics) comes.subscribe(topic);
    await until(() => comes.messages.length === 2);
    expect(texts(comes)).toEqual(['<robot name="r"><link name="base"/></robot>', "slower"]);
  });

  it("sends the second explanation of a tick on topics of its own", async () => {
    const { viewer, url } = await open({ viewer: true, viewer_port: 0 });
    const client = await connectTo(url!.replace(/^http/, "ws"));
    cleanUp.push(() => client.socket.terminate());
    const [first, second] = ["/torquelens/explanation", "/torquelens/compare/explanation"].map(client.subscribe);
    await roundTrip(client);
    viewer!.write({ ...sampleExplanation(3), method: "dtd" });
    viewer!.writeCompared({ ...sampleExplanation(3), method: "gradient" });
    await until(() => client.messages.length === 2);
    const methods = client.messages.map((message) => {
      const { method } = read<{ method: string }>(client, "/torquelens/explanation", message);
      return [message.subscriptionId, method];
    });
    expect(methods).toEqual([
      [first, "dtd"],
      [second, "gradient"],
    ]);
  });

  it("shows the parameters, and changes none unless viewer_read_only is false", async () => {
    for (const isReadOnly of [true, false]) {
      const given = { viewer: true, viewer_port: 0, viewer_read_only: isReadOnly };
      const { parameters, url } = await open(given);
      const { client, told, statuses } = await connect(url!);
      client.getParameters(["opacity"]);
      await until(() => told.has("opacity"));
      expect(told.get("opacity")).toBe(parameters.get("opacity"));
      client.setParameters([{ name: "opacity", value: 0.25 }], "set");
      await until(() => (isReadOnly ? statuses.length > 0 : parameters.get("opacity") === 0.25));
      expect(parameters.get("opacity")).toBe(isReadOnly ? EXPLAIN_PARAMETERS.opacity.default : 0.25);
    }
  });

  it("needs a token beyond this machine, which the log shows", async () => {
    const { url } = await open({ viewer: true, viewer_port: 0, viewer_host: "0.0.0.0" });
    expect(url).toMatch(/\/\?token=[\w-]{22}$/);
    expect((await ask(url!, "/session.json")).status).toBe(401);
    const given = { viewer: true, viewer_port: 0, viewer_host: "0.0.0.0", viewer_token: "robot-seven" };
    expect((await open(given)).url).toMatch(/\/\?token=robot-seven$/);
  });

  it("says that its port is in use, and the node goes on without it", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    cleanUp.push(() => holder.close());
    const { port } = holder.address() as { port: number };
    const { viewer, ros } = await open({ viewer: true, viewer_port: port });
    expect(viewer).toBeUndefined();
    expect(ros.lines("error")).toEqual([
      `viewer: page port ${port} on 127.0.0.1 is in use: choose another port or stop the program that uses it;` +
        " the node explains without it (parameters viewer_port, viewer_host)",
    ]);
  });
});
